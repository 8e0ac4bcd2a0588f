// A model page's widget: its modules are fetched at once, and it starts after the first paint, which has what the author wrote.
requestAnimationFrame(() => setTimeout(() => import("./model-widget.js")));

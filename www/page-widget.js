// A model page's widget: its modules are fetched at once, and it starts after the first paint, which has what the author wrote.
const start = () => import("./model-widget.js");
new PerformanceObserver(start).observe({ type: "paint", buffered: true });
// Some browsers tell of no paint, and none does of a page that nobody sees yet.
setTimeout(start, 2000);

// A page with one widget. Its address ends with `#{ model, dtype }`.
import "/dist/model-widget.js";

const widget = document.createElement("model-widget");
const attributes = { ...JSON.parse(decodeURIComponent(location.hash.slice(1))), endpoint: location.origin, task: "feature-extraction" };
for (const [name, value] of Object.entries(attributes)) widget.setAttribute(name, value);
document.body.append(widget);

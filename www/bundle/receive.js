// Takes the files that a bundle's page gives its worker.
import { give, replaceWorkers } from "./files.js";

addEventListener("message", (event) => {
  if (!event.data?.bundle) return;
  // No one else is meant by it.
  event.stopImmediatePropagation();
  give(new Map(event.data.bundle.map(([path, blob]) => [path, async () => blob])));
});
// Workers beside it are this script again, and fetch nothing.
replaceWorkers(self.location.href, () => {});

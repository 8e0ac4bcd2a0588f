// How a page is hosted: files that are missing, policies, isolation, and the script on another origin.

import { property, run, shownText } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { startSite } from "./site.mjs";

const TINY = "vitrine/tiny-sentiment";
const TEXT = "I like this very much";

/** The output, or an error. */
async function output(page) {
  const { output, error } = await run(page, TEXT);
  assert(output, () => `${error.code}: ${error.message}`);
  return output;
}

/** Expects a page on which nothing can run to say so: the run's code is one of these, and it is shown. */
async function expectFailure(t, options, codes, shown = true) {
  const page = await t.open({ model: TINY }, { allow: [/./], ...options });
  const { error } = await run(page, TEXT);
  assert(codes.includes(error?.code) && error.message, () => `the run: ${JSON.stringify(error)}`);
  assertEqual((await property(page, "error"))?.code, error.code, "the element's error");
  assertEqual(await property(page, "readyState"), "error", "the element's state");
  if (shown) assert((await shownText(page)).includes(error.message.split("`")[0].trim()), "it is not shown");
  return page;
}

export const tests = [
  {
    name: "a page whose files are missing says so",
    async run(t) {
      for (const path of ["/worker.js", "/worker-relaxed/worker.js", "/worker-relaxed/worker_bg.wasm"]) {
        const site = t.keep(await startSite({ missing: [path] }));
        await expectFailure(t, { site }, ["unsupported-browser", "internal", "network"]);
      }
      for (const path of ["/element/element_bg.wasm"]) {
        const site = t.keep(await startSite({ missing: [path] }));
        await expectFailure(t, { site }, ["unsupported-browser", "internal", "network"], false);
      }
    },
  },
  {
    name: "a policy without WebAssembly is told of, the README's policy is enough",
    async run(t) {
      const policy = (script) => ({
        "content-security-policy": `default-src 'self'; script-src 'self' ${script}; img-src data:; ` +
          `connect-src 'self' ${t.hub.endpoint} ${t.hub.cdn}`,
      });
      const closed = t.keep(await startSite({ headers: policy("") }));
      const page = await expectFailure(t, { site: closed, defined: false }, ["unsupported-browser"], false);
      assert(/WebAssembly|wasm|policy/i.test((await property(page, "error")).message), "the message does not name the cause");
      const open = t.keep(await startSite({ headers: policy("'wasm-unsafe-eval'") }));
      assert((await output(await t.open({ model: TINY }, { site: open }))).length === 2, "under the README's policy");
    },
  },
  {
    name: "a page of another origin, and one that is isolated, can use the script",
    async run(t) {
      const isolated = t.keep(await startSite({
        headers: { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
      }));
      assert((await output(await t.open({ model: TINY }, { site: isolated }))).length === 2, "an isolated page");
      const script = t.keep(await startSite({ cors: true }));
      const page = await (await t.visitor()).visit(t.site.origin + t.site.page(
        `<!DOCTYPE html><title>x</title><script type="module" src="${script.origin}/model-widget.js"></script>
         <model-widget model="${TINY}" endpoint="${t.hub.endpoint}"></model-widget>`), { defined: true });
      assert((await output(page)).length === 2, "a page of another origin");
    },
  },
];

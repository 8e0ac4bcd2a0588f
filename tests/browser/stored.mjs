// What a page's origin keeps of models, wherever the browser keeps it: listed, read and damaged by tests.

/** Entries whose key matches, as `[key, bytes]`, by key; numbers in keys count as such. */
export async function entries(page, pattern) {
  const found = await page.evaluate(visit, { pattern });
  return found.sort(([one], [other]) => one.localeCompare(other, "en", { numeric: true }));
}

/** Changes an entry: `how` is the source of a function of its bytes that answers others, or null to delete it. */
export const damage = (page, key, how) => page.evaluate(visit, { key, how });

/** Keys of all entries, what the Cache API keeps with them, and contents of less than 2 MB, as one text. */
export const texts = (page) => page.evaluate(visit, { pattern: "", texts: true });

/** Halves the bytes of the entries of a file with this name; answers how many are left. */
export const truncate = (page, file) =>
  page.evaluate(async (file) => {
    const top = await (await navigator.storage.getDirectory()).getDirectoryHandle("vitrine-1");
    const [name] = (await Array.fromAsync(top.keys())).filter((name) => name.endsWith(file));
    const data = await (await top.getDirectoryHandle(name)).getFileHandle("data");
    const half = (await data.getFile()).size >> 1;
    const writable = await data.createWritable({ keepExistingData: true });
    await writable.truncate(half);
    await writable.close();
    return half;
  }, file);

/** Has a worker of the page open the bytes of the entries of a file with this name, until the page is closed. */
export const hold = (page, file) =>
  page.evaluate(async (file) => {
    const work = async (file) => {
      const top = await (await navigator.storage.getDirectory()).getDirectoryHandle("vitrine-1");
      const [name] = (await Array.fromAsync(top.keys())).filter((name) => name.endsWith(file));
      const data = await (await top.getDirectoryHandle(name)).getFileHandle("data");
      for (;;) {
        try {
          self.held = await data.createSyncAccessHandle();
          return postMessage("held");
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const script = new Blob([`(${work})(${JSON.stringify(file)})`], { type: "text/javascript" });
    window.holding = new Worker(URL.createObjectURL(script));
    await new Promise((resolve) => (window.holding.onmessage = resolve));
  }, file);

/** In the page: goes through the Cache API, and through folders of the file system as crate `browser` lays them out. */
async function visit({ pattern, key, how, texts }) {
  const found = [];
  const take = async (name, read, write, remove) => {
    if (key === undefined) {
      if (!new RegExp(pattern).test(name)) return;
      const bytes = await read();
      found.push(texts ? [name, bytes.length < 2e6 ? new TextDecoder("latin1").decode(bytes) : ""] : [name, bytes.length]);
    } else if (key === name) {
      await (how ? write(new Function("bytes", how)(await read())) : remove());
    }
  };
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const { url, headers } of await cache.keys()) {
      if (texts) found.push([url, JSON.stringify([...headers]), JSON.stringify([...(await cache.match(url)).headers])]);
      await take(
        url.replace("https://vitrine.invalid/", ""),
        async () => new Uint8Array(await (await cache.match(url)).arrayBuffer()),
        (bytes) => cache.put(url, new Response(bytes)),
        () => cache.delete(url),
      );
    }
  }
  // A worker has a file open for a little longer than it uses it.
  const closed = async (open) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        return await open();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    return open();
  };
  const root = await navigator.storage.getDirectory();
  for (const top of await Array.fromAsync(root.values())) {
    for (const folder of await Array.fromAsync(top.values())) {
      const files = await Array.fromAsync(folder.keys());
      const file = files.length && await folder.getFileHandle("data", { create: true });
      for (const name of files.filter((name) => name !== "data")) {
        const [entry, position, length] = name.split(" ");
        await take(
          `${folder.name.replaceAll(" ", "/")}/${entry}`,
          async () => new Uint8Array(await (await file.getFile()).slice(Number(position), Number(position) + Number(length)).arrayBuffer()),
          async (bytes) => {
            const data = await closed(() => file.createWritable({ keepExistingData: true }));
            await data.write({ type: "write", position: Number(position), data: bytes });
            await data.close();
            if (bytes.length === Number(length)) return;
            await folder.getFileHandle(`${entry} ${position} ${bytes.length}`, { create: true });
            await folder.removeEntry(name);
          },
          () => folder.removeEntry(name),
        );
      }
    }
  }
  return texts ? found.flat().join("\n") : found;
}

// Reads a file of the origin private file system as fast as it can, a mebibyte at a time; `#write=BYTES` as its name writes it.

const PIECE = 1 << 20;

const folder = await navigator.storage.getDirectory();
const file = await (await folder.getFileHandle("read", { create: true })).createSyncAccessHandle();
const writes = /write=(\d+)/.exec(self.name);
const piece = new Uint8Array(PIECE);
if (writes) {
  for (let at = 0; at < PIECE; at += 65536) crypto.getRandomValues(piece.subarray(at, at + 65536));
  for (let at = 0; at < Number(writes[1]); at += PIECE) file.write(piece.subarray(0, Number(writes[1]) - at), { at });
  file.flush();
} else {
  for (let at = 0; at < file.getSize(); at += PIECE) file.read(piece, { at });
}
file.close();
postMessage("done");

// How many numbers a checkpoint holds, which the Hub tells of a repository as `safetensors.total`.

/** The numbers of all tensors of a safetensors file; undefined for what is none. */
export function numbersOf(bytes) {
  try {
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
    const shapes = Object.values(header).flatMap(({ shape }) => (shape ? [shape] : []));
    return shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  } catch {
    return undefined;
  }
}

"""Writes the weights of an ONNX export as safetensors in f32, under the names that they had in PyTorch.

Reads as much of ONNX's protocol buffers (https://onnx.ai/onnx/repo-docs/IR.html) as the two exports that
tests/models.json pins need. A matrix has lost its name in the export and gets it from the output of its product:
that of a `MatMul` stands transposed; that of a `MatMulNBits` has 4 bits a weight, in blocks with a scale each.
"""

import json
import struct
from array import array

F32 = 1
HALVES = [((byte & 15) - 8, (byte >> 4) - 8) for byte in range(256)]


def safetensors(onnx, prefix=""):
    """The safetensors file of an ONNX file's weights, whose names begin with the prefix, which is left out."""
    graph = fields(dict(fields(onnx))[7])
    tensors = dict(tensor(fields(value)) for number, value in graph if number == 5)
    found = {}
    for name, (kind, shape, data) in tensors.items():
        if kind == F32 and name.endswith((".weight", ".bias")):
            found[name] = shape, array("f", data)
        elif name.endswith("_quantized"):
            weight = name.removesuffix("_quantized")
            (scale,), (zero,) = array("f", tensors[weight + "_scale"][2]), tensors[weight + "_zero_point"][2]
            values = [(byte - zero) * scale for byte in range(256)]
            found[weight] = shape, array("f", map(values.__getitem__, data))
    for node in (fields(value) for number, value in graph if number == 1):
        inputs = [value.decode() for number, value in node if number == 1]
        convert = {b"MatMul": transposed, b"MatMulNBits": dequantized}.get(dict(node).get(4))
        if convert and inputs[1] in tensors:
            name = module(dict(node)[2].decode(), found) + ".weight"
            found[name] = convert(*(tensors[key] for key in inputs[1:]))
    return written({name.removeprefix(prefix): value for name, value in found.items()})


def fields(message):
    """The fields of a protocol buffers message, as (number, value) in their order."""
    found, at = [], 0
    while at < len(message):
        tag, at = varint(message, at)
        if tag & 7 == 0:
            value, at = varint(message, at)
        else:
            size, at = varint(message, at) if tag & 7 == 2 else ({1: 8, 5: 4}[tag & 7], at)
            value, at = message[at:at + size], at + size
        found.append((tag >> 3, value))
    return found


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def tensor(message):
    """A TensorProto as its name and (type, shape, little-endian data)."""
    values = dict(message)
    # raw_data, float_data, or int32_data, which holds a single byte here.
    data = values.get(9) or values.get(4) or bytes([varint(values[5], 0)[0]])
    return values[8].decode(), (values[2], [value for number, value in message if number == 1], data)


def module(output, known):
    """The module that an output such as `/model/a/layer.0/dense/MatMul_output_0` is of: its bias has a name."""
    parts = output.split("/")[1:-1]
    paths = (".".join(parts[start:]) for start in range(len(parts)))
    return next(path for path in paths if path + ".bias" in known)


def transposed(matrix):
    _, (rows, columns), data = matrix
    values = array("f", data)
    return [columns, rows], array("f", b"".join(values[column::columns].tobytes() for column in range(columns)))


def dequantized(packed, scales):
    """Weights of 4 bits, the lower half of a byte first, 8 for zero."""
    _, (rows, blocks, size), data = packed
    values = array("f")
    for block, scale in enumerate(array("f", scales[2])):
        halves = (HALVES[byte] for byte in data[block * size:(block + 1) * size])
        values.extend(value * scale for pair in halves for value in pair)
    return [rows, blocks * size * 2], values


def written(tensors):
    """A safetensors file: https://huggingface.co/docs/safetensors/index#format."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, values) in sorted(tensors.items()):
        begin, end = end, end + 4 * len(values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    values = (values.tobytes() for _, (_, values) in sorted(tensors.items()))
    return b"".join([struct.pack("<Q", len(head)), head, *values])

"""Makes what the benchmark's peers run: checkpoints, their ONNX in f32 and in int8, and single matrix products.

Usage: make_onnx.py MODELS OUT, with the packages of requirements.txt; MODELS holds the real models as MODELS/<org>/<name>/.
The graph is the one that Optimum exports; int8 is made as scripts/quantize.py of transformers.js makes its `q8`. Both are
compared with the Python library's embeddings in expected/, with the native ONNX Runtime.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from checkpoints import LONG, MINILM, SHAPES, make_checkpoints, read_safetensors

OPSET = 14
PRODUCTS = [(128, 384, 1536), (16, 384, 1536)]


class Graph:
    """An ONNX graph as it is put together."""

    def __init__(self):
        self.nodes, self.constants, self.names = [], [], set()

    def constant(self, name, value):
        """An initializer; the same name names the same value."""
        if name not in self.names:
            self.names.add(name)
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def __call__(self, kind, *inputs, name=None, **attributes):
        """Adds a node and answers its output's name."""
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"node_{len(self.nodes)}", **attributes))
        return output

    def number(self, value):
        return self.constant(f"number_{value}", np.array(value, np.float32))

    def integers(self, *values):
        return self.constant(f"integers_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def layer_norm(self, x, tensors, name, epsilon):
        centered = self("Sub", x, self("ReduceMean", x, axes=[-1]))
        variance = self("ReduceMean", self("Pow", centered, self.number(2.0)), axes=[-1])
        normal = self("Div", centered, self("Sqrt", self("Add", variance, self.number(epsilon))))
        scaled = self("Mul", normal, self.constant(f"{name}.weight", tensors[f"{name}.weight"]))
        return self("Add", scaled, self.constant(f"{name}.bias", tensors[f"{name}.bias"]))

    def linear(self, x, tensors, name):
        weight = self.constant(f"{name}.weight", tensors[f"{name}.weight"].T)
        return self("Add", self.constant(f"{name}.bias", tensors[f"{name}.bias"]), self("MatMul", x, weight))

    def gelu(self, x):
        erf = self("Erf", self("Div", x, self.number(float(np.sqrt(2)))))
        return self("Mul", self("Mul", x, self("Add", erf, self.number(1.0))), self.number(0.5))

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "model", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def bert(config, tensors):
    """BertModel without its pooler: `input_ids`, `attention_mask`, `token_type_ids` in, `last_hidden_state` out."""
    graph = Graph()
    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    head = config["hidden_size"] // heads
    table = lambda name: graph.constant(f"embeddings.{name}.weight", tensors[f"embeddings.{name}.weight"])
    tokens = graph("Gather", graph("Shape", "input_ids"), graph.integers(1), axis=0)
    positions = graph("Slice", graph.constant("positions", np.arange(config["max_position_embeddings"])[None]),
                      graph.integers(0), tokens, graph.integers(1))
    x = graph("Add", graph("Gather", table("word_embeddings"), "input_ids"),
              graph("Gather", table("token_type_embeddings"), "token_type_ids"))
    x = graph("Add", x, graph("Gather", table("position_embeddings"), positions))
    x = graph.layer_norm(x, tensors, "embeddings.LayerNorm", epsilon)
    mask = graph("Unsqueeze", graph("Unsqueeze", "attention_mask", graph.integers(1)), graph.integers(2))
    mask = graph("Cast", mask, to=TensorProto.FLOAT)
    mask = graph("Mul", graph("Sub", graph.number(1.0), mask), graph.number(float(np.finfo(np.float32).min)))
    for index in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        split = lambda part, order: graph(
            "Transpose", graph("Reshape", graph.linear(x, tensors, f"{layer}.attention.self.{part}"),
                               graph.integers(0, 0, heads, head)), perm=order)
        query, key, value = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
        scores = graph("Div", graph("MatMul", query, key), graph.number(float(np.sqrt(head))))
        weights = graph("Softmax", graph("Add", scores, mask), axis=-1)
        context = graph("Transpose", graph("MatMul", weights, value), perm=[0, 2, 1, 3])
        context = graph("Reshape", context, graph.integers(0, 0, heads * head))
        context = graph.linear(context, tensors, f"{layer}.attention.output.dense")
        x = graph.layer_norm(graph("Add", context, x), tensors, f"{layer}.attention.output.LayerNorm", epsilon)
        inner = graph.gelu(graph.linear(x, tensors, f"{layer}.intermediate.dense"))
        inner = graph.linear(inner, tensors, f"{layer}.output.dense")
        x = graph.layer_norm(graph("Add", inner, x), tensors, f"{layer}.output.LayerNorm", epsilon)
    graph("Identity", x, name="last_hidden_state")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    shape = ["batch", "tokens", config["hidden_size"]]
    return graph.model(inputs, [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)])


def product(rows, inner, columns):
    """One matrix product with a constant second matrix."""
    graph = Graph()
    weights = np.random.default_rng(rows).standard_normal((inner, columns), np.float32)
    graph("MatMul", "a", graph.constant("b", weights), name="c")
    return graph.model([helper.make_tensor_value_info("a", TensorProto.FLOAT, [rows, inner])],
                       [helper.make_tensor_value_info("c", TensorProto.FLOAT, [rows, columns])])


def identity():
    """No product: what a call costs."""
    graph = Graph()
    graph("Identity", "a", name="c")
    shape = ["rows", "inner"]
    return graph.model([helper.make_tensor_value_info("a", TensorProto.FLOAT, shape)],
                       [helper.make_tensor_value_info("c", TensorProto.FLOAT, shape)])


def save(model, folder):
    """Writes `model.onnx` and its int8 `model_quantized.onnx` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    quantize_dynamic(folder / "model.onnx", folder / "model_quantized.onnx", per_channel=True, reduce_range=True,
                     weight_type=QuantType.QInt8, extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True})


def check(folder, case):
    """Compares both files with Python's embeddings; f32 must agree, int8 must be near."""
    ids = np.array(case["ids"], np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    expected = np.array(case["embeddings"])
    for file, least in (("model.onnx", 0.99999), ("model_quantized.onnx", 0.9)):
        session = onnxruntime.InferenceSession(folder / file, providers=["CPUExecutionProvider"])
        found = session.run(None, inputs)[0].mean(axis=1)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        cosine = (found * expected).sum(axis=1).min()
        print(f"{case['model']} {file} {case['rows']}x{case['tokens']}: cosine to Python {cosine:.6f}")
        if cosine < least:
            raise SystemExit(f"{folder / file} is not the checkpoint: cosine {cosine:.6f}, least {least}")


def main():
    models, out = map(Path, sys.argv[1:])
    make_checkpoints(models, out)
    for name in (MINILM, LONG):
        config = json.loads((out / name / "config.json").read_text())
        save(bert(config, read_safetensors(out / name / "model.safetensors")), out / name / "onnx")
    for rows, inner, columns in PRODUCTS:
        save(product(rows, inner, columns), out / "products" / f"{rows}x{inner}x{columns}")
    (out / "products/identity").mkdir(parents=True, exist_ok=True)
    onnx.save(identity(), out / "products/identity/model.onnx")
    for name, rows, tokens in SHAPES:
        case = json.loads((Path(__file__).with_name("expected") / f"{rows}x{tokens}.json").read_text())
        check(out / name / "onnx", case)


if __name__ == "__main__":
    main()

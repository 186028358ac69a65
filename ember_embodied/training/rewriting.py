"""Mechanical rewriting of an exported graph: the same numbers from fewer nodes.

On the robot a node costs about as much as what it computes, so the graph of a step is written as
few nodes of two dimensions. What a pass cannot prove it leaves as it is: then the graph is slower,
never wrong, and parity is measured on the graph as it is written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference

Constant = NDArray[Any]
_NUMBER_BY_NUMBER: Final = frozenset(
    (
        *("Add", "Sub", "Mul", "Div", "Max", "Min", "Clip", "Neg", "Abs"),
        *("Exp", "Log", "Tanh", "Sigmoid", "Sin", "Cos", "Softmax"),
    )
)
"""What is done to each number alone, or along the last dimension."""
_REDUCED: Final = frozenset(("ReduceSum", "ReduceMean"))
_WINNING: Final = ("Cast", "Equal", "Unsqueeze", "ArgMax")
_VIEWS: Final = frozenset(("Reshape", "Unsqueeze", "Squeeze", "Flatten"))
_WITHOUT_BATCH: Final = (
    _NUMBER_BY_NUMBER | _REDUCED | _VIEWS | {"MatMul", "LayerNormalization", "Transpose"}
)


def fewer_nodes(model: ModelProto) -> ModelProto:
    """The same graph with constants folded, the batch of one dropped, and what follows from it."""
    model = _folded(model)
    for rewrite in _REWRITES:
        graph = Graph(model)
        rewrite(graph)
        model = graph.finished()
    return model


class Graph:
    """A graph with its constants, shapes, makers and users at hand."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self.nodes = list(model.graph.node)
        self.constants: dict[str, Constant] = {
            t.name: numpy_helper.to_array(t) for t in model.graph.initializer
        }
        for node in [n for n in self.nodes if n.op_type == "Constant"]:
            self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            self.nodes.remove(node)
        inferred = shape_inference.infer_shapes(model, data_prop=True).graph
        self.shapes: dict[str, tuple[int, ...]] = {n: c.shape for n, c in self.constants.items()}
        for value in (*inferred.input, *inferred.value_info, *inferred.output):
            self.shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        self.results = {output.name for output in model.graph.output}

    def maker(self, name: str) -> NodeProto | None:
        """The node that gives this value."""
        return next((node for node in self.nodes if name in node.output), None)

    def users(self, name: str) -> list[NodeProto]:
        """The nodes that take it."""
        return [node for node in self.nodes if name in node.input]

    def add(self, constant: Constant) -> str:
        """A new constant's name."""
        name = f"constant_{len(self.constants)}"
        while name in self.constants:
            name += "_"
        self.constants[name], self.shapes[name] = constant, constant.shape
        return name

    def finished(self) -> ModelProto:
        """The model again, without what nobody takes, each node after those it takes from."""
        nodes: list[NodeProto] = []
        wanted = set(self.results)
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                nodes.insert(0, node)
                wanted |= set(node.input)
        graph = self.model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(nodes)
        kept = [(name, value) for name, value in self.constants.items() if name in wanted]
        graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in kept)
        return self.model


def _folded(model: ModelProto) -> ModelProto:
    """What constants alone decide becomes a constant (ONNX Runtime's own basic passes)."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        folded = onnx.load(path)
    used = [opset for opset in folded.opset_import if not opset.domain]
    del folded.opset_import[:]
    folded.opset_import.extend(used)  # not all that the runtime knows
    return folded


def _drop_batch(graph: Graph) -> None:
    """A value of three dimensions and more, of which the first is one, loses it."""
    thick = {
        name
        for name, shape in graph.shapes.items()
        if len(shape) > 2 and shape[0] == 1 and name not in graph.constants
    }
    touched = [node for node in graph.nodes if thick & {*node.input, *node.output}]
    if any(node.op_type not in _WITHOUT_BATCH for node in touched) or thick & graph.results:
        return
    for node in touched:
        rank = max(len(graph.shapes[name]) for name in (*node.input[:1], *node.output))
        if node.op_type in _VIEWS:
            shape = graph.shapes[node.output[0]]
            _make_reshape(graph, node, shape[1:] if node.output[0] in thick else shape)
            continue
        for i, name in enumerate(node.input):
            constant = graph.constants.get(name)
            if node.op_type in _REDUCED and i == 1 and constant is not None:
                node.input[i] = graph.add(np.where(constant < 0, constant, constant - rank))
            elif constant is not None and constant.ndim == rank:
                node.input[i] = graph.add(constant[0])
        for attribute in node.attribute:
            if attribute.name == "axis" and attribute.i > 0:
                attribute.i -= 1
            if attribute.name == "perm":
                attribute.ints[:] = [i - 1 for i in attribute.ints[1:]]
    for name in thick:
        graph.shapes[name] = graph.shapes[name][1:]


def _make_reshape(graph: Graph, node: NodeProto, shape: tuple[int, ...]) -> None:
    """Make of any view a ``Reshape`` to ``shape``."""
    del node.attribute[:]
    node.op_type = "Reshape"
    node.input[:] = [node.input[0], graph.add(np.array(shape, dtype=np.int64))]


class View(NamedTuple):
    """A ``Reshape`` or ``Transpose`` that keeps the last dimension, and what is before it."""

    before: str
    perm: tuple[int, ...]
    """Empty for a ``Reshape``."""
    shape: tuple[int, ...]
    """Without the last dimension, as all shapes here: before it."""
    after: tuple[int, ...]

    @property
    def kind(self) -> tuple[tuple[int, ...], ...]:
        """Two views of one kind do the same."""
        return self[1:]

    def undone(self, constant: Constant) -> Constant:
        """What a constant beside the view is beside what is before it."""
        whole = np.broadcast_to(constant, (*self.after, constant.shape[-1]))
        if self.perm:
            return whole.transpose(np.argsort(self.perm))
        return whole.reshape(*self.shape, constant.shape[-1])


def _view(graph: Graph, name: str) -> View | None:
    node = graph.maker(name)
    if node is None or node.op_type not in ("Reshape", "Transpose"):
        return None
    before, after = graph.shapes[node.input[0]], graph.shapes[name]
    perm = tuple(node.attribute[0].ints) if node.op_type == "Transpose" else ()
    if before[-1] != after[-1] or (perm and perm[-1] != len(perm) - 1):
        return None
    return View(node.input[0], perm, before[:-1], after[:-1])


def _sink_views(graph: Graph) -> None:
    """A view of what is done number by number becomes the view of its result.

    Until two views meet of which one undoes the other, and none is left.
    """
    while any(_sink(graph, node) or _meet(graph, node) for node in list(graph.nodes)):
        pass


def _sink(graph: Graph, node: NodeProto) -> bool:
    if node.op_type not in _NUMBER_BY_NUMBER | _REDUCED:
        return False
    views = {name: _view(graph, name) for name in node.input if name not in graph.constants}
    kinds = {view.kind if view else None for view in views.values()}
    if len(kinds) != 1 or None in kinds:
        return False
    view = next(view for view in views.values() if view)
    if graph.shapes[node.output[0]][:-1] != view.after:  # made wider by a constant
        return False
    for i, name in enumerate(node.input):
        constant = graph.constants.get(name)
        seen = views.get(name)
        if seen:
            node.input[i] = seen.before
        elif constant is not None and constant.ndim and node.op_type not in _REDUCED:
            node.input[i] = graph.add(view.undone(constant))
    result, last = node.output[0], graph.shapes[node.output[0]][-1]
    node.output[0] = f"{result}_before"
    graph.shapes[node.output[0]] = (*view.shape, last)
    if view.perm:
        after = helper.make_node("Transpose", [node.output[0]], [result], perm=view.perm)
    else:
        shape = graph.add(np.array((*view.after, last), dtype=np.int64))
        after = helper.make_node("Reshape", [node.output[0], shape], [result])
    graph.nodes.insert(graph.nodes.index(node) + 1, after)
    return True


def _meet(graph: Graph, node: NodeProto) -> bool:
    """Leave out a view, where it undoes the one before it."""
    view = _view(graph, node.output[0])
    first = _view(graph, view.before) if view else None
    if view is None or first is None or bool(view.perm) != bool(first.perm):
        return False
    undone = tuple(np.argsort(first.perm)) if view.perm else ()
    if view.perm != undone or first.shape != view.after or node.output[0] in graph.results:
        return False
    for user in graph.users(node.output[0]):
        user.input[:] = [first.before if i == node.output[0] else i for i in user.input]
    graph.nodes.remove(node)
    return True


def _fold_products(graph: Graph) -> None:
    """(x A) B is x (A B), where that is no more to read."""
    for node in graph.nodes:
        inner = graph.maker(node.input[0]) if node.op_type == "MatMul" else None
        if inner is None or inner.op_type != "MatMul" or len(graph.users(node.input[0])) > 1:
            continue
        a, b = (graph.constants.get(n.input[1]) for n in (inner, node))
        if a is None or b is None or a.ndim != 2 or b.ndim != 2:
            continue
        if a.shape[0] * b.shape[1] <= a.size + b.size:
            node.input[:] = [inner.input[0], graph.add(a @ b)]


def _name_norms(graph: Graph) -> None:
    """What is at least 0, by its sum, is a norm."""
    for node in graph.nodes:
        sums = graph.maker(node.input[1]) if node.op_type == "Div" else None
        if sums is None or sums.op_type != "ReduceSum" or sums.input[0] != node.input[0]:
            continue
        axes = graph.constants.get(sums.input[1])
        if axes is not None and axes.tolist() == [-1] and _at_least_0(graph, node.input[0]):
            norm = helper.make_node("LpNormalization", node.input[:1], node.output, axis=-1, p=1)
            node.CopyFrom(norm)


def _at_least_0(graph: Graph, name: str) -> bool:
    constant, node = graph.constants.get(name), graph.maker(name)
    if constant is not None or node is None:
        return constant is not None and bool((constant >= 0).all())
    if node.op_type in ("Mul", "Add"):
        return all(_at_least_0(graph, part) for part in node.input)
    return node.op_type in ("Softmax", "Sigmoid", "Exp", "Abs")


def _name_winners(graph: Graph) -> None:
    """Comparing the place of the largest with all places is ``Hardmax``."""
    for node in graph.nodes:
        chain = [node]
        for kind in ("Equal", "Unsqueeze", "ArgMax"):
            before = graph.maker(chain[-1].input[0])
            if before is None or before.op_type != kind:
                break
            chain.append(before)
        if node.op_type == "Cast" and len(chain) == len(_WINNING):
            (_, equal, _, largest) = chain
            places = graph.constants.get(equal.input[1])
            count = graph.shapes[largest.input[0]][-1]
            if places is not None and (places.ravel() == np.arange(count)).all():
                node.CopyFrom(helper.make_node("Hardmax", largest.input, node.output, axis=-1))


def _join_products(graph: Graph) -> None:
    """Where b is joined from parts, a A + (b B + c) is [b, a] [B, A] + c."""
    for node in graph.nodes:
        inner = graph.maker(node.input[2]) if _is_product(graph, node) else None
        if inner is None or not _is_product(graph, inner) or len(graph.users(node.input[2])) > 1:
            continue
        joined = graph.maker(inner.input[0])
        if joined is None or joined.op_type != "Concat" or len(graph.users(joined.output[0])) > 1:
            continue
        weight = np.concatenate([_weight(graph, n) for n in (inner, node)])
        joined.input.append(node.input[0])
        constant = inner.input[2]
        graph.nodes.remove(joined)
        graph.nodes.insert(graph.nodes.index(node), joined)
        gemm = helper.make_node(
            "Gemm", [joined.output[0], graph.add(weight), constant], node.output
        )
        node.CopyFrom(gemm)


def _is_product(graph: Graph, node: NodeProto) -> bool:
    plain = all(a.name == "transB" or a.f == 1.0 for a in node.attribute if a.name != "transA")
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    three = node.op_type == "Gemm" and len(node.input) > len(("A", "B"))
    return three and plain and not turned and node.input[1] in graph.constants


def _weight(graph: Graph, node: NodeProto) -> Constant:
    weight = graph.constants[node.input[1]]
    return weight.T if any(a.name == "transB" and a.i for a in node.attribute) else weight


_REWRITES: Final = (
    _drop_batch,
    _sink_views,
    _fold_products,
    _join_products,
    _name_norms,
    _name_winners,
)

"""Every call of AWS in the product, read from its source and compared with botocore's models.

`Aws.call("ec2", "create_volume", Size=8)` is checked by nobody before it is sent: names are text.
Here a service, an operation, each name of a parameter, each key of a literal inside of it, and
the member that is taken from the answer have to be there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape

METHODS = {"call": 2, "pages": 3}
"""The methods of `Aws`, and how many texts each takes first: service, operation, list."""

Pair = tuple[str | None, ast.expr]
"""A name and its value in a mapping; None for a name that the source does not tell."""

SESSION = botocore.session.Session()


@dataclass(frozen=True)
class Fault:
    """What is wrong with a call, and in which line."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True)
class Found:
    """What a module has: how many calls, which are wrong, and what only a run can tell."""

    calls: int
    faults: tuple[Fault, ...]
    dynamic: tuple[str, ...]  # source of operations and parameters that are no literals


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """The operations of a service, by their names in Python; none for an unknown service."""
    try:
        model = SESSION.get_service_model(service)
    except UnknownServiceError:
        return {}
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@cache
def _paginators(service: str) -> Any:
    return SESSION.get_component("data_loader").load_service_model(service, "paginators-1")


def check(source: str) -> Found:
    """Check every call of a module, by its source."""
    module = ast.parse(source)
    reader = _Reader(module)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _sends(node)]
    for call in calls:
        reader.call(call)
    return Found(len(calls), tuple(reader.faults), tuple(reader.dynamic))


def _sends(call: ast.Call) -> bool:
    """Whether it is a call of an `Aws`; the first text is the service."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name in METHODS and len(call.args) >= METHODS[name]


class _Reader:
    """The calls of one module, and what it says of their parameters elsewhere."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.faults: list[Fault] = []
        self.dynamic: list[str] = []
        self.parents = {
            child: node for node in ast.walk(module) for child in ast.iter_child_nodes(node)
        }

    def call(self, call: ast.Call) -> None:
        """Check service, operation, parameters and what is taken from the answer."""
        assert isinstance(call.func, ast.Attribute)
        service, operation, *more = (_text(argument) for argument in call.args[:3])
        if service is None or operation is None:
            self.dynamic.append(ast.unparse(call.args[1]))
            return
        model = operations(service).get(operation)
        if model is None:
            self._fault(call, f"{service} has no {operation}")
            return
        pages = call.func.attr == "pages"
        keywords = [
            keyword for keyword in call.keywords if not (pages and keyword.arg == "page_size")
        ]
        given = self._parameters(call, keywords, model)
        if given is not None and model.input_shape:
            for name in sorted(set(model.input_shape.required_members) - given):
                self._fault(call, f"{operation} needs {name}")
        if pages:
            self._list(call, service, model, more[0] if more else None)
        answer = self.parents[call]
        if isinstance(answer, ast.Subscript) and (member := _text(answer.slice)):
            self._member(answer, model.output_shape, member)

    def _parameters(
        self, call: ast.Call, keywords: list[ast.keyword], model: OperationModel
    ) -> set[str] | None:
        """Check the parameters, and return their names; None where some are known in a run only."""
        given: set[str] = set()
        complete = True
        for keyword in keywords:
            pairs: Iterable[Pair] = [(keyword.arg, keyword.value)]
            if keyword.arg is None:  # `**parameters`
                pairs = self._pairs(keyword.value)
            for name, value in pairs:
                if name is None:
                    self.dynamic.append(ast.unparse(keyword.value))
                    complete = False
                else:
                    given.add(name)
                    self._value(value, self._member(call, model.input_shape, name))
        return given if complete else None

    def _value(self, value: ast.expr, shape: Any) -> None:
        """Check the keys of a literal against the shape that it is sent as."""
        match value:
            case ast.List(elts=items) | ast.Tuple(elts=items) if _is(shape, "list"):
                for item in items:
                    self._value(item, shape.member)
            case ast.ListComp(elt=item) if _is(shape, "list"):
                self._value(item, shape.member)
            case ast.Dict() if _is(shape, "structure"):
                for name, inner in self._pairs(value):
                    if name is not None:
                        self._value(inner, self._member(inner, shape, name))
            case ast.Dict() | ast.List() if shape is not None and shape.type_name != "map":
                self._fault(value, f"{ast.unparse(value)} is sent as {shape.type_name}")

    def _pairs(self, value: ast.expr) -> Iterator[Pair]:
        """The names and values of a mapping, as far as the source tells; None for the rest."""
        match value:
            case ast.Dict(keys=keys, values=values):
                for key, inner in zip(keys, values, strict=True):
                    if key is None:
                        yield from self._pairs(inner)
                    else:
                        yield _text(key), inner
            case ast.IfExp(body=one, orelse=other):
                yield from self._pairs(one)
                yield from self._pairs(other)
            case ast.Name(id=name):
                yield from self._assigned(name, value)
            case ast.Call(func=ast.Name(id=name)):
                yield from self._returned(name, value)
            case _:
                yield None, value

    def _assigned(self, name: str, place: ast.expr) -> Iterator[Pair]:
        """What a variable of the same function holds, with what is put into it later."""
        function = self._function(place)
        found = False
        for node in ast.walk(function) if function else ():
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=target)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                ) if target == name:
                    found = True
                    yield from self._pairs(value)
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Name(id=target), slice=key)], value=value
                ) if target == name:
                    yield _text(key), value
        if not found:
            yield None, place

    def _returned(self, name: str, place: ast.expr) -> Iterator[Pair]:
        """What a function of the same module returns."""
        found = False
        for function in self.module.body:
            if isinstance(function, ast.FunctionDef) and function.name == name:
                for node in ast.walk(function):
                    if isinstance(node, ast.Return) and node.value is not None:
                        found = True
                        yield from self._pairs(node.value)
        if not found:
            yield None, place

    def _function(self, node: ast.AST) -> ast.AST | None:
        while node in self.parents and not isinstance(node, ast.FunctionDef):
            node = self.parents[node]
        return node if isinstance(node, ast.FunctionDef) else None

    def _list(
        self, call: ast.Call, service: str, model: OperationModel, member: str | None
    ) -> None:
        """A list of pages: botocore has to know how to ask for the next one."""
        if model.name not in _paginators(service)["pagination"]:
            self._fault(call, f"{model.name} has no pages")
        shape = self._member(call, model.output_shape, member) if member else None
        if shape is not None and shape.type_name != "list":
            self._fault(call, f"{member} is no list in the answer of {model.name}")

    def _member(self, place: ast.AST, shape: Any, name: str) -> Shape | None:
        members: dict[str, Shape] = getattr(shape, "members", {})
        if name not in members:
            self._fault(place, f"{shape.name if shape else 'nothing'} has no {name}")
        return members.get(name)

    def _fault(self, place: ast.AST, message: str) -> None:
        self.faults.append(Fault(getattr(place, "lineno", 0), message))


def _is(shape: Any, type_name: str) -> bool:
    return shape is not None and shape.type_name == type_name


def _text(node: ast.expr | None) -> str | None:
    """The text of a literal; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None

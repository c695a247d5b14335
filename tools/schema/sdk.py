"""Reads what a generated Pulumi SDK for Python says of each resource, by its syntax tree: nothing of the SDK is imported or run.

The SDK is generated from the provider's published schema at the same version, and says in its argument classes which inputs there are,
what the engine calls them, their types, and which are required.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Type = str | dict[str, Any]
"""`string`, `integer`, `number`, `boolean`, `any`, `asset`, or one of {"array": T}, {"map": T}, {"object": "member:Name"},
{"enum": "member:Name"}, {"const": value}, {"union": [T, …]}."""

_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any", "Asset": "asset", "Archive": "asset"}
_TRANSPARENT = {"Input", "Output", "Optional", "InputType", "Awaitable"}


@dataclass
class Properties:
    """The properties of one class: type by the engine's name, and which must be given."""

    types: dict[str, Type] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"properties": self.types, "required": sorted(self.required)}


@dataclass
class Member:
    """One folder of the SDK: a service (`ecr`) or an API group and version (`core/v1`)."""

    name: str
    resources: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    enums: dict[str, list[Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ("resources", "functions", "inputs", "outputs", "enums")}

    def tokens(self) -> list[str]:
        return [*self.resources, *self.functions]


def read_member(folder: Path, name: str) -> Member:
    """Reads one folder of the SDK, not the folders below it."""
    member = Member(name)
    for path in sorted(folder.glob("*.py")):
        _File(ast.parse(path.read_text(encoding="utf-8")), member).read(path.name)
    return member


class _File:
    """One generated file."""

    def __init__(self, tree: ast.Module, member: Member) -> None:
        self.member = member
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self.defs = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    def read(self, file: str) -> None:
        if file == "_enums.py":
            self.member.enums.update({name: _enum_values(node) for name, node in self.classes.items()})
        elif file == "_inputs.py":
            arguments = {name: node for name, node in self.classes.items() if name.endswith("Args")}
            self.member.inputs.update({name[:-4]: self._arguments(node).as_json() for name, node in arguments.items()})
        elif file == "outputs.py":
            self.member.outputs.update({name: self._getters(node) for name, node in self.classes.items()})
        else:
            for node in self.classes.values():
                self._resource(node)
            for function in self.defs:
                self._function(function)

    def _resource(self, node: ast.ClassDef) -> None:
        token = _type_token(node)
        arguments = _arguments_class(node)
        if token is None or arguments is None:
            return
        read = self._arguments(self.classes[arguments])
        self.member.resources[token] = {**read.as_json(), "outputs": self._getters(node)}

    def _function(self, node: ast.FunctionDef) -> None:
        token = _invoked_token(node)
        if token is None or node.name.endswith("_output") or not isinstance(node.returns, ast.Name):
            return
        wire = _invoke_names(node)
        typed = {wire[given.arg]: given.annotation for given in node.args.args if given.arg in wire and given.annotation}
        properties = {name: self._type(annotation) for name, annotation in typed.items()}
        result = self.classes[node.returns.id.removeprefix("Awaitable")]
        # The SDK gives every argument of a function a default, so which are required cannot be read from it.
        self.member.functions[token] = {"properties": properties, "outputs": self._getters(result)}

    def _arguments(self, node: ast.ClassDef) -> Properties:
        """The properties of an argument class; required is a parameter of its constructor that has no default."""
        read = Properties(self._getters(node))
        names = _wire_names(node)
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                pairs = zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
                read.required = [names[argument.arg] for argument, default in pairs if default is None]
        return read

    def _getters(self, node: ast.ClassDef) -> dict[str, Type]:
        names = _wire_names(node)
        return {
            names[item.name]: self._type(item.returns)
            for item in node.body
            if isinstance(item, ast.FunctionDef) and item.name in names and item.returns is not None and _is_getter(item)
        }

    def _type(self, node: ast.expr) -> Type:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._reference(node.value)
        if isinstance(node, ast.Subscript):
            return self._generic(_last_name(node.value), node.slice)
        if isinstance(node, ast.Name | ast.Attribute):
            return _SCALARS.get(_last_name(node), "any")
        raise ValueError(f"{self.member.name}: a type of a form not known: {ast.unparse(node)}")

    def _generic(self, name: str, inner: ast.expr) -> Type:
        if name in _TRANSPARENT:
            return self._type(inner)
        if name == "Sequence":
            return {"array": self._type(inner)}
        parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        if name == "Mapping":
            return {"map": self._type(parts[1])}
        if name == "Literal" and isinstance(parts[0], ast.Constant):
            return {"const": parts[0].value}
        if name == "Union":
            read = [self._type(part) for part in _forms_on_the_wire(parts)]
            unique = [part for index, part in enumerate(read) if part not in read[:index]]
            return unique[0] if len(unique) == 1 else {"union": unique}
        raise ValueError(f"{self.member.name}: a type of a form not known: {name}[{ast.unparse(inner)}]")

    def _reference(self, text: str) -> Type:
        """`RepositoryArgs`, `outputs.Repository`, `_meta.v1.outputs.ObjectMeta`, `_iam.PolicyDocumentArgs`, `CannedAcl`."""
        *path, name = text.split(".")
        folders = [part.removeprefix("_") for part in path if part != "outputs"]
        member = "/".join(folders) or self.member.name
        if name.endswith("Args"):
            return {"object": f"{member}:{name[:-4]}"}
        return {"object" if "outputs" in path else "enum": f"{member}:{name}"}


def _forms_on_the_wire(parts: list[ast.expr]) -> list[ast.expr]:
    """Without the ways of writing one object in Python (`XArgs`, `XArgsDict`, `outputs.X`) that are the same for the engine."""
    names = [part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "" for part in parts]
    if not any(name.endswith("Args") for name in names):
        return parts
    return [part for part, name in zip(parts, names, strict=True) if not name.endswith("ArgsDict") and "outputs." not in name]


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_getter(node: ast.FunctionDef) -> bool:
    return any(_last_name(item.func if isinstance(item, ast.Call) else item) == "getter" for item in node.decorator_list)


def _wire_names(node: ast.ClassDef) -> dict[str, str]:
    """The engine's name of each property, by its Python name."""
    names = {}
    for item in node.body:
        if not isinstance(item, ast.FunctionDef) or not _is_getter(item):
            continue
        call = next((mark for mark in item.decorator_list if isinstance(mark, ast.Call)), None)
        given = [word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)] if call else []
        names[item.name] = str(given[0]) if given else item.name
    return names


def _type_token(node: ast.ClassDef) -> str | None:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and _last_name(mark.func) == "type_token" and isinstance(mark.args[0], ast.Constant):
            return str(mark.args[0].value)
    return None


def _arguments_class(node: ast.ClassDef) -> str | None:
    """`XArgs` of the line `__props__ = XArgs.__new__(XArgs)` in `_internal_init`."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "_internal_init":
            for call in ast.walk(item):
                if isinstance(call, ast.Call) and _last_name(call.func) == "__new__":
                    return _last_name(call.args[0])
    return None


def _enum_values(node: ast.ClassDef) -> list[Any]:
    return [item.value.value for item in node.body if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)]


def _invoked_token(node: ast.FunctionDef) -> str | None:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _last_name(call.func) == "invoke" and isinstance(call.args[0], ast.Constant):
            return str(call.args[0].value)
    return None


def _invoke_names(node: ast.FunctionDef) -> dict[str, str]:
    """The engine's name of each argument, from the lines `__args__['registryId'] = registry_id`."""
    names = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Subscript) and isinstance(item.value, ast.Name):
            key = item.targets[0].slice
            if isinstance(key, ast.Constant):
                names[item.value.id] = str(key.value)
    return names

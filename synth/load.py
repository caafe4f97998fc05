"""Turns a family's YAML name and parameters into the family: `documents.report` is the one family class in `synth/documents/report.py`.

There is no registry. A family is any class that has a `version` and the four methods of `schemas.family.Family`; the module path is its
name. Parameters are checked against the dataclass's own field types, and every mistake is a `UserError`. Nothing here knows recipes,
shards or any particular family.
"""

import ast
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

import synth
from schemas.canonical import canonical_json
from schemas.errors import UserError, all_mistakes, located, nearest
from schemas.family import AnyFamily
from schemas.phrases import shortened
from schemas.recipe import FAMILY_NAME, key_path, unknown_key
from schemas.sample import Json

_TYPES = {int: "whole number", float: "number", str: "text", bool: "true or false"}
METHODS = ("sample_truth", "render", "write_turns", "verify")


def load_family(name: str, params: Mapping[str, Any], where: str = "") -> AnyFamily:
    """The family called `name` with its parameters checked and its defaults filled in.

    Args:
        name: Module path below `synth`, such as `documents.report`.
        params: The YAML mapping of its parameters.
        where: What to name in errors, such as `demo.yaml: sources.0`; the family's own name if empty.

    Raises:
        UserError: There is no such family, or a parameter is unknown or wrong.
    """
    where = where or name
    cls = family_class(name, where)
    known = [field.name for field in fields(cls) if field.init]
    if unknown := [unknown_key(key, value, known, f"{where}.params.{key}") for key, value in params.items() if key not in known]:
        raise all_mistakes(unknown)
    try:
        family: AnyFamily = TypeAdapter(cls).validate_json(canonical_json(dict(params)), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise all_mistakes([_params_error(cls, detail, f"{where}.params") for detail in details]) from error
    except UserError as error:  # of the family itself, which does not know where in a recipe it stands
        raise located(error, where) from error
    except (TypeError, ValueError) as error:
        what = f"the parameters of {name} cannot be read: {error}"
        raise UserError(what, where=f"{where}.params", todo="use plain YAML values") from error
    return family


def family_class(name: str, where: str = "") -> type[Any]:
    """The family class of module `synth.<name>`; UserError if there is none."""
    if not FAMILY_NAME.fullmatch(name) or name not in known_families():
        raise _no_family(name, where or name)
    module = importlib.import_module(f"{synth.__name__}.{name}")
    found = [item for item in vars(module).values() if _is_family(item, module)]
    if [is_dataclass(item) for item in found] != [True]:
        raise TypeError(f"{module.__name__} must define exactly one family, a frozen dataclass; found {[c.__name__ for c in found]}")
    cls: type[Any] = found[0]
    return cls


@cache
def known_families() -> tuple[str, ...]:
    """Names of all families, in order. Sources are parsed, not imported, so listing needs none of the families' libraries."""
    names = set()
    for root in map(Path, synth.__path__):
        for path in root.rglob("*.py"):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            if FAMILY_NAME.fullmatch(name) and _defines_family(path):
                names.add(name)
    return tuple(sorted(names))


def family_params(family: AnyFamily) -> dict[str, Json]:
    """The family's parameters with every default filled in, as JSON: what the resolved recipe stores."""
    params: dict[str, Json] = _adapter(type(family)).dump_python(family, mode="json")
    return params


@cache
def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def truth_type(family: AnyFamily) -> Any:
    """The type of the family's truth: what its `sample_truth` says it returns. Pydantic reads and writes it."""
    return _truth_type(type(family))


@cache
def _truth_type(cls: type[Any]) -> Any:
    return get_type_hints(cls.sample_truth)["return"]


def _is_family(item: object, module: ModuleType) -> bool:
    own = isinstance(item, type) and item.__module__ == module.__name__
    return own and isinstance(getattr(item, "version", None), int) and all(callable(getattr(item, method, None)) for method in METHODS)


def _defines_family(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return any(isinstance(node, ast.ClassDef) and _has_members(node.body) for node in tree.body)


def _has_members(body: Sequence[ast.stmt]) -> bool:
    members = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    members |= {node.target.id for node in body if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name)}
    members |= {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    return members >= {"version", *METHODS}


def _no_family(name: str, where: str) -> UserError:
    known = known_families()
    todo = f"{nearest(name, known)}families: {', '.join(known) or 'none are installed'}"
    return UserError(f"there is no family {name!r}", where=where, todo=todo)


def _params_error(cls: type[Any], detail: ErrorDetails, where: str) -> UserError:
    path = key_path(detail["loc"])
    place = f"{where}.{path}" if path else where
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return UserError(message, where=place, todo="change the parameter")
    if detail["type"] == "missing":
        return UserError(f"the parameter {path!r} is missing", where=place, todo="add it")
    value = shortened(json.dumps(detail["input"], ensure_ascii=False), 80)
    if detail["type"] in ("list_type", "tuple_type"):
        return UserError(f"{path} is {value}, which is not a list", where=place, todo=_as_list(cls, path, detail["input"]))
    near = nearest(str(detail["input"]), re.findall(r"'([^']*)'", message)) if detail["type"] == "literal_error" else ""
    return UserError(f"{path} is {value}: {message}", where=place, todo=near.strip() or "change the parameter")


def _as_list(cls: type[Any], name: str, value: Any) -> str:
    """What to write in place of a single value: it in brackets, if that is right, or what kind of list is wanted."""
    kind = get_type_hints(cls).get(name, list[Any])
    try:
        TypeAdapter(kind).validate_json(written := canonical_json([value]), strict=True)
    except ValidationError:
        usual = next((field.default for field in fields(cls) if field.name == name), None)
        return f"give a {type_text(kind)}" + (f", such as {canonical_json(list(usual))}" if usual and isinstance(usual, tuple) else "")
    return f"write {written}"


def type_text(kind: Any) -> str:
    """A parameter's type as it is said to people: `list of whole numbers`, `one of "a", "b"`."""
    if kind in _TYPES:
        return _TYPES[kind]
    arguments = [argument for argument in get_args(kind) if argument is not ...]
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if get_origin(kind) in (tuple, list) and len(arguments) == 1:
        return f"list of {_TYPES.get(arguments[0], getattr(arguments[0], '__name__', 'value'))}s"
    return str(kind)

"""Turns a recipe's YAML into a checked `Recipe`: which families, with which parameters, how much of each, from which seed.

Reading is strict, because a misspelled key that is ignored costs a corpus: an unknown key, a wrong type, a number out of range or a
duplicate key is a `UserError` naming the file, the key path, the value and the nearest known key. `--set path=value` overrides are
applied before checking. What the parameters of a family mean is checked by `synth.load`; nothing here imports a family.
"""

import re
from collections.abc import Hashable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from schemas.canonical import canonical_json
from schemas.errors import UserError
from schemas.sample import Json

FAMILY_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")
"""A family's YAML name: its module path below `synth`. Nothing else can be imported by it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
FamilyName = Annotated[str, Field(pattern=rf"^{FAMILY_NAME.pattern}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Source(_Strict):
    """One family with its parameters, and how much of it: a number of samples or of tokens (text and vision together)."""

    family: FamilyName
    name: Name = ""
    params: dict[str, Any] = {}
    count: Annotated[int, Field(ge=0)] | None = None
    tokens: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("name") is None and "family" in data:
            return data | {"name": data["family"]}
        return data

    @model_validator(mode="after")
    def _exactly_one_amount(self) -> "Source":
        if (self.count is None) == (self.tokens is None):
            raise ValueError(f"give exactly one of count and tokens (count is {self.count}, tokens is {self.tokens})")
        return self


class Recipe(_Strict):
    """What a data set is made from. Equal resolved recipes give equal bytes."""

    seed: Annotated[int, Field(ge=0, lt=2**64)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    filters: tuple[str, ...] = ()
    samples_per_shard: Annotated[int, Field(ge=1)] = 8
    thresholds: dict[str, float] = {}

    @model_validator(mode="after")
    def _unique_names(self) -> "Recipe":
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are named {name!r}; give one of them another `name`, because seeds are derived from it")
        return self

    def resolved(self) -> dict[str, Json]:
        """The recipe with every default filled in, as JSON: what the manifest stores and the fingerprint hashes."""
        return self.model_dump(mode="json")


def load_recipe(path: Path | str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: The YAML file.
        overrides: `--set` arguments, such as `sources.0.count=3` or `seed=7`; values are parsed as YAML.

    Raises:
        UserError: The file cannot be read or what it says is not a recipe.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the recipe {str(path)!r}: {error}", where=str(path), todo="give the path of a YAML recipe") from error
    return parse_recipe(text, str(path), overrides)


def parse_recipe(text: str, where: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe that `text` holds; `where` names it in errors."""
    document = _parse_yaml(text, where)
    if not isinstance(document, dict):
        raise UserError(f"a recipe is a mapping, found {_shown(document)}", where=where, todo="start with `seed:` and `sources:`")
    for override in overrides:
        apply_override(document, override)
    try:
        return Recipe.model_validate_json(_as_json(document, where))
    except ValidationError as error:
        raise recipe_error(error, where) from error


def recipe_error(error: ValidationError, where: str) -> UserError:
    """The first thing pydantic found, said as a `UserError` with key path, value and the nearest known key."""
    details = error.errors(include_url=False)
    first = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    path = key_path(first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    place = f"{where}: {path}" if path else where
    if first["type"] == "extra_forbidden":
        model = Source if len(first["loc"]) > 1 else Recipe
        return unknown_key(str(first["loc"][-1]), first["input"], list(model.model_fields), place, more)
    if first["type"] == "missing":
        return UserError(f"the key {str(first['loc'][-1])!r} is missing{more}", where=place, todo="add it")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return UserError(f"{message}{more}", where=place, todo="change the recipe")
    return UserError(f"{path} is {_shown(first['input'])}: {_lower_first(message)}{more}", where=place, todo=_todo(first))


def unknown_key(key: str, value: object, known: Sequence[str], where: str, more: str = "") -> UserError:
    """A `UserError` for a key nobody reads, with the nearest one that somebody does."""
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UserError(f"unknown key {key!r} with the value {_shown(value)}{more}", where=where, todo=f"{hint}known keys: {', '.join(known)}")


def key_path(loc: Sequence[int | str]) -> str:
    """`("sources", 0, "count")` as `sources[0].count`."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def apply_override(document: dict[str, Any], override: str) -> None:
    """Set one value inside `document`, in place. Keys along the way must exist; the last one may be new.

    Args:
        document: The parsed recipe.
        override: `path=value`, the path's parts separated by dots, list items by their number.
    """
    where = f"--set {override}"
    path, equals, value = override.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise UserError(f"{override!r} is not path=value", where=where, todo="write for example --set sources.0.count=3")
    node: Any = document
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        key = _step(node, part, last, ".".join(parts[:depth]) or "the recipe", where)
        if last:
            node[key] = _parse_yaml(value, where)
        else:
            node = node[key]


def _step(node: object, part: str, last: bool, at: str, where: str) -> int | str:
    if isinstance(node, list):
        if part.isdecimal() and int(part) < len(node):
            return int(part)
        raise UserError(f"{at} has no item {part!r}", where=where, todo=f"it has {len(node)} items, numbered from 0")
    if isinstance(node, dict):
        if last or part in node:
            return part
        raise UserError(f"{at} has no key {part!r}", where=where, todo=f"it has {', '.join(map(str, node)) or 'no keys'}")
    raise UserError(f"{at} is {_shown(node)}, which has nothing inside", where=where, todo="shorten the path")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which by itself lets the second of two equal keys win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _parse_yaml(text: str, where: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(f"not valid YAML: {problem}", where=where + line, todo="correct the line") from error


def _as_json(document: dict[str, Any], where: str) -> str:
    # JSON mode lets lists become tuples while numbers stay strict; dates and unquoted numeric keys are YAML only.
    try:
        return canonical_json(document)
    except (TypeError, ValueError) as error:
        raise UserError(str(error).replace("$.", "", 1), where=where, todo="quote it, so that YAML reads it as text") from error


def _todo(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        family = error["loc"][-1] == "family"
        return "use a name such as documents.report; `assay families` lists them" if family else "use letters, digits, dots, - and _"
    return "change the value"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

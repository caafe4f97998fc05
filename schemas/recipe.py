"""Turns a recipe's YAML into a checked `Recipe`: which families, with which parameters, how much of each, from which seed.

Reading is strict, because a misspelled key that is ignored costs a corpus: unknown keys, wrong types, numbers out of range and duplicate
keys are a `UserError` that names file, key path, value and nearest known key of each. `--set path=value` overrides are applied before
checking. What the parameters of a family mean is checked by `synth.load`; nothing here imports a family.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from schemas.canonical import canonical_json
from schemas.errors import UserError, all_mistakes, nearest
from schemas.phrases import shortened
from schemas.sample import Json

LEFT_OUT = ("params", "thresholds", "rates", "checkpoint", "held_out")
"""Mappings that recipes, mixtures and training configs need not have; `--set` makes them."""
FAMILY_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")
"""A family's YAML name: its module path below `synth`. Nothing else can be imported by it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
FamilyName = Annotated[str, Field(pattern=rf"^{FAMILY_NAME.pattern}$")]


_KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "recipe": (("sources",), "build it with `assay build`; a mixture names the folder of what was built"),
    "mixture": (("datasets",), "name it in `data: {mixture: …}` of a training config, such as model/configs/tiny.yaml"),
    "training config": (("model", "data"), "train it with `assay train`"),
}
"""Keys that a kind of YAML file must have, and what to do with one that was given in place of another."""


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
        if isinstance(data, dict) and data.get("name") is None and FAMILY_NAME.fullmatch(str(data.get("family"))):
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
    document = parse_yaml(text, where)
    if isinstance(document, list) and document and all(isinstance(item, dict) and "family" in item for item in document):
        raise UserError("this is a list of sources, not a recipe", where=where, todo="put it under `sources:`, and `seed: 1` before that")
    if not isinstance(document, dict):
        raise UserError(f"a recipe is a mapping, found {_shown(document)}", where=where, todo="start with `seed:` and `sources:`")
    check_kind(document, "recipe", where)
    for override in overrides:
        apply_override(document, override)
    try:
        return Recipe.model_validate_json(as_json(document, where))
    except ValidationError as error:
        raise recipe_error(error, where) from error


def recipe_error(error: ValidationError, where: str) -> UserError:
    """All that pydantic found, as one `UserError` with key path, value and the nearest known key of each; unknown keys first."""
    found = error.errors(include_url=False)
    inner = [detail["loc"] for detail in found]
    # A list whose items are wrong counts as empty: that is not a mistake of its own.
    found = [d for d in found if d["type"] != "too_short" or not any(loc[: len(d["loc"])] == d["loc"] != loc for loc in inner)]
    details = sorted(found, key=lambda detail: detail["type"] != "extra_forbidden")
    return all_mistakes([_mistake(detail, where) for detail in details])


def check_kind(document: Mapping[str, Any], wanted: str, where: str) -> None:
    """UserError if a YAML file is clearly of another kind than the wanted one: `recipe`, `mixture` or `training config`."""
    for kind, (own, todo) in _KINDS.items():
        if kind != wanted and set(own) <= set(document) and not set(_KINDS[wanted][0]) & set(document):
            raise UserError(f"this is a {kind}, not a {wanted}", where=where, todo=todo)


def unknown_key(key: str, value: object, known: Sequence[str], where: str, more: str = "") -> UserError:
    """A `UserError` for a key nobody reads, with the nearest one that somebody does."""
    todo = f"{nearest(key, known)}known keys: {', '.join(known)}"
    return UserError(f"unknown key {key!r} with the value {_shown(value)}{more}", where=where, todo=todo)


def key_path(loc: Sequence[int | str]) -> str:
    """`("sources", 0, "count")` as `sources.0.count`, the way `--set` takes it."""
    return ".".join(map(str, loc))


def _mistake(detail: ErrorDetails, where: str) -> UserError:
    path = key_path(detail["loc"])
    place = f"{where}: {path}" if path else where
    if detail["type"] == "extra_forbidden":
        model = Source if len(detail["loc"]) > 1 else Recipe
        return unknown_key(str(detail["loc"][-1]), detail["input"], list(model.model_fields), place)
    if detail["type"] == "missing":
        return UserError(f"the key {str(detail['loc'][-1])!r} is missing", where=place, todo="add it")
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return UserError(message, where=place, todo="change the recipe")
    return UserError(f"{path} is {_shown(detail['input'])}: {_lower_first(message)}", where=place, todo=_todo(detail))


def apply_override(document: dict[str, Any], override: str) -> None:
    """Set one value inside `document`, in place. Keys along the way must exist, except for mappings that may be left out; the last one may
    be new.

    Keys may hold dots themselves, as names of filters do: of the keys that the rest of the path begins with, the longest wins. Inside
    `thresholds` all of the rest is one key, as it holds numbers only.

    Args:
        document: The parsed recipe.
        override: `path=value`, the path's parts separated by dots, list items by their number.
    """
    where = f"--set {override}"
    path, equals, value = override.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise UserError(f"{override!r} is not path=value", where=where, todo="write for example --set sources.0.count=3")
    node, done = document, 0
    while True:
        key, taken = _step(node, parts, done, where)
        done += taken
        if done == len(parts):
            node[key] = parse_yaml(value, where)
            return
        if node[key] is None:  # left empty, or out
            node[key] = {}
        node = node[key]


def _step(node: Any, parts: Sequence[str], done: int, where: str) -> tuple[Any, int]:
    """The key or position within `node` that the path goes on with, and how many of its parts that takes."""
    at, rest = ".".join(parts[:done]) or "the recipe", parts[done:]
    if isinstance(node, list):
        if rest[0].isdecimal() and int(rest[0]) < len(node):
            return int(rest[0]), 1
        raise UserError(f"{at} has no item {rest[0]!r}", where=where, todo=f"it has {len(node)} items, numbered from 0")
    if not isinstance(node, dict):
        raise UserError(f"{at} is {_shown(node)}, which has nothing inside", where=where, todo="shorten the path")
    if len(rest) == 1 or at == "thresholds":
        return ".".join(rest), len(rest)
    for taken in range(len(rest), 0, -1):
        if (key := ".".join(rest[:taken])) in node:
            return key, taken
    if rest[0] in LEFT_OUT:
        node[rest[0]] = {}
        return rest[0], 1
    raise UserError(f"{at} has no key {rest[0]!r}", where=where, todo=f"it has {', '.join(map(str, node)) or 'no keys'}")


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


def parse_yaml(text: str, where: str) -> Any:
    """YAML as plain values; a syntax error or a key given twice is a `UserError` that names `where`."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(f"not valid YAML: {problem}", where=where + line, todo="correct the line") from error


def as_json(document: dict[str, Any], where: str) -> str:
    """The document as JSON, for pydantic's strict mode."""
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
    return shortened(repr(value), 80)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

"""Turns a mixture's YAML into a checked `Mixture`: which data sets a trainer reads, and which share of the tokens each one gets.

Reading is as strict as that of recipes, with the same errors and the same `--set` overrides. Nothing here opens a data set.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from schemas.errors import UserError, all_mistakes
from schemas.phrases import shortened
from schemas.recipe import Name, apply_override, as_json, check_kind, key_path, parse_yaml, unknown_key


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DataSource(_Strict):
    """One data set in a mixture.

    Attributes:
        path: The folder that `assay build` wrote.
        name: How it is called in logs and states; the folder's name if not given. The order of its samples is derived from it.
        weight: Its part of all tokens, relative to the other weights.
        thresholds: Score name to the least score of a sample that is read; one to which the filter does not apply is read.
        passes: How often it may be read through; any number of times if not given.
    """

    path: Annotated[str, Field(min_length=1)]
    name: Name = ""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    thresholds: dict[str, float] = {}
    passes: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("name") is None and isinstance(data.get("path"), str):
            return data | {"name": Path(data["path"]).name}
        return data


class Mixture(_Strict):
    """What a trainer reads.

    Attributes:
        seed: Decides the order of samples.
        datasets: At least one.
        too_long: A sample longer than the sequence is dropped and counted, or refused with an error.
        damaged: A shard with a wrong checksum, or a sample that cannot be decoded, stops the run, or is skipped, reported and counted.
    """

    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    datasets: Annotated[tuple[DataSource, ...], Field(min_length=1)]
    too_long: Literal["drop", "refuse"] = "drop"
    damaged: Literal["stop", "skip"] = "stop"

    @model_validator(mode="after")
    def _unique_names(self) -> "Mixture":
        names = [source.name for source in self.datasets]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two data sets are named {name!r}; give one of them another `name`, because tokens are counted under it")
        return self

    @property
    def shares(self) -> tuple[float, ...]:
        """Each data set's part of all tokens; they sum to 1."""
        total = sum(source.weight for source in self.datasets)
        return tuple(source.weight / total for source in self.datasets)


def load_mixture(path: Path | str, overrides: Sequence[str] = ()) -> Mixture:
    """Read a mixture file.

    Args:
        path: The YAML file.
        overrides: `--set` arguments, such as `datasets.0.weight=3`; values are parsed as YAML.

    Raises:
        UserError: The file cannot be read or what it says is not a mixture.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"cannot read the mixture {str(path)!r}: {error}", where=str(path), todo="give the path of a YAML mixture"
        ) from error
    document = parse_yaml(text, str(path))
    if not isinstance(document, dict):
        raise UserError(f"a mixture is a mapping, found {shortened(repr(document), 80)}", where=str(path), todo="start with `datasets:`")
    check_kind(document, "mixture", str(path))
    for override in overrides:
        apply_override(document, override)
    return parse_mixture(document, str(path))


def parse_mixture(document: dict[str, Any], where: str) -> Mixture:
    """The mixture that a parsed YAML mapping holds; `where` names it in errors (`UserError`)."""
    try:
        return Mixture.model_validate_json(as_json(document, where))
    except ValidationError as error:
        raise _mixture_error(error, where) from error


def _mixture_error(error: ValidationError, where: str) -> UserError:
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    return all_mistakes([_mistake(detail, where) for detail in details])


def _mistake(detail: ErrorDetails, where: str) -> UserError:
    path = key_path(detail["loc"])
    place = f"{where}: {path}" if path else where
    if detail["type"] == "extra_forbidden":
        model = DataSource if len(detail["loc"]) > 1 else Mixture
        return unknown_key(str(detail["loc"][-1]), detail["input"], list(model.model_fields), place)
    if detail["type"] == "missing":
        return UserError(f"the key {str(detail['loc'][-1])!r} is missing", where=place, todo="add it")
    if detail["type"] == "value_error":
        return UserError(detail["msg"].removeprefix("Value error, "), where=place, todo="change the mixture")
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    todo = "give it a weight above 0, or take the data set out" if detail["loc"][-1] == "weight" else "change the value"
    return UserError(f"{path} is {shortened(repr(detail['input']), 80)}: {message}", where=place, todo=todo)

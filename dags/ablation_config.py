"""Turns an ablation's YAML into a checked `Ablation`: a base run, named changes to it, seeds, and what is compared.

Reading is as strict as that of recipes, with the same errors. Nothing here opens a data set; `dags.ablation_steps` does.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import UserError, all_mistakes, nearest
from schemas.recipe import Name, apply_override, as_json, key_path, parse_yaml, unknown_key

MAX_FACTORS = 4
Control = Literal["same data", "positive", "sensitivity"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DataEntry(_Strict):
    """A data set, built already (`path`) or to be built (`recipe`, with `--set` overrides).

    Attributes:
        weight: Its part of the tokens, relative to the others'; means nothing in `evaluation`.
        thresholds: As in a mixture.
        limit: Samples asked about, spread evenly, in `evaluation`; all if None.
    """

    path: str | None = None
    recipe: str | None = None
    set: tuple[str, ...] = ()
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    thresholds: dict[str, float] = {}
    limit: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "DataEntry":
        if (self.path is None) == (self.recipe is None):
            raise ValueError(f"give exactly one of path ({self.path}) and recipe ({self.recipe})")
        if self.path is not None and self.set:
            raise ValueError("`set` changes a recipe, and this data set is built already")
        return self


class Change(_Strict):
    """What one arm does otherwise than the base; an empty one is refused.

    Attributes:
        without: Data sets left out; the others get their tokens, by weight.
        weights: Data set to its new weight.
        thresholds: Data set to score thresholds, which replace its own.
        set: Data set to further overrides of its recipe: languages, page counts, question types, wear.
        data: Data sets added, or put in the place of those of the same name, such as one without duplicates.
        label_noise: Share of answers that change places with others of their task.
        train: Overrides of the training config.
        same_data: The A/A control: the base again, in another order and from other weights.
    """

    without: tuple[str, ...] = ()
    weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    thresholds: dict[str, dict[str, float]] = {}
    set: dict[str, tuple[str, ...]] = {}
    data: dict[str, DataEntry] = {}
    label_noise: Annotated[float, Field(gt=0, le=1)] | None = None
    train: tuple[str, ...] = ()
    same_data: bool = False

    @model_validator(mode="after")
    def _changes_something(self) -> "Change":
        if self == Change.model_construct():
            raise ValueError("it changes nothing; say what, or `same_data: true` for an A/A control")
        return self

    @property
    def control(self) -> Control | None:
        """Which control this is, if it is one and nothing else."""
        if self == Change.model_construct(same_data=True):
            return "same data"
        if self.label_noise is not None and self == Change.model_construct(label_noise=self.label_noise):
            return "sensitivity"
        return "positive" if self.without and self == Change.model_construct(without=self.without) else None


class Comparison(_Strict):
    """How arms are judged.

    Attributes:
        metrics: `loss`, held-out nats a token, which is lower for the better; and scores of answers (`model.evaluate.score_answer`). The
            first decides.
        level: Rate of false findings that the whole report may have.
        smallest: An effect not larger than this counts as none, in the first metric's unit.
        max_new_tokens: No answer is longer.
    """

    metrics: Annotated[tuple[str, ...], Field(min_length=1)] = ("loss",)
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    smallest: Annotated[float, Field(gt=0)] = 0.02
    max_new_tokens: Annotated[int, Field(ge=1)] = 256


class Ablation(_Strict):
    """A base, changes, and seeds.

    Attributes:
        name: Of the report's folder.
        seeds: Each is one run of every arm; it decides first weights and the order of the data, so that arms are paired by it.
        data: What the base trains on.
        evaluation: What every run is asked about; a name that a training set has too says that the set is of that kind.
        train: A training config (`model.train_config`) without `data.mixture`, `held_out` and `seed`.
        stages: Changes to `train`, as overrides; each stage starts from the model of the one before. None: one stage.
        changes: Name to change.
        factors: Two or more changes made in every combination, each with all the others' settings: their main effects and how each two
            interact are judged instead of single arms. Beside them only `same_data` stands.
        leave_one_out: Whether `without NAME` is added for each data set.
        price_per_hour: Of one GPU, for the cost in the report, in any currency.
    """

    name: Name
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(min_length=1)]
    data: Annotated[dict[Name, DataEntry], Field(min_length=1)]
    evaluation: Annotated[dict[Name, DataEntry], Field(min_length=1)]
    train: dict[str, Any]
    stages: tuple[tuple[str, ...], ...] = ((),)
    changes: dict[str, Change] = {}
    factors: dict[str, Change] = {}
    leave_one_out: bool = False
    comparison: Comparison = Comparison()
    price_per_hour: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Ablation":
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"a seed stands twice in {list(self.seeds)}")
        if "base" in self.changes:
            raise ValueError("`base` is the name of the arm without a change; give the change another")
        if self.factors and not 2 <= len(self.factors) <= MAX_FACTORS:
            raise ValueError(f"{len(self.factors)} factors; give two to {MAX_FACTORS}, which make four to {2**MAX_FACTORS} arms")
        if self.factors and (self.leave_one_out or any(change.control != "same data" for change in self.changes.values())):
            raise ValueError("factors are judged alone: beside them only a change with `same_data` can stand, so make two ablations")
        self.arms  # noqa: B018 - so that factors that contradict each other are found
        if not self.stages:
            raise ValueError("stages is empty; leave it out, or give one list of overrides a stage")
        return self

    @property
    def arms(self) -> dict[str, Change | None]:
        """Every arm by name: the base, whose change is None, then the changes, the cells of the factors, those of `leave_one_out`."""
        left_out = {f"without {name}": Change(without=(name,)) for name in self.data} if self.leave_one_out and len(self.data) > 1 else {}
        cells = {" + ".join(cell): _together({name: self.factors[name] for name in cell}) for cell in self.cells if cell}
        return {"base": None, **self.changes, **cells, **left_out}

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """Every set of factors, that of none first; nothing without factors. The arm of a cell is named after it, joined by ` + `."""
        count = len(self.factors)
        return [cell for size in range(count + 1) for cell in combinations(self.factors, size)] if count else []


def _together(factors: Mapping[str, Change]) -> Change:
    """One change that makes several; ValueError if they would change the same thing, as then neither is made in full."""
    found: dict[str, Any] = {}
    touched: dict[tuple[str, str], str] = {}
    for factor, change in factors.items():
        if change.same_data:
            raise ValueError(f"the factor {factor!r} is `same_data`, which belongs into `changes`")
        for key in change.model_fields_set:
            value = getattr(change, key)
            names = [one.partition("=")[0] for one in value] if key == "train" else [""] if key == "label_noise" else list(value)
            for name in names:
                if (other := touched.setdefault((key, name), factor)) != factor:
                    raise ValueError(f"the factors {other!r} and {factor!r} both change {key}{name and f'.{name}'}")
            found[key] = (
                {**found.get(key, {}), **value} if isinstance(value, dict) else (*found.get(key, ()), *value) if names != [""] else value
            )
    return Change(**found)


def load_ablation(path: Path | str, overrides: Sequence[str] = ()) -> Ablation:
    """Read an ablation's file; relative paths in it are taken from where the command runs.

    Raises:
        UserError: The file cannot be read, what it says is no ablation, or a change names a data set that is not there.
    """
    where = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the ablation {where!r}: {error}", where=where, todo="give the path of an ablation's YAML") from error
    document = parse_yaml(text, where)
    if not isinstance(document, dict):
        raise UserError(f"an ablation is a mapping, found {document!r}", where=where, todo="start with `name:`, `seeds:`, `data:`")
    for override in overrides:
        apply_override(document, override)
    try:
        found = Ablation.model_validate_json(as_json(document, where))
    except ValidationError as error:
        raise _error(error, where) from error
    _check_names(found, where)
    return found


def _error(error: ValidationError, where: str) -> UserError:
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    mistakes = []
    for detail in details:
        path, last = key_path(detail["loc"]), str(detail["loc"][-1]) if detail["loc"] else ""
        place = f"{where}: {path}" if path else where
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            mistakes.append(unknown_key(last, detail["input"], list(_model_at(detail["loc"]).model_fields), place))
        elif detail["type"] == "missing":
            mistakes.append(UserError(f"the key {last!r} is missing", where=place, todo="add it"))
        else:
            mistakes.append(UserError(message[:1].lower() + message[1:], where=place, todo="change the value"))
    return all_mistakes(mistakes)


def _model_at(loc: Sequence[int | str]) -> type[BaseModel]:
    """The model that the last part of `loc` is an unknown key of."""
    if len(loc) == 1:
        return Ablation
    if loc[0] == "comparison":
        return Comparison
    return Change if loc[0] in ("changes", "factors") and len(loc) == 3 else DataEntry


def _check_names(ablation: Ablation, where: str) -> None:
    mistakes = []
    for name, change in ablation.arms.items():
        place = f"{where}: changes.{name}"
        if change is None:
            continue
        for key in ("without", "weights", "thresholds", "set"):
            mistakes += [_missing(one, ablation, f"{place}.{key}") for one in getattr(change, key) if one not in ablation.data]
        mistakes += [
            UserError(f"{one!r} is built already, so its recipe cannot change", where=f"{place}.set", todo="give it a `recipe` in `data`")
            for one in change.set
            if one in ablation.data and ablation.data[one].recipe is None
        ]
        if set(ablation.data) <= set(change.without) and not change.data:
            mistakes.append(UserError(f"{name!r} leaves no data", where=f"{place}.without", todo="leave at least one data set in"))
    mistakes += [
        UserError(f"{key!r} is decided by the ablation", where=f"{where}: train.{key}", todo="take it out")
        for key in ("held_out", "seed")
        if key in ablation.train
    ]
    if mistakes:
        raise all_mistakes(mistakes)


def _missing(name: str, ablation: Ablation, place: str) -> UserError:
    known = sorted(ablation.data)
    return UserError(f"there is no data set {name!r}", where=place, todo=f"{nearest(name, known)}there are: {', '.join(known)}")


def data_of(ablation: Ablation, change: Change | None) -> dict[str, DataEntry]:
    """What an arm trains on, by name, in the base's order; label noise is no part of it."""
    if change is None:
        return dict(ablation.data)
    found = {}
    for name, entry in {**ablation.data, **change.data}.items():
        if name in change.without:
            continue
        more: dict[str, Any] = {"set": (*entry.set, *change.set.get(name, ()))}
        if name in change.weights:
            more["weight"] = change.weights[name]
        if name in change.thresholds:
            more["thresholds"] = change.thresholds[name]
        found[name] = entry.model_copy(update=more)
    return found

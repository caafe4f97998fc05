"""Turns a training config's YAML into a checked `TrainConfig`: which model, which data, how it learns, how it is spread and stored.

Plain dataclasses, so that the loop runs where pydantic is not installed; reading YAML needs it, and is as strict as recipes are: an unknown
key, a wrong type or a value out of range is a `UserError` with file, key path, value and the nearest known key.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_type_hints

from schemas.errors import UserError

Stage = Literal["s0", "s1", "s2", "s3", "tune"]
Part = Literal["mergers", "vision", "text"]
STAGES: dict[Stage, tuple[int, tuple[Part, ...]]] = {
    "s0": (8_192, ("mergers",)),
    "s1": (8_192, ("mergers", "vision", "text")),
    "s2": (32_768, ("mergers", "vision", "text")),
    "s3": (262_144, ("mergers", "vision", "text")),
    "tune": (32_768, ("mergers", "vision", "text")),
}
"""Sequence length and trained parts of each stage: Qwen3-VL report, section 3.1 and table 1. `mergers` are all four, the main one and those
of DeepStack, which the report leaves open; `tune` is post-training, whose length the report does not give (chosen: S2's)."""
_STRICT = {"extra": "forbid", "strict": True}
_EXPONENT = re.compile(r"[-+]?\d+e[-+]?\d+", re.IGNORECASE)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Exactly one of a preset's name (random weights) and a folder with config.json and safetensors (Hugging Face's layout)."""

    __pydantic_config__: ClassVar[Any] = _STRICT
    preset: str | None = None
    folder: str | None = None

    def __post_init__(self) -> None:
        _need((self.preset is None) != (self.folder is None), f"give exactly one of preset ({self.preset}) and folder ({self.folder})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChoice:
    """Where rows come from.

    Attributes:
        mixture: A mixture's YAML file (`schemas/mixture.py`), which names data sets, shares, and what to do with what does not fit.
        workers: Processes that read, decode and pack ahead of the step; None for as many as there are processors, 0 for none.
        max_image_tokens: Images are scaled down to this many tokens; None for Qwen3-VL's own bound.
        min_image_tokens: Images are scaled up to this many; None for Qwen3-VL's 64. With fewer, a picture of one short line keeps its size
            and costs no more than it shows.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    mixture: str
    workers: int | None = None
    max_image_tokens: int | None = None
    min_image_tokens: int | None = None

    def __post_init__(self) -> None:
        _need(self.workers is None or self.workers >= 0, f"workers is {self.workers}; give 0 or more")
        _need(self.max_image_tokens is None or self.max_image_tokens >= 4, f"max_image_tokens is {self.max_image_tokens}; give 4 or more")
        least, most = self.min_image_tokens, self.max_image_tokens
        _need(least is None or 1 <= least <= (most or least), f"min_image_tokens is {least}; give 1 to max_image_tokens ({most})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerChoice:
    """AdamW, its schedule and clipping; `rates` multiplies the learning rate of a part. The defaults are chosen: the report gives none."""

    __pydantic_config__: ClassVar[Any] = _STRICT
    learning_rate: float
    warmup_steps: int = 100
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    final_share: float = 0.1
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    max_norm: float = 1.0
    rates: dict[Part, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _need(self.learning_rate > 0, f"learning_rate is {self.learning_rate}; give more than 0")
        _need(self.warmup_steps >= 0, f"warmup_steps is {self.warmup_steps}; give 0 or more")
        _need(0 <= self.final_share <= 1, f"final_share is {self.final_share}; give 0 to 1")
        _need(self.weight_decay >= 0, f"weight_decay is {self.weight_decay}; give 0 or more")
        _need(0 <= self.beta1 < 1 and 0 <= self.beta2 < 1, f"beta1 and beta2 are {self.beta1} and {self.beta2}; give 0 to below 1")
        _need(self.eps > 0, f"eps is {self.eps}; give more than 0")
        _need(self.max_norm > 0, f"max_norm is {self.max_norm}; give more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointChoice:
    """How often a checkpoint is written, how many are kept, and whether the finished model is also written as Hugging Face safetensors."""

    __pydantic_config__: ClassVar[Any] = _STRICT
    every_steps: int = 500
    keep: int = 3
    export: bool = True

    def __post_init__(self) -> None:
        _need(self.every_steps >= 1, f"every_steps is {self.every_steps}; give 1 or more")
        _need(self.keep >= 1, f"keep is {self.keep}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutChoice:
    """Data never trained on: its loss is measured every so many steps on the first `rows` packed rows, and `assay evaluate` asks its
    questions.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    mixture: str
    every_steps: int = 500
    rows: int = 16

    def __post_init__(self) -> None:
        _need(self.every_steps >= 1, f"every_steps is {self.every_steps}; give 1 or more")
        _need(self.rows >= 1, f"rows is {self.rows}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One run of the loop. A later stage is another run whose model folder is the earlier run's export.

    Attributes:
        stage: Decides what is trained, and the sequence length where none is given.
        steps: Optimiser steps.
        rows_per_step: Packed rows of one step over all ranks; each rank takes its share, one row at a time.
        sequence_length: Slots of a row.
        loss_exponent: p of the weight n^-p of a token in a sub-sample with n supervised tokens: 0 is the token mean, 0.5 the square root, 1
            the sample mean.
        precision: Type that forward and backward run in; masters are fp32 either way.
        compile: Whether blocks go through torch.compile.
        deterministic: Whether a GPU adds up in an order that never changes, so that the same run gives the same losses to the bit. A CPU
            always does. Operations of torch that have no such order warn.
        recompute: Activation checkpointing: `none`, `all`, or every n-th block as a number.
        log_every: Steps between lines of progress; metrics are written each step.
        seed: Of random weights; the order of the data follows from the mixture's own `seed`.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    model: ModelChoice
    data: DataChoice
    optimizer: OptimizerChoice
    steps: int
    stage: Stage = "s1"
    rows_per_step: int = 8
    sequence_length: int | None = None
    trained: tuple[Part, ...] | None = None
    loss_exponent: float = 0.5
    precision: Literal["bf16", "fp32"] = "bf16"
    compile: bool = True
    deterministic: bool = False
    recompute: Literal["none", "all"] | int = "none"
    checkpoint: CheckpointChoice = field(default_factory=CheckpointChoice)
    held_out: HeldOutChoice | None = None
    log_every: int = 10
    seed: int = 1

    def __post_init__(self) -> None:
        _need(self.steps >= 1, f"steps is {self.steps}; give 1 or more")
        _need(self.rows_per_step >= 1, f"rows_per_step is {self.rows_per_step}; give 1 or more")
        _need(self.sequence_length is None or self.sequence_length >= 64, f"sequence_length is {self.sequence_length}; give 64 or more")
        _need(self.trained is None or bool(self.trained), "trained is empty; name at least one of mergers, vision, text")
        _need(0 <= self.loss_exponent <= 1, f"loss_exponent is {self.loss_exponent}; give 0 to 1")
        _need(isinstance(self.recompute, str) or self.recompute >= 1, f"recompute is {self.recompute}; give none, all, or 1 or more")
        _need(self.log_every >= 1, f"log_every is {self.log_every}; give 1 or more")
        _need(0 <= self.seed < 2**63, f"seed is {self.seed}; give 0 to 2^63 - 1")

    @property
    def length(self) -> int:
        """Slots of a row: what is given, else the stage's."""
        return self.sequence_length if self.sequence_length is not None else STAGES[self.stage][0]

    @property
    def trained_parts(self) -> tuple[Part, ...]:
        """What learns: what is given, else the stage's."""
        return self.trained if self.trained is not None else STAGES[self.stage][1]

    def resolved(self) -> dict[str, Any]:
        """Every value, defaults filled in, as JSON."""
        return asdict(self) | {"sequence_length": self.length, "trained": list(self.trained_parts)}


def part_of(name: str) -> Part:
    """The part that a parameter of `model.qwen3_vl.Qwen3VL` belongs to."""
    if name.startswith(("vision.merger.", "vision.deepstack_mergers.")):
        return "mergers"
    return "vision" if name.startswith("vision.") else "text"


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a config file. Relative paths in it are taken from where the command runs, as in recipes and mixtures.

    Args:
        path: The YAML file.
        overrides: `--set` arguments, such as `optimizer.learning_rate=0.001`.

    Raises:
        UserError: The file cannot be read, or what it says is not a config.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"cannot read the config {str(path)!r}: {error}", where=str(path), todo="give the path of a training YAML"
        ) from error
    return parse_config(text, str(path), overrides)


def parse_config(text: str, where: str, overrides: Sequence[str] = ()) -> TrainConfig:
    """The config that `text` holds; `where` names it in errors."""
    from pydantic import TypeAdapter, ValidationError

    from schemas.canonical import canonical_json
    from schemas.recipe import apply_override, check_kind, parse_yaml

    document = parse_yaml(text, where)
    if not isinstance(document, dict):
        raise UserError(
            f"a training config is a mapping, found {document!r}", where=where, todo="start with `model:`, `data:`, `optimizer:`"
        )
    check_kind(document, "training config", where)
    for override in overrides:
        apply_override(document, override)
    try:
        return TypeAdapter(TrainConfig).validate_json(canonical_json(_with_floats(document)), strict=True)
    except ValidationError as error:
        raise _config_error(error.errors(include_url=False), where) from error
    except (TypeError, ValueError) as error:
        raise UserError(str(error), where=where, todo="quote it, so that YAML reads it as text") from error


def _with_floats(value: Any) -> Any:
    """`1e-4`, which YAML 1.1 takes for text because it has no point, as the number that is meant."""
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _config_error(details: Sequence[Any], where: str) -> UserError:
    """The first thing pydantic found, said as recipes say it."""
    from schemas.recipe import key_path, unknown_key

    first = next((detail for detail in details if detail["type"] == "unexpected_keyword_argument"), details[0])
    cls, loc = _known_part(first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    place = f"{where}: {key_path(loc)}" if loc else where
    known = [item.name for item in fields(cls)]
    if first["type"] == "unexpected_keyword_argument":
        return unknown_key(str(first["loc"][-1]), first["input"], known, place, more)
    if first["type"] == "missing":
        return UserError(f"the key {str(first['loc'][-1])!r} is missing{more}", where=place, todo="add it")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return UserError(f"{message}{more}", where=place, todo="change the config")
    return UserError(f"{key_path(loc)} is {first['input']!r}: {message}{more}", where=place, todo="change the value")


def _known_part(loc: Sequence[int | str]) -> tuple[type[Any], tuple[int | str, ...]]:
    """The dataclass that the end of `loc` is a key of, and `loc` without the names pydantic gives to members of a union."""
    cls: type[Any] = TrainConfig
    for depth, part in enumerate(loc[:-1]):
        inner: Any = next((t for t in _alternatives(get_type_hints(cls).get(str(part))) if is_dataclass(t)), None)
        if inner is None:
            return cls, tuple(loc[: depth + 1])
        cls = inner
    return cls, tuple(loc)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) or (kind,)

"""The Vega-Lite specifications that are drawn: exactly what `vega_spec` writes, key by key.

Vega computes, fetches and hides at the word of hundreds of keys, and expressions stand in many; so what is not named here is refused.
Ticks, words and marks then have Vega's own colours and are neither clipped nor transparent, and every number is bounded.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.color_difference import ciede2000, lab

Text = Annotated[str, StringConstraints(max_length=500)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Points = Annotated[int, Field(ge=100, le=2000)]
GROUND = "#ffffff"
LEAST_SEEN = 10.0
"""ΔE by CIEDE2000 that a mark's colour must have from the ground's (chosen: the palest of the palettes' has more)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Row(_Part):
    """One value of the table."""

    row: Text | Number
    value: Number
    series: Text = ""
    place: Annotated[int, Field(ge=0, lt=50)] = 0


class Data(_Part):
    """The table, which stands in the specification."""

    values: Annotated[list[Row], Field(min_length=1, max_length=2000)]


class Mark(_Part):
    """What is drawn of each row."""

    type: Literal["bar", "line", "point", "area"]
    interpolate: Literal["step"] | None = None
    filled: Literal[True] | None = None
    opacity: Literal[1] | None = None
    color: Color | None = None


class Axis(_Part):
    """What stands beside an axis."""

    title: Text | None
    grid: bool
    tickRound: Literal[False]
    labelAngle: Literal[0, -40] = 0
    format: Literal["~r"] | None = None
    labelFlush: Literal[False] | None = None
    labelOverlap: Literal["greedy"] | None = None
    labelSeparation: Literal[4] | None = None


class Scale(_Part):
    """Where an axis of numbers begins; its end follows from the data."""

    zero: bool
    nice: bool = True


class Position(_Part):
    """One axis."""

    field: Literal["row", "value"]
    type: Literal["quantitative", "nominal"]
    axis: Axis
    scale: Scale | None = None
    sort: list[Text] | None = None


class Colors(_Part):
    """Which series has which colour."""

    domain: list[Text]
    range: list[Color]


class Legend(_Part):
    """Beside the plot, without a title."""

    title: None


class ColorChannel(_Part):
    """Colours by series."""

    field: Literal["series"]
    type: Literal["nominal"]
    sort: None
    scale: Colors
    legend: Legend


class Offset(_Part):
    """Bars side by side."""

    field: Literal["series"]
    type: Literal["nominal"]
    sort: list[Text]


class Order(_Part):
    """Which bars or areas lie below."""

    field: Literal["place"]
    type: Literal["quantitative"]


class Encoding(_Part):
    """What of the table is seen where."""

    x: Position
    y: Position
    color: ColorChannel | None = None
    xOffset: Offset | None = None
    yOffset: Offset | None = None
    order: Order | None = None


class Fit(_Part):
    """Everything lies within the picture's size."""

    type: Literal["fit"]
    contains: Literal["padding"]


class Meta(_Part):
    """The picture's pixels an inch."""

    ppi: Annotated[int, Field(ge=50, le=300)]


class PointSize(_Part):
    """Of points."""

    size: Literal[50]


class AxisConfig(_Part):
    """Labels are never shortened."""

    labelLimit: Literal[0]


class TitleConfig(_Part):
    """Nor is the title."""

    limit: Literal[0]


class Config(_Part):
    """Looks of all charts."""

    font: Literal["DejaVu Sans"]
    point: PointSize
    axis: AxisConfig
    title: TitleConfig


class Specification(_Part):
    """A whole specification."""

    title: Text
    width: Points
    height: Points
    autosize: Fit
    background: Literal["white"]
    padding: Literal[10]
    data: Data
    mark: Mark
    encoding: Encoding
    usermeta: Meta
    config: Config

    def unseen_colors(self) -> list[str]:
        """Colours of marks that are too near to the ground's."""
        told = ([self.mark.color] if self.mark.color else []) + (self.encoding.color.scale.range if self.encoding.color else [])
        return [color for color in told if ciede2000(lab(color), lab(GROUND)) < LEAST_SEEN]

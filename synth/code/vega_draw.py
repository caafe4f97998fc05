"""Draws Vega-Lite specifications with Vega itself, in the interpreter that vl-convert holds (V8 and resvg, BSD-3-Clause): no browser.

Nothing is fetched or computed: a specification with any key or word that ours have not (`vega_schema`) is refused. Its font is DejaVu Sans,
which matplotlib brings.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib

from schemas.errors import DataError, NotInstalledError
from synth.code.vega_schema import Specification

VEGA_SPEC = "chart.vl.json"
"""Name of the attachment that holds a specification."""
VEGA_LITE = "6.4"
"""The version of Vega-Lite, of those that vl-convert holds."""
MOST_BYTES = 200_000
"""Longer specifications are not drawn (chosen: ten times what a chart of ours needs)."""


@dataclass(frozen=True, slots=True)
class VegaDrawn:
    """A picture, and Vega's scene graph of it: groups of marks with their places in points."""

    png: bytes
    scene: dict[str, Any]


def draw_vega(text: str) -> VegaDrawn:
    """Draw a specification.

    Raises:
        DataError: `not_vega`, it is none, or none that may be drawn.
    """
    if len(text) > MOST_BYTES:
        raise DataError("not_vega", f"the specification has {len(text)} characters, more than {MOST_BYTES}")
    try:
        loaded = json.loads(text)
        spec = Specification.model_validate(loaded)
    except (ValueError, RecursionError) as error:  # pydantic's is a ValueError
        raise DataError("not_vega", f"it is no specification of ours: {str(error)[:300]}") from error
    if unseen := spec.unseen_colors():
        raise DataError("not_vega", f"{unseen[0]} is not seen on white")
    plain, ppi = json.dumps(loaded, ensure_ascii=False), spec.usermeta.ppi  # what was looked at, and no second meaning of the text
    engine = _engine()
    try:
        png = engine.vegalite_to_png(plain, vl_version=VEGA_LITE, ppi=ppi, allowed_base_urls=[])
        scene = engine.vegalite_to_scenegraph(plain, vl_version=VEGA_LITE, allowed_base_urls=[])
    except ValueError as error:
        raise DataError("not_vega", f"Vega does not draw it: {str(error)[:300]}") from error
    return VegaDrawn(png, scene)


@cache
def _engine() -> ModuleType:
    """vl-convert, which takes half a second and 200 MiB when it draws first.

    Raises:
        NotInstalledError: It is not there; all other tasks go without.
    """
    try:
        import vl_convert
    except ImportError as error:
        todo = "pip install vl-convert-python, or leave from_vega out of tasks"
        raise NotInstalledError(f"Vega is not installed: {error}", where="synth.code.vega_draw", todo=todo) from error

    vl_convert.register_font_directory(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf"))
    return vl_convert

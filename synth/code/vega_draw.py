"""Draws Vega-Lite specifications with Vega itself, in the interpreter that vl-convert holds (V8 and resvg, BSD-3-Clause): no browser.

Nothing is fetched: a specification that names anything outside itself, or computes, is refused. The only font is matplotlib's own.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib

from schemas.errors import DataError, NotInstalledError

VEGA_SPEC = "chart.vl.json"
"""Name of the attachment that holds a specification."""
VEGA_LITE = "6.4"
"""The version of Vega-Lite, of those that vl-convert holds."""
MOST_BYTES, MOST_PPI = 200_000, 300
"""Longer specifications and finer pictures are not drawn (chosen: ten times what a chart of ours needs)."""
COMPUTES = ("url", "transform", "params", "expr", "signal", "sequence", "graticule", "sphere", "calculate", "usermeta_url", "href", "$ref")
"""Keys with which a specification would reach outside itself or compute."""


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
        spec = json.loads(text)
        ppi = spec["usermeta"]["ppi"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError("not_vega", f"it is no specification of ours: {error!r}") from error
    if found := sorted(set(_keys(spec)) & set(COMPUTES)):
        raise DataError("not_vega", f"the specification holds {found[0]!r}")
    if type(ppi) is not int or not 0 < ppi <= MOST_PPI:
        raise DataError("not_vega", f"a picture of {ppi!r} pixels an inch")
    engine = _engine()
    try:
        png = engine.vegalite_to_png(text, vl_version=VEGA_LITE, ppi=ppi, allowed_base_urls=[])
        scene = engine.vegalite_to_scenegraph(text, vl_version=VEGA_LITE, allowed_base_urls=[])
    except ValueError as error:
        raise DataError("not_vega", f"Vega does not draw it: {str(error)[:300]}") from error
    return VegaDrawn(png, scene)


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


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

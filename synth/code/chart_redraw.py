"""Runs inside the sandbox as a program of its own: draws a display list (`chart_recorder`) and says how the picture differs from the PNG.

The list comes from a program that nobody vouches for; this file does not, and shares no process with it. Where no pixel differs, the list
is what the picture shows. It also measures each text, as matplotlib sets it. NumPy, Pillow and matplotlib only.
"""

import base64
import json
import math
import types
import zlib
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D, Bbox, TransformedPath
from PIL import Image

MAX_AREA_PX = 16_000_000
_agg: Any = RendererAgg
PLAIN = ("_alpha", "_forced_alpha", "_antialiased", "_linewidth", "_hatch", "_hatch_linewidth", "_snap")


def redraw(drawing: dict[str, Any]) -> Any:
    """The canvas with everything on it."""
    if drawing["width"] * drawing["height"] > MAX_AREA_PX:
        raise ValueError("the picture is too large")
    mpl.rcParams.update({name: value for name, value in drawing["settings"].items() if value is not None})
    renderer: Any = _agg(drawing["width"], drawing["height"], drawing["dpi"])
    for call in drawing["calls"]:
        _draw(renderer, call)
    return renderer


def _draw(renderer: Any, call: dict[str, Any]) -> None:
    gc = _gc(call["gc"])
    match call["op"]:
        case "path":
            renderer.draw_path(gc, _path(call["path"]), _affine(call["at"]), _color(call["fill"]))
        case "markers":
            marker, path = _path(call["marker"]), _path(call["path"])
            renderer.draw_markers(gc, marker, _affine(call["marker_at"]), path, _affine(call["at"]), _color(call["fill"]))
        case "paths":
            paths, offsets = [_path(path) for path in call["paths"]], _pairs(call["offsets"])
            transforms = np.array(call["transforms"], float).reshape(-1, 3, 3)
            dashes = [(float(start), tuple(lengths) if lengths else None) for start, lengths in call["dashes"]]
            style = (_colors(call["fills"]), _colors(call["edges"]), np.array(call["widths"], float), dashes, call["antialiased"])
            places = (transforms, offsets, _affine(call["offset_at"]))
            hatches = _colors(call["hatches"] or [])
            renderer.draw_path_collection(gc, _affine(call["at"]), paths, *places, *style, [None], call["position"], hatchcolors=hatches)
        case "mesh":
            shape = (call["height"] + 1, call["width"] + 1, 2)
            where = (np.array(call["corners"], float).reshape(shape), _pairs(call["offsets"]), _affine(call["offset_at"]))
            mesh = (*where, _colors(call["fills"]), call["antialiased"], _colors(call["edges"]))
            renderer.draw_quad_mesh(gc, _affine(call["at"]), call["width"], call["height"], *mesh)
        case "image":
            pixels = np.frombuffer(bytearray(zlib.decompress(base64.b64decode(call["pixels"]))), np.uint8).reshape(call["shape"])
            renderer.draw_image(gc, call["x"], call["y"], pixels)
        case "text":
            renderer.draw_text(gc, call["x"], call["y"], call["text"], _font(call["font"]), call["angle"], call["math"])
        case _:
            raise ValueError(f"{call['op']} cannot be drawn again")


def _gc(told: dict[str, Any]) -> GraphicsContextBase:
    gc = GraphicsContextBase()
    for name in PLAIN:
        setattr(gc, name, told[name])
    gc.set_capstyle(told["_capstyle"])
    gc.set_joinstyle(told["_joinstyle"])
    gc._rgb = tuple(told["_rgb"])  # type: ignore[attr-defined]
    gc._hatch_color = _color(told["_hatch_color"])  # type: ignore[attr-defined]
    gc._sketch = tuple(told["_sketch"]) if told["_sketch"] else None  # type: ignore[attr-defined]
    start, lengths = told["dashes"]
    gc._dashes = (start, tuple(lengths) if lengths else None)  # type: ignore[attr-defined]
    if told["clip"] is not None:
        gc._cliprect = Bbox.from_bounds(*told["clip"])  # type: ignore[attr-defined]
    if "clip_path" in told:
        gc._clippath = TransformedPath(_path(told["clip_path"]), _affine(told["clip_at"]))  # type: ignore[attr-defined]
    return gc


def _path(told: dict[str, Any]) -> Outline:
    codes = None if told["codes"] is None else np.array(told["codes"], np.uint8)
    path = Outline(_pairs(told["vertices"]), codes)
    path.should_simplify, path.simplify_threshold = told["simplify"]
    return path


def _affine(told: list[list[float]]) -> Affine2D:
    return Affine2D(np.array(told, float))


def _pairs(told: list[list[float | None]]) -> Any:
    return np.array(told, float).reshape(-1, 2)


def _color(told: list[float] | None) -> tuple[float, ...] | None:
    return None if told is None else tuple(told)


def _colors(told: list[list[float]]) -> Any:
    return np.array(told, float).reshape(-1, 4)


def _font(told: dict[str, Any]) -> FontProperties:
    names = ("family", "style", "variant", "weight", "stretch", "size", "math_fontfamily")
    return FontProperties(**{name: told[name] for name in names}, fname=told["file"])


def text_boxes(renderer: Any, drawing: dict[str, Any]) -> list[list[Any]]:
    """Of each text: itself, left, top, right, bottom in pixels from the upper left, and its angle in degrees."""
    found = []
    for call in drawing["calls"]:
        if call["op"] == "text" and call["text"].strip():
            width, height, below = renderer.get_text_width_height_descent(call["text"], _font(call["font"]), call["math"])
            cos, sin = math.cos(math.radians(call["angle"])), math.sin(math.radians(call["angle"]))
            corners = [(dx * cos + dy * sin, -dx * sin + dy * cos) for dx in (0, width) for dy in (below - height, below)]
            xs, ys = zip(*corners, strict=True)
            box = [call["x"] + min(xs), call["y"] + min(ys), call["x"] + max(xs), call["y"] + max(ys)]
            found.append([call["text"], *(round(float(value), 3) for value in box), call["angle"]])
    return found


def main() -> None:
    """Read both, compare, tell."""
    drawing = json.loads(Path("drawing.json").read_text(encoding="utf-8"))
    renderer = redraw(drawing)
    again = np.asarray(renderer.buffer_rgba())
    with Image.open("chart.png", formats=("PNG",)) as picture:
        saved = np.asarray(picture.convert("RGBA")) if picture.size == (again.shape[1], again.shape[0]) else None
    differ = again.shape[0] * again.shape[1] if saved is None else int((saved != again).any(axis=2).sum())
    told = types.SimpleNamespace(differ=differ, texts=text_boxes(renderer, drawing))
    Path("redrawn.json").write_text(json.dumps(vars(told)), encoding="utf-8")


if __name__ == "__main__":
    main()

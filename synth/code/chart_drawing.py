"""The display list of a picture as marks in pixels: shapes with their colours and styles, each where it was drawn.

The list has been drawn again and no pixel differed (`chart_run`), so what stands here is in the picture. Pixels count from the lower left,
as matplotlib's do.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(slots=True)
class Mark:
    """One shape.

    Attributes:
        points: Its corners, (n, 2).
        anchor: Of markers, where they stand.
        fill: `#rrggbb`, or nothing.
        edge: The same of its line.
        style: Width and dashes of its line, its opacity, its hatching.
        shape: Of markers, their corners about the anchor, rounded; where they are of many sizes, as if they were of one.
        line: Width of its line in pixels.
        alpha: 1 where nothing is seen through it.
        clip: Left, bottom, width and height of the box outside of which nothing of it was drawn, if there is one.
        role: What it was found to be; empty as long as nobody knows.
    """

    points: Points
    anchor: tuple[float, float] | None
    fill: str
    edge: str
    style: str
    shape: str = ""
    line: float = 0.0
    alpha: float = 1.0
    clip: tuple[float, float, float, float] | None = None
    role: str = ""
    low: Points = field(init=False)
    high: Points = field(init=False)

    def __post_init__(self) -> None:
        self.low, self.high = self.points.min(axis=0), self.points.max(axis=0)


def marks_of(drawing: dict[str, Any]) -> list[Mark]:
    """All that is visible, in the order in which it was drawn; texts and images are left out."""
    found: list[Mark] = []
    for call in drawing["calls"]:
        match call["op"]:
            case "path":
                found += _mark(_moved(call["path"]["vertices"], call["at"]), None, call["fill"], call["gc"])
            case "markers":
                corners = _moved(call["marker"]["vertices"], call["marker_at"])
                for x, y in _moved(call["path"]["vertices"], call["at"]):
                    anchor = (float(x), float(y)) if x or y else None  # a lone path of a collection is drawn as a marker at the origin
                    found += _mark(corners + np.array((x, y)), anchor, call["fill"], call["gc"])
            case "paths":
                found += _collection(call)
            case "mesh":
                found += _mesh(call)
    return found


def _collection(call: dict[str, Any]) -> Iterator[Mark]:
    """Agg's rule: what there is less of is taken in turn."""
    paths, transforms, offsets = call["paths"], call["transforms"], _moved(call["offsets"], call["offset_at"])
    master = np.array(call["at"], float)
    for number in range(max(len(paths), len(transforms), len(offsets)) if paths else 0):
        at = master @ np.array(_turn(transforms, number), float) if transforms else master
        corners = _moved(_turn(paths, number)["vertices"], at)
        offset = offsets[number % len(offsets)] if len(offsets) else np.zeros(2)
        gc = {**call["gc"], "_forced_alpha": False, "_rgb": _turn(call["edges"], number) or [0, 0, 0, 0]}
        gc |= {"_linewidth": _turn(call["widths"], number) or 0.0, "dashes": _turn(call["dashes"], number) or [0, None]}
        anchor = (float(offset[0]), float(offset[1])) if len(offsets) and (offset != 0).any() else None
        for mark in _mark(corners + offset, anchor, _turn(call["fills"], number), gc):
            if len(transforms) > 1 and mark.shape:
                mark.shape = str((corners / np.abs(corners).max()).round(2).tolist())
            yield mark


def _mesh(call: dict[str, Any]) -> Iterator[Mark]:
    width, height = call["width"], call["height"]
    corners = _moved(np.array(call["corners"], float).reshape(-1, 2), call["at"]).reshape(height + 1, width + 1, 2)
    for number, (row, column) in enumerate(itertools.product(range(height), range(width))):
        cell = corners[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
        yield from _mark(cell, None, _turn(call["fills"], number), {**call["gc"], "_linewidth": 0.0})


def _turn(items: Sequence[Any], number: int) -> Any:
    return items[number % len(items)] if items else None


def _moved(vertices: Any, at: Any) -> Points:
    matrix, points = np.array(at, float), np.array(vertices, float).reshape(-1, 2)
    moved: Points = points @ matrix[:2, :2].T + matrix[:2, 2]
    return moved


def _mark(points: Points, anchor: tuple[float, float] | None, fill: Any, gc: dict[str, Any]) -> Iterator[Mark]:
    whole = points[np.isfinite(points).all(axis=1)]
    inside = _hex(fill, gc) if fill is not None else ""
    edge = _hex(gc["_rgb"], gc) if gc["_linewidth"] else ""
    if not len(whole) or not (inside or edge):
        return
    dashes = [round(value, 2) for value in gc["dashes"][1] or ()]
    alpha = gc["_alpha"] if gc["_forced_alpha"] else (fill or gc["_rgb"])[3]
    style = f"line {round(gc['_linewidth'], 2) if edge else 0} dashes {dashes} alpha {round(alpha, 3)} hatch {gc['_hatch']}"
    shape = str((points - anchor).round(1).tolist()) if anchor is not None and len(points) < 60 else ""
    if "clip_path" in gc:
        raise ValueError("a mark is clipped by an outline")
    yield Mark(whole, anchor, inside, edge, style, shape, float(gc["_linewidth"] or 0), float(alpha), gc["clip"] and tuple(gc["clip"]))


def _hex(color: Sequence[float], gc: dict[str, Any]) -> str:
    """As `#rrggbb`; empty where nothing can be seen of it."""
    alpha = gc["_alpha"] if gc["_forced_alpha"] else (color[3] if len(color) > 3 else 1.0)
    return "#" + "".join(f"{round(value * 255):02x}" for value in color[:3]) if alpha else ""

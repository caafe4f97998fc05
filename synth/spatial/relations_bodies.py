"""What `spatial.relations` asks from: each thing that can be named in a picture, where it is, and how much of it shows.

The generator's side: boxes of the scene, and points where rays met things. The verifier measures anew (`relations_facts.py`). Every
relation must hold for whole things and for what is seen of them alike, since people judge by what they see.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import yaml

from schemas.geometry_3d import Camera, Vec3
from synth.spatial.objects import Kind, Thing, catalogue, is_model
from synth.spatial.questions import Asking, expressions, may_be_called
from synth.spatial.scene import Scene, box_of, canonical_box
from synth.spatial.seen import Seen
from synth.spatial.shade import View
from synth.spatial.shapes import Floats

PRIORS = Path(__file__).with_name("priors.yaml")
NEAR, HIGH, NEAREST, FARTHEST = 0, 1, 2, 3
"""Columns of `priors.yaml`."""
SEEN, LEAST_SEEN = 4, 80
"""The last column, how often a kind was seen, and how often it must have been to be compared with others (chosen: errors of 0.03)."""
UNKNOWN, OWN = (0.5, 0.5, 1 / 3, 1 / 3, 0), (0.5, 0.5, 1 / 3, 1 / 3, 1000)
"""The rows of kinds that were never seen, which are compared with nothing, and of users' own models, which may stand anywhere."""
ALIKE = (0.08, 0.05, 0.05, 0.05)
"""How far apart the values of things that are compared may be, by column."""
APART_M, APART_SHARE = 0.13, 0.2
"""Least difference along an axis, in metres and of the mean extent there (families.md C3: 10 cm and 15 %, with a margin)."""
FLOOR_M, SAME_M = 0.002, 1e-9
APART_PX = 0.04
"""Least difference in the picture, of its side, where a relation is also seen there."""
Place: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Spans:
    """Least and greatest coordinates of points."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, points: Floats) -> "Spans":
        """Of points [n, 3]."""
        return cls(tuple(points.min(axis=0).tolist()), tuple(points.max(axis=0).tolist()))

    def mid(self, axis: int) -> float:
        """Middle along an axis."""
        return (self.low[axis] + self.high[axis]) / 2

    def extent(self, axis: int) -> float:
        """Extent along an axis."""
        return self.high[axis] - self.low[axis]

    @property
    def center(self) -> Place:
        """The middle along all three."""
        return (self.mid(0), self.mid(1), self.mid(2))


@dataclass(frozen=True, slots=True)
class Body:
    """One thing that a question can name.

    Attributes:
        item: What shows of it.
        thing: What it is.
        text: An expression that fits it alone.
        center: Of its box, in the world.
        whole: Spans of its box in the camera frame.
        seen: Spans of what is seen of it in the camera frame.
        seen_world: The same in the world.
        shown: Shares of its width, depth and height that what is seen spans.
        uv: Mean of its pixels.
    """

    item: Seen
    thing: Thing
    text: str
    center: Vec3
    whole: Spans
    seen: Spans
    seen_world: Spans
    shown: tuple[float, float, float]
    uv: tuple[float, float]

    @property
    def kind(self) -> Kind:
        """The catalogue's row."""
        return catalogue()[self.thing.kind]

    @property
    def label(self) -> str:
        """Its usual name."""
        return self.kind.names[0]

    @property
    def front(self) -> tuple[float, float]:
        """The direction in the floor plan that its front faces."""
        yaw = math.radians(self.thing.yaw_deg)
        return (math.sin(yaw), -math.cos(yaw))


@dataclass(frozen=True)
class Surroundings:
    """A scene, its picture's masks, and all that can be named in it."""

    asking: Asking
    view: View

    @property
    def scene(self) -> Scene:
        """The scene."""
        return self.asking.scene

    @property
    def camera(self) -> Camera:
        """Its camera."""
        return self.asking.scene.camera

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """Things that are clearly seen and have an expression of their own."""
        found = []
        for item in self.asking.seen:
            if item.clear and (text := _name(self.asking, item)):
                found.append(self._body(item, text))
        return tuple(found)

    def points(self, item: Seen) -> Floats:
        """[n, 3] where a thing is seen, in the camera frame."""
        v, u = np.nonzero(self.view.thing == item.number)
        z, camera = self.view.depth[v, u], self.camera
        return np.stack([(u + 0.5 - camera.cx) / camera.fx * z, (v + 0.5 - camera.cy) / camera.fy * z, z], axis=1)

    @cached_property
    def floor_px(self) -> int:
        """How many pixels show what lies at height 0 and is no thing."""
        v, u = np.nonzero(self.view.thing < 0)
        z, c = self.view.depth[v, u], self.camera
        r = c.rotation
        with np.errstate(invalid="ignore"):
            height = ((u + 0.5 - c.cx) / c.fx * r[0][2] + (v + 0.5 - c.cy) / c.fy * r[1][2] + r[2][2]) * z + c.position[2]
        return int((np.abs(height) < FLOOR_M).sum())

    def is_behind(self, number: int, column: int, row: int) -> bool:
        """Whether a pixel shows a thing through a gap of another: who is asked what is there may mean either.

        The other is seen nearer on both sides of the pixel, along a row, a column or a diagonal.
        """
        ends = np.arange(1, max(self.view.thing.shape))
        for across, down in ((1, 0), (0, 1), (1, 1), (1, -1)):
            sides = []
            for sign in (1, -1):
                rows, columns = row + sign * down * ends, column + sign * across * ends
                inside = (rows >= 0) & (rows < self.camera.height_px) & (columns >= 0) & (columns < self.camera.width_px)
                rows, columns = rows[inside], columns[inside]
                nearer = self.view.depth[rows, columns] < self.view.depth[row, column]
                sides.append(set(self.view.thing[rows, columns][nearer].tolist()) - {-1, number})
            if sides[0] & sides[1]:
                return True
        return False

    def _body(self, item: Seen, text: str) -> Body:
        thing, camera, local = self.scene.things[item.number], self.camera, self.points(item)
        box = box_of(thing)
        r, p = camera.rotation, camera.position
        world = np.stack([local[:, 0] * r[0][k] + local[:, 1] * r[1][k] + local[:, 2] * r[2][k] + p[k] for k in range(3)], axis=1)
        corners = np.array([camera.to_camera(corner) for corner in box.corners()])
        v, u = np.nonzero(self.view.thing == item.number)
        uv = (float(u.mean()) + 0.5, float(v.mean()) + 0.5)
        told = canonical_box(thing, camera)  # what has no front is measured as its box is told
        own = [float(np.ptp(sum(world[:, k] * told.rotation[k][axis] for k in range(3)))) / told.size[axis] for axis in (0, 2, 1)]
        turned = abs(told.size[0] - thing.size[0]) > SAME_M
        shown = (own[1], own[0], own[2]) if turned else (own[0], own[1], own[2])
        return Body(item, thing, text, box.center, Spans.of(corners), Spans.of(local), Spans.of(world), shown, uv)


def _name(asking: Asking, item: Seen) -> str:
    """The plainest expression that tells neither place nor size, or nothing."""
    label = asking.label(item)
    mine = {f"the {label}", *(f"the {colour} {label}" for colour in _COLOURS)}
    others = {thing.kind for thing in asking.scene.things if catalogue()[thing.kind].names[0] != label}
    if any(may_be_called(label, catalogue()[kind]) for kind in others):
        return ""
    return next((text for text in expressions(asking, item) if text in mine), "")


_COLOURS = ("red", "yellow", "green", "blue", "purple", "pink", "white", "black", "grey")


@cache
def _priors() -> Mapping[str, Sequence[float]]:
    loaded: dict[str, list[float]] = yaml.safe_load(PRIORS.read_text(encoding="utf-8"))
    return loaded


def alike(column: int, *bodies: Body) -> bool:
    """Whether the names of things do not tell which is nearer, higher, nearest or farthest: by where such kinds are in drawn scenes."""
    kinds = {body.thing.kind for body in bodies}
    rows = [OWN if is_model(kind) else _priors().get(kind, UNKNOWN) for kind in kinds]
    values = [row[column] for row in rows]
    return len(kinds) == 1 or (min(row[SEEN] for row in rows) >= LEAST_SEEN and max(values) - min(values) <= ALIKE[column])


def side_of(a: Body, b: Body, axis: int) -> int:
    """Along a camera axis: -1 where `a` clearly comes first, 1 where `b` does, else 0; whole and seen alike."""
    signs = set()
    for mine, other in ((a.whole, b.whole), (a.seen, b.seen)):
        gap = mine.mid(axis) - other.mid(axis)
        least = max(APART_M, APART_SHARE * (mine.extent(axis) + other.extent(axis)) / 2)
        signs.add(0 if abs(gap) < least else 1 if gap > 0 else -1)
    return signs.pop() if len(signs) == 1 else 0


def seen_apart(a: Body, b: Body, axis: int, camera: Camera) -> int:
    """The same in the picture: axis 0 across, 1 down."""
    gap = a.uv[axis] - b.uv[axis]
    return 0 if abs(gap) < APART_PX * (camera.width_px, camera.height_px)[axis] else 1 if gap > 0 else -1


def higher(a: Body, b: Body, camera: Camera) -> int:
    """1 where `a` is clearly higher above the floor than `b`, -1 where it is lower, else 0; undersides, tops and the picture agree."""
    gaps = (a.center[2] - b.center[2], a.seen_world.mid(2) - b.seen_world.mid(2))
    least = max(APART_M, APART_SHARE * (a.thing.size[2] + b.thing.size[2]) / 2)
    if any(abs(gap) < least for gap in gaps) or (gaps[0] > 0) != (gaps[1] > 0):
        return 0
    sign = 1 if gaps[0] > 0 else -1
    more = (a.thing.size[2] - b.thing.size[2]) / 2
    if min(sign * (gaps[0] - more), sign * (gaps[0] + more)) < APART_M:
        return 0
    return sign if seen_apart(a, b, 1, camera) == -sign else 0


def both(judge: Callable[[Callable[[Body], Place]], str | None]) -> str | None:
    """A judgement that must come out alike for middles of boxes and of what is seen; None where it does not."""
    first, second = judge(lambda body: body.center), judge(lambda body: body.seen_world.center)
    return first if first == second else None


def bearing(at: Place, ahead: tuple[float, float], target: Place) -> tuple[float, float]:
    """Degrees clockwise from `ahead` to a target as seen from above, -180 to 180, and its distance along the floor in metres."""
    x, y = target[0] - at[0], target[1] - at[1]
    right = x * ahead[1] - y * ahead[0]
    forward = x * ahead[0] + y * ahead[1]
    return math.degrees(math.atan2(right, forward)), math.hypot(x, y)


def towards(a: Place, b: Place) -> tuple[float, float]:
    """Unit vector along the floor."""
    x, y = b[0] - a[0], b[1] - a[1]
    length = max(1e-9, math.hypot(x, y))
    return (x / length, y / length)


def hour_of(degrees: float, slack: float) -> str | None:
    """The hour of a bearing, if it is within `slack` degrees of it."""
    hour = math.floor(degrees / 30 + 0.5)
    return str(hour % 12 or 12) if abs(degrees - 30 * hour) <= slack else None

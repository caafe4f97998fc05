"""What the verifier knows of a picture's scene: masks and depths that it rasterised itself, and what it measures in them.

Facts about places come from depths of visible pixels and from triangles, never from the boxes the scene file tells; those are what is
proved.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.spatial import prompts
from synth.spatial.stored_scene import Floats, Integers, Item, StoredScene
from synth.spatial.zbuffer import Buffer, hull, outside_hull, rasterise

LEAST_PX, LEAST_SHARE = 200, 0.2
"""Least that must be seen of what is asked about (families.md C3)."""
HIDDEN_PX = 12
"""At most so many pixels of a thing may show that a question passes over: two ways of drawing differ by a pixel at its edge."""
HULL_PX = 2.0
INSIDE_SHARE, GROWN, GROWN_M = 0.995, 0.01, 0.001
"""Share of a thing's visible points that lie in its box grown by a hundredth, and by a millimetre."""
LOOSE, LOOSE_M = 0.01, 0.001
"""How far a face of a box may be from the thing, of the box's extent there or in metres."""
MAX_CANVAS = 16.0
"""Largest outline, in pictures, that a thing may have alone: nearer ones cannot be measured."""
MARGIN, MARGIN_M, MARGIN_SHARE = 0.15, 0.1, 0.05
"""By how much the nearest, tallest or leftmost must win (families.md C3)."""
COLOUR_SHARE, DOUBT_SHARE = 0.7, 0.25
"""Share of what is seen of a thing that must have the colour it is called by, and by which others may be meant too."""
HUES = ((14, "red"), (38, "orange"), (66, "yellow"), (165, "green"), (256, "blue"), (296, "purple"), (345, "pink"), (361, "red"))
"""Upper ends, in degrees of hue."""
COLOUR_NAMES = {"black", "grey", "white", *(name for _, name in HUES)}


@dataclass(frozen=True, slots=True)
class Told:
    """The box that the scene file tells of a thing, in the world."""

    center: Floats
    size: Floats
    rotation: Floats

    def inner(self, points: Floats) -> Floats:
        """Points [n, 3] of the world in the box's own frame, in metres from its middle."""
        d, r = points - self.center, self.rotation
        return np.stack([d[:, 0] * r[0, k] + d[:, 1] * r[1, k] + d[:, 2] * r[2, k] for k in range(3)], axis=1)

    def corners(self) -> Floats:
        """[8, 3] in the world."""
        out = []
        for sx in (-0.5, 0.5):
            for sy in (-0.5, 0.5):
                for sz in (-0.5, 0.5):
                    p = np.array([sx, sy, sz]) * self.size
                    out.append(self.center + np.array([row[0] * p[0] + row[1] * p[1] + row[2] * p[2] for row in self.rotation]))
        return np.array(out)


class Facts:
    """Everything measured in one scene."""

    def __init__(self, scene: StoredScene) -> None:
        self.scene, self.camera = scene, scene.camera
        self._alone: dict[int, tuple[int, float]] = {}
        self._colours: dict[int, dict[str, float]] = {}

    @cached_property
    def buffer(self) -> Buffer:
        """The whole scene."""
        return rasterise(np.concatenate([item.corners for item in self.scene.items]), self.camera)

    @cached_property
    def item_map(self) -> Integers:
        """[h, w] number of the item seen at each pixel, or -1."""
        owner = np.repeat(np.arange(len(self.scene.items)), [len(item.corners) for item in self.scene.items])
        return np.where(self.buffer.triangle >= 0, owner[self.buffer.triangle], -1)

    @cached_property
    def pixels(self) -> Integers:
        """How many pixels show each item."""
        seen = self.item_map[self.item_map >= 0]
        return np.bincount(seen, minlength=len(self.scene.items))

    def things(self) -> list[int]:
        """Numbers of the items that are no shell."""
        return [number for number, item in enumerate(self.scene.items) if item.about]

    def shown(self) -> list[int]:
        """Things that count as seen at all."""
        return [number for number in self.things() if self.pixels[number] > HIDDEN_PX]

    def may_be_called(self, number: int, name: str) -> bool:
        """Whether some people would call a thing, or a part of it, so; of a user's own model, whose kind nobody knows, by any word."""
        about = self._about(number)
        names = [*about["names"], *about["is_a"], *about["has"]]
        return prompts.share_words(name, names) if about["own_model"] else prompts.may_mean(name, names)

    def is_absent(self, name: str) -> bool:
        """Whether nothing of the scene, in view or not, could be called so: no word in common, and no user's own model there."""
        abouts = [self._about(number) for number in self.things()]
        names = [name for about in abouts for name in (*about["names"], *about["is_a"], *about["has"])]
        return not any(about["own_model"] for about in abouts) and not prompts.share_words(name, names)

    def told(self, number: int) -> Told:
        """What the file tells of a thing's box."""
        box = self._about(number)["box"]
        return Told(*(np.array(box[key], float) for key in ("center", "size", "rotation")))

    def _about(self, number: int) -> dict[str, Any]:
        about = self.scene.items[number].about
        if about is None:
            raise ValueError(f"{self.scene.items[number].name} is no thing")
        return about

    def mask(self, number: int) -> NDArray[np.bool_]:
        """Pixels that show an item."""
        return np.asarray(self.item_map == number)

    def box_px(self, number: int) -> tuple[float, float, float, float]:
        """Around the pixels that show an item."""
        rows, columns = np.nonzero(self.mask(number))
        return (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))

    def cloud(self, number: int) -> Floats:
        """Points [n, 3] of the world where an item is seen, from depths."""
        rows, columns = np.nonzero(self.mask(number))
        z = self.buffer.depth[rows, columns]
        c = self.camera
        local = ((columns + 0.5 - c.cx) / c.fx * z, (rows + 0.5 - c.cy) / c.fy * z, z)
        r = c.rotation
        return np.stack([local[0] * r[0, k] + local[1] * r[1, k] + local[2] * r[2, k] + c.position[k] for k in range(3)], axis=1)

    def share(self, number: int) -> float:
        """Share of an item's outline that shows: it alone on a canvas large enough, against what shows of it; 0 where it is too near."""
        if number not in self._alone:
            self._alone[number] = self._measure_alone(number)
        return self._alone[number][1]

    def _measure_alone(self, number: int) -> tuple[int, float]:
        corners, c = self.scene.items[number].corners, self.camera
        x, y, z = c.local(corners)
        if z.min() < 0.05:
            return 0, 0.0
        u, v = c.fx * x / z + c.cx, c.fy * y / z + c.cy
        left, top, right, bottom = (int(np.floor(e)) for e in (u.min(), v.min(), u.max() + 1, v.max() + 1))
        if (right - left) * (bottom - top) > MAX_CANVAS * c.width * c.height:
            return 0, 0.0
        alone = int((rasterise(corners, c, left, top, right - left, bottom - top).triangle >= 0).sum())
        return alone, float(self.pixels[number] / alone) if alone else 0.0

    def fault(self, number: int) -> str:
        """What keeps a thing from being asked about, or its box from being right; nothing if all is well."""
        name = f"{self.scene.items[number].label} ({self.scene.items[number].name})"
        if self.pixels[number] < LEAST_PX or self.share(number) < LEAST_SHARE:
            return f"of the {name} {self.pixels[number]} pixels show, a share of {self.share(number):.2f}"
        if (loose := self.looseness(number)) > 1:
            return f"a face of the box of the {name} is {loose:.2f} times as far from it as may be"
        if (inside := self.inside_share(number)) < INSIDE_SHARE:
            return f"only {inside:.4f} of what is seen of the {name} lies in its box"
        if (far := self.outside_px(number)) > HULL_PX:
            return f"the {name} is seen {far:.1f} pixels outside its projected box"
        return ""

    def looseness(self, number: int) -> float:
        """How far the farthest face of a thing's box is from its triangles, over what is allowed."""
        told = self.told(number)
        inner = told.inner(self.scene.items[number].corners.reshape(-1, 3))
        off = np.maximum(np.abs(inner.max(axis=0) - told.size / 2), np.abs(inner.min(axis=0) + told.size / 2))
        return float((off / np.maximum(LOOSE_M, LOOSE * told.size)).max())

    def inside_share(self, number: int) -> float:
        """Share of the points where a thing is seen that lie in its box, grown a little."""
        told = self.told(number)
        away = np.abs(told.inner(self.cloud(number))) - (told.size * (0.5 + GROWN / 2) + GROWN_M)
        return float((away.max(axis=1) <= 0).mean())

    def outside_px(self, number: int) -> float:
        """How far a pixel of a thing lies outside the hull of its box's projected corners; 0 where a corner lies behind the camera."""
        x, y, z = self.camera.local(self.told(number).corners())
        if z.min() <= 0:
            return 0.0
        outline = hull(np.stack([self.camera.fx * x / z + self.camera.cx, self.camera.fy * y / z + self.camera.cy], axis=1))
        rows, columns = np.nonzero(self.mask(number))
        return float(outside_hull(outline, np.stack([columns + 0.5, rows + 0.5], axis=1)).max())

    def front_fault(self, number: int) -> str:
        """Whether a thing without a front is told in its canonical form; nothing if it is."""
        about = self._about(number)
        if about["front"]:
            return ""
        back, forward = self.told(number).rotation[:, 2], self.camera.rotation[2]
        cos = (back[0] * forward[0] + back[1] * forward[1]) / max(1e-12, float(np.hypot(*back[:2]) * np.hypot(*forward[:2])))
        least = 0.999999 if about["turn"] == "round" else np.cos(np.pi / 4) - 1e-6
        return "" if cos >= least else f"the {about['label']} has no front, but its box is told from a side that looks away"

    def distance(self, number: int) -> float:
        """Metres from the camera to the nearest point that is seen."""
        d = self.cloud(number) - self.camera.position
        return float(np.sqrt((d * d).sum(axis=1).min()))

    def height(self, number: int) -> float:
        """Extent along the vertical, metres."""
        z = self.scene.items[number].corners[..., 2]
        return float(z.max() - z.min())

    def stands_on(self, number: int) -> int | None:
        """The thing whose surface is within a millimetre below the middle of a thing's underside; None for floor and walls."""
        corners = self.scene.items[number].corners.reshape(-1, 3)
        low = float(corners[:, 2].min())
        foot = corners[corners[:, 2] < low + 0.002, :2].mean(axis=0)
        for other in self.things():
            if other != number and self._has_surface(other, foot, low):
                return other
        return None

    def _has_surface(self, number: int, at: Floats, z: float) -> bool:
        """Whether a point of the floor plan lies in a level triangle of an item at height z."""
        tri = self.scene.items[number].corners
        level = tri[(np.abs(tri[:, :, 2] - z) < 0.0015).all(axis=1)][:, :, :2]
        if not len(level):
            return False
        sides = []
        for k in range(3):
            a, b = level[:, k], level[:, (k + 1) % 3]
            sides.append((b[:, 0] - a[:, 0]) * (at[1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (at[0] - a[:, 0]))
        turns = np.stack(sides)
        return bool(((turns >= 0).all(axis=0) | (turns <= 0).all(axis=0)).any())

    def colours(self, number: int) -> dict[str, float]:
        """Names of the colours that are seen of an item, from the linear values of its parts, and the share of its pixels of each.

        The name is empty where people would not agree on one.
        """
        if number not in self._colours:
            item: Item = self.scene.items[number]
            before = sum(len(other.corners) for other in self.scene.items[:number])
            seen = item.part[self.buffer.triangle[self.mask(number)] - before]
            out: dict[str, float] = {}
            for part in sorted(set(seen.tolist())):
                name = colour_name(item.colour[item.part == part][0])
                out[name] = out.get(name, 0.0) + float((seen == part).mean())
            self._colours[number] = out
        return self._colours[number]

    def is_coloured(self, number: int, colour: str) -> bool:
        """Whether most of what is seen of a thing has a colour, so that everybody would say so."""
        return self.colours(number).get(colour, 0.0) >= COLOUR_SHARE

    def may_be_coloured(self, number: int, colour: str) -> bool:
        """Whether some might: part of it has that colour, or one without a certain name."""
        found = self.colours(number)
        return found.get(colour, 0.0) + found.get("", 0.0) >= DOUBT_SHARE


def colour_name(linear: Floats) -> str:
    """The basic colour term for linear red, green and blue, or nothing where people would not agree."""
    red, green, blue = (float(v) ** (1 / 2.2) for v in linear)
    top, low = max(red, green, blue), min(red, green, blue)
    chroma = top - low
    if top < 0.22:
        return "black"  # whatever its hue
    if chroma < 0.1 and chroma < 0.25 * top:
        return "black" if top < 0.26 else "white" if low > 0.74 else "grey" if 0.38 < top < 0.66 else ""
    if top == red:
        hue = 60 * ((green - blue) / chroma % 6)
    elif top == green:
        hue = 60 * ((blue - red) / chroma + 2)
    else:
        hue = 60 * ((red - green) / chroma + 4)
    name = next(name for end, name in HUES if hue < end)
    if name in ("red", "orange", "yellow") and (chroma < 0.5 * top or (name == "orange" and top < 0.75)):
        return "pink" if low > 0.45 and name == "red" else ""  # brown, beige, wood
    return name

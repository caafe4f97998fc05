"""Sets covers: where the lines of a title page stand, and what is drawn around them.

A cover has so few words that two of them look alike unless their design differs; hence blocks of colour, patterns, rules and panels. The
text itself always stands on white or on a pale tint. Nothing here knows what a document is about.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from numpy.random import Generator

from synth.documents.flow import Frame
from synth.documents.looks import Look, between, pick
from synth.documents.setting import stack
from synth.documents.strips import Color, Op, RectOp, RuleOp, Strip
from synth.render.typeset import Align

AREA_SHARES = (0.12, 0.42)
"""Least and greatest height of a block of colour or pattern, as a share of the page (chosen)."""

PANEL_PAD_PT = 14.0
"""Between a panel's edge and the title on it."""

TIGHT = 0.3
"""Spaces between the texts of a crowded cover, in terms of the usual ones."""

Area = Literal["none", "plain", "squares", "stripes", "skyline"]


@dataclass(frozen=True, slots=True)
class CoverLook:
    """The design of one cover.

    Attributes:
        area: What fills a block across the page; `area_share` is its height as a share of the page, `at_foot` its end of the page.
        edge: A bar in the margin, or a frame around the page.
        title: How title and subtitle are set off.
        weights: How the white space is shared out: above the first text, before the title, below the subtitle, at the foot.
        tones: Numbers in [0, 1) that shape the pattern.
    """

    area: Area
    area_share: float
    at_foot: bool
    edge: Literal["none", "start", "end", "frame"]
    title: Literal["plain", "rules", "panel"]
    align: Align
    weights: tuple[float, ...]
    tones: tuple[float, ...]


def draw_cover(look: Look, rng: Generator) -> CoverLook:
    """Draw the design of one cover."""
    areas: tuple[Area, ...] = ("none", "plain", "squares", "squares", "stripes", "skyline")
    return CoverLook(
        area=pick(rng, areas),
        area_share=between(rng, *AREA_SHARES),
        at_foot=bool(rng.random() < 0.5),
        edge=pick(rng, ("none", "start", "end", "frame")),
        title=pick(rng, ("plain", "rules", "panel")),
        align="center" if look.heading.centered else pick(rng, ("start", "start", "center", "end")),
        weights=tuple(0.02 + float(rng.random()) ** 2 for _ in range(4)),
        tones=tuple(round(float(rng.random()), 3) for _ in range(64)),
    )


def set_cover(look: Look, cover: CoverLook, frame: Frame, groups: Sequence[tuple[str, Sequence[Strip]]]) -> list[Strip]:
    """The strips of a cover.

    Args:
        look: Colours.
        cover: The design.
        frame: The page.
        groups: (role, strips) of each block in order.
    """
    height = frame.bottom_pt - frame.top_pt
    wanted = cover.area_share * frame.height_pt
    margin = frame.height_pt - frame.bottom_pt if cover.at_foot else frame.top_pt
    room = max(0.0, wanted + PANEL_PAD_PT - margin) if cover.area != "none" else 0.0
    text = stack(_column(look, cover, frame, groups, (0.0, 0.0, 0.0), ()))[0]
    if text > height:
        groups = [(role, [_tight(strip) for strip in strips]) for role, strips in groups]
        text = stack(_column(look, cover, frame, groups, (0.0, 0.0, 0.0), ()))[0]
    if room > height - text:  # the block of colour gives way to a long text
        room, wanted = 0.0, margin - PANEL_PAD_PT
    ops = [_from(frame, op) for op in (*_area(look, cover, frame, wanted), *_edge(look, cover, frame))]
    free = max(0.0, height - text - room - 1.0)
    gaps = [free * weight / math.fsum(cover.weights) for weight in cover.weights]
    gaps[0] += 0.0 if cover.at_foot else room
    return _column(look, cover, frame, groups, gaps, ops)


def _column(
    look: Look, cover: CoverLook, frame: Frame, groups: Sequence[tuple[str, Sequence[Strip]]], gaps: Sequence[float], ops: Sequence[Op]
) -> list[Strip]:
    """The texts under each other with white space between them; the first strip draws `ops`."""
    out = [Strip(gaps[0], tuple(ops), keep=True)]
    last_head = max((n for n, (role, _) in enumerate(groups) if role in ("title", "subtitle")), default=0)
    for number, (role, strips) in enumerate(groups):
        shown = [replace(strip, keep=True) for strip in strips]
        if role == "title":
            out.append(Strip(gaps[1] + PANEL_PAD_PT, keep=True))
            out.append(_behind_title(look, cover, frame, [strips for role, strips in groups if role in ("title", "subtitle")]))
            shown[0] = replace(shown[0], before_pt=0.0)
        out += shown
        if number == last_head:
            out.append(Strip(gaps[2] + PANEL_PAD_PT, keep=True))
    return [*out[:-1], replace(out[-1], keep=False)]


def _tight(strip: Strip) -> Strip:
    """The strip with little space around it, for covers with much text."""
    return replace(strip, before_pt=TIGHT * strip.before_pt, after_pt=TIGHT * strip.after_pt)


def _behind_title(look: Look, cover: CoverLook, frame: Frame, groups: Sequence[Sequence[Strip]]) -> Strip:
    """A strip without height that draws what stands behind or around the title."""
    height = stack([strip for strips in groups for strip in strips])[0] + PANEL_PAD_PT / 2
    width = frame.measure_pt
    ops: tuple[Op, ...] = ()
    if cover.title == "panel":
        ops = (
            RectOp(
                (-PANEL_PAD_PT / 2, -PANEL_PAD_PT / 2, width + PANEL_PAD_PT / 2, height + PANEL_PAD_PT / 2), fill=_tint(look.accent, 0.1)
            ),
        )
    elif cover.title == "rules":
        thick = 0.6 + 2.0 * cover.tones[0]
        short = width * (0.25 if cover.tones[1] < 0.4 and cover.align == "start" else 1.0)
        ops = tuple(RuleOp(0.0, y, short, y, look.accent, thick) for y in (-PANEL_PAD_PT / 2, height + PANEL_PAD_PT / 2))
    return Strip(0.0, ops, keep=True)


def _area(look: Look, cover: CoverLook, frame: Frame, height: float) -> list[Op]:
    """The block across the page, in page coordinates."""
    top = frame.height_pt - height if cover.at_foot else 0.0
    width, tones, accent = frame.width_pt, cover.tones, look.accent
    if cover.area == "plain":
        return [RectOp((0.0, top, width, top + height), fill=_tint(accent, 0.35 + 0.65 * tones[2]))]
    if cover.area == "stripes":
        edges = [top + height * math.fsum(tones[:n]) / math.fsum(tones[:9]) for n in range(10)]
        bands = list(zip(edges, edges[1:], tones[10:], strict=False))
        return [RectOp((0.0, y0, width, y1), fill=_tint(accent, 0.1 + 0.9 * tone)) for y0, y1, tone in bands]
    if cover.area == "skyline":
        step = width / 12
        foot = top + height if cover.at_foot or tones[3] < 0.5 else top
        tips = [foot - height * (0.2 + 0.8 * tone) if foot > top else foot + height * (0.2 + 0.8 * tone) for tone in tones[4:16]]
        boxes = [(n * step, min(tip, foot), (n + 0.9) * step, max(tip, foot)) for n, tip in enumerate(tips)]
        return [RectOp(box, fill=_tint(accent, 0.3 + 0.7 * tones[20 + n])) for n, box in enumerate(boxes)]
    if cover.area == "squares":
        across, down = 4 + int(6 * tones[4]), 2 + int(3 * tones[5])
        cells = [(x, y, tones[(across * y + x + 6) % len(tones)]) for y in range(down) for x in range(across)]
        w, h = width / across, height / down
        return [
            RectOp((x * w, top + y * h, (x + 1) * w, top + (y + 1) * h), fill=_tint(accent, tone)) for x, y, tone in cells if tone > 0.3
        ]
    return []


def _edge(look: Look, cover: CoverLook, frame: Frame) -> list[Op]:
    """A bar in a margin or a frame in all of them, in page coordinates."""
    color = _tint(look.accent, 0.5 + 0.5 * cover.tones[6])
    left, right = frame.left_pt, frame.width_pt - frame.right_pt
    if cover.edge == "frame":
        inset = 0.45 * min(left, right, frame.top_pt)
        return [
            RectOp((inset, inset, frame.width_pt - inset, frame.height_pt - inset), stroke=color, line_width_pt=0.5 + 4 * cover.tones[7])
        ]
    if cover.edge == "none":
        return []
    at_left = (cover.edge == "start") != frame.is_rtl
    width = (0.2 + 0.5 * cover.tones[8]) * (left if at_left else right)
    x = 0.0 if at_left else frame.width_pt - width
    return [RectOp((x, 0.0, x + width, frame.height_pt), fill=color)]


def _from(frame: Frame, op: Op) -> Op:
    """An operation in page coordinates as one of the strip at the head of the text area."""
    if isinstance(op, RectOp):
        x0, y0, x1, y1 = op.box_pt
        return replace(op, box_pt=(x0 - frame.left_pt, y0 - frame.top_pt, x1 - frame.left_pt, y1 - frame.top_pt))
    return op


def _tint(color: Color, strength: float) -> Color:
    """The colour mixed with white; `strength` 1 is the colour itself."""
    red, green, blue = (1 - strength * (1 - channel) for channel in color)
    return (red, green, blue)

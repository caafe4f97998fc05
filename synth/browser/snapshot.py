"""What the browser drew, read back from its layout (`DOMSnapshot.captureSnapshot`): elements with boxes and computed styles, lines of text.

Nothing here reads source text. Boxes are (x0, y0, x1, y1) in CSS pixels of the whole page, which are the pixels of its picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.sample import BoxPx

STYLES = (
    "display",
    "visibility",
    "opacity",
    "color",
    "background-color",
    "background-image",
    "font-size",
    "font-weight",
    "font-style",
    "font-family",
    "text-decoration-line",
    "direction",
    "overflow-x",
    "overflow-y",
    "position",
    "border-top-color",
    "border-top-width",
    "border-top-left-radius",
    "box-shadow",
)
"""Computed styles that are asked for."""
TEXT_NODE, ELEMENT_NODE = 3, 1  # DOM Living Standard, Node.nodeType


@dataclass(frozen=True, slots=True)
class Element:
    """One element that is laid out, or not (`box_px` None).

    Attributes:
        number: Its place in the document; parents come before children.
        parent: Number of the element around it, -1 for the root.
        tag: Lower-case name; pseudo-elements are called `::before` and `::after`.
        value: What a field holds.
        checked: Whether a box or switch is on.
        scroll_px, client_px: Width and height of what is in it, and of the room for that.
    """

    number: int
    parent: int
    tag: str
    attributes: Mapping[str, str]
    box_px: BoxPx | None
    style: Mapping[str, str]
    value: str
    checked: bool
    scroll_px: tuple[float, float]
    client_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Text:
    """One text node as it is drawn.

    Attributes:
        element: Number of the element that it is in.
        text: After collapsing of spaces.
        lines: Box and part of the text of each line, or part of a line in one direction.
    """

    element: int
    text: str
    lines: tuple[tuple[BoxPx, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page as it is drawn: width and height of all of it, its elements and its texts, both in document order."""

    width_px: float
    height_px: float
    elements: tuple[Element, ...]
    texts: tuple[Text, ...]

    def around(self, number: int) -> list[Element]:
        """The element and all around it, innermost first."""
        found = []
        while number >= 0:
            found.append(self.elements[number])
            number = self.elements[number].parent
        return found


def read_snapshot(captured: Mapping[str, Any]) -> Snapshot:
    """The first document of what `DOMSnapshot.captureSnapshot` gave."""
    document, strings = captured["documents"][0], captured["strings"]
    nodes, layout = document["nodes"], document["layout"]
    places = {node: place for place, node in enumerate(layout["nodeIndex"])}
    pseudo = dict(zip(nodes["pseudoType"]["index"], nodes["pseudoType"]["value"], strict=True))
    values = dict(zip(nodes["inputValue"]["index"], nodes["inputValue"]["value"], strict=True))
    values |= dict(zip(nodes["textValue"]["index"], nodes["textValue"]["value"], strict=True))
    checked = set(nodes["inputChecked"]["index"])
    numbers: dict[int, int] = {}
    elements: list[Element] = []
    for node, kind in enumerate(nodes["nodeType"]):
        if kind != ELEMENT_NODE:
            continue
        parent, place = nodes["parentIndex"][node], places.get(node)
        while parent >= 0 and parent not in numbers:  # a shadow root, or the document
            parent = nodes["parentIndex"][parent]
        numbers[node] = len(elements)
        pairs = nodes["attributes"][node]
        elements.append(
            Element(
                number=len(elements),
                parent=numbers.get(parent, -1),
                tag=f"::{strings[pseudo[node]]}" if node in pseudo else strings[nodes["nodeName"][node]].lower(),
                attributes={strings[pairs[at]]: strings[pairs[at + 1]] for at in range(0, len(pairs), 2)},
                box_px=None if place is None else _box(layout["bounds"][place]),
                style={} if place is None else _style(layout["styles"][place], strings),
                value=strings[values[node]] if node in values else "",
                checked=node in checked,
                scroll_px=_size(layout["scrollRects"], place),
                client_px=_size(layout["clientRects"], place),
            )
        )
    lines = _lines(document["textBoxes"])
    texts = []
    for place, node in enumerate(layout["nodeIndex"]):
        if nodes["nodeType"][node] != TEXT_NODE or layout["text"][place] < 0:
            continue
        parent = nodes["parentIndex"][node]
        text = strings[layout["text"][place]]
        if parent in numbers and text.strip():
            texts.append(Text(numbers[parent], text, tuple((box, _utf16(text, at, size)) for box, at, size in lines.get(place, ()))))
    root = elements[0] if elements else None
    return Snapshot(
        max(document["contentWidth"], root.scroll_px[0] if root else 0), document["contentHeight"], tuple(elements), tuple(texts)
    )


def _box(bounds: Sequence[float]) -> BoxPx:
    x, y, width, height = bounds
    return (x, y, x + width, y + height)


def _size(rects: Sequence[Sequence[float]], place: int | None) -> tuple[float, float]:
    rect = rects[place] if place is not None else ()
    return (rect[2], rect[3]) if len(rect) == 4 else (0.0, 0.0)


def _style(indices: Sequence[int], strings: Sequence[str]) -> dict[str, str]:
    return {name: strings[index] for name, index in zip(STYLES, indices, strict=False) if index >= 0}


def _lines(boxes: Mapping[str, Any]) -> dict[int, list[tuple[BoxPx, int, int]]]:
    found: dict[int, list[tuple[BoxPx, int, int]]] = {}
    for place, bounds, at, size in zip(boxes["layoutIndex"], boxes["bounds"], boxes["start"], boxes["length"], strict=True):
        found.setdefault(place, []).append((_box(bounds), at, size))
    return found


def _utf16(text: str, at: int, size: int) -> str:
    """A part of a text whose places are counted in UTF-16, as the browser counts."""
    if text.isascii():
        return text[at : at + size]
    return text.encode("utf-16-le")[2 * at : 2 * (at + size)].decode("utf-16-le", "replace")

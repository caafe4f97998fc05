"""Answers to questions about a page from the layout of the stored page alone."""

import re
from collections.abc import Callable, Sequence

from schemas.dialect import parse_boxes
from schemas.errors import DataError
from schemas.geometry import Box1000, box_1000_to_px
from schemas.sample import BoxPx, Evidence
from synth.browser.snapshot import Element
from synth.code.web_court import Court, text_in
from synth.code.web_run import lines_of

EVIDENCE_PX = 1.0
"""By which a stated box may differ from that of a text."""
LONGEST = 60
"""Characters of a text beyond which it is no evidence."""
Found = list[tuple[str, BoxPx | None]]
"""Texts, with their boxes where those are asked for."""


def same_evidence(given: Sequence[Evidence], boxes: Sequence[BoxPx]) -> bool:
    """Whether evidence is these boxes of the picture in any order, or the whole picture if there are none."""
    if not boxes:
        return tuple(given) == (Evidence(0),)
    if len(given) != len(boxes) or any(one.image != 0 or one.box_px is None for one in given):
        return False
    pairs = zip(sorted(one.box_px for one in given if one.box_px), sorted(boxes), strict=True)
    return all(max(abs(a - b) for a, b in zip(one, other, strict=True)) <= EVIDENCE_PX for one, other in pairs)


def rests_on(court: Court, task: str, asked: dict[str, str], answer: str, found: Found) -> list[BoxPx]:
    """Boxes of all texts that the answer to a question rests on, as far as they stand alone on the page."""
    if task.startswith("box_"):
        return [box for _, box in found if box]
    lines = lines_of(court.shown.snapshot)
    if task == "text_in_box":
        box = _thousandths(asked["box"])
        return [line.box_px for line in lines if line.text == answer and _near(court, box, line.box_px)]
    named = list(asked.values())
    texts = {
        "ask_on": named,
        "ask_rows": [row[0] for row in (_cells(court) or [])[1:]],
        "ask_buttons": _buttons(court),
    }.get(task, [*named, answer])
    boxes = []
    for text in texts:
        holding = [line for line in lines if text in line.text]
        if len(holding) == 1 and holding[0].text == text and len(text) <= LONGEST:
            boxes.append(holding[0].box_px)
    return boxes


def _thousandths(text: str) -> Box1000:
    parts = re.fullmatch(r"(\d{1,4}), (\d{1,4}), (\d{1,4}), (\d{1,4})", text)
    if parts is None:
        raise DataError("unknown_question", f"{text!r} is no box")
    x0, y0, x1, y1 = (int(part) for part in parts.groups())
    return (x0, y0, x1, y1)


def same_boxes(court: Court, found: Found, answer: str) -> bool:
    """Whether an answer holds these boxes with these labels, in this order."""
    try:
        given = parse_boxes(answer)
    except ValueError:
        return False
    if len(given) != len(found):
        return False
    return all(
        label.label == text and box is not None and _near(court, label.box_1000, box)
        for label, (text, box) in zip(given, found, strict=True)
    )


def _near(court: Court, box: Box1000, wanted: BoxPx) -> bool:
    """Whether a box of thousandths is another one, up to its rounding and half a pixel."""
    height, width = court.picture.shape[:2]
    found = box_1000_to_px(box, width, height)
    steps = (width / 2000 + 0.6, height / 2000 + 0.6) * 2
    return all(abs(a - b) <= step for a, b, step in zip(found, wanted, steps, strict=True))


def _only(texts: list[str]) -> Found | None:
    return [(texts[0], None)] if len(texts) == 1 else None


def _elements(court: Court, *tags: str) -> list[Element]:
    return [one for one in court.shown.snapshot.elements if one.tag in tags and one.box_px is not None]


def _labels(court: Court, wanted: Callable[[Element], bool]) -> list[tuple[str, Element]]:
    """(label, field) of the fields that are wanted."""
    snapshot = court.shown.snapshot
    labels = {one.attributes.get("for"): text_in(snapshot, one) for one in _elements(court, "label")}
    return [
        (labels[one.attributes.get("id")], one) for one in _elements(court, "input") if one.attributes.get("id") in labels and wanted(one)
    ]


def _cells(court: Court) -> list[list[str]] | None:
    """The texts of the only table, row by row: cells in the order in which they stand from the start of their row."""
    snapshot, tables = court.shown.snapshot, _elements(court, "table")
    if len(tables) != 1:
        return None
    rows = [one for one in _elements(court, "tr") if tables[0] in snapshot.around(one.number)]
    return [[text_in(snapshot, cell) for cell in _elements(court, "td", "th") if row in snapshot.around(cell.number)] for row in rows]


def _cell(court: Court, asked: dict[str, str]) -> Found | None:
    rows = _cells(court)
    if not rows or rows[0].count(asked["other"]) != 1:
        return None
    column = rows[0].index(asked["other"])
    return _only([row[column] for row in rows[1:] if row[0] == asked["text"]])


def _price(court: Court, asked: dict[str, str]) -> Found | None:
    """What costs it: the price in the smallest part of the page that holds the name."""
    snapshot = court.shown.snapshot
    names = [one for one in _elements(court, "h3") if text_in(snapshot, one) == asked["text"]]
    if len(names) != 1:
        return None
    for part in snapshot.around(names[0].number):
        prices = [text_in(snapshot, one) for one in _elements(court, "data") if part in snapshot.around(one.number)]
        if prices:
            return _only(prices)
    return None


def _block(court: Court, text: str) -> Found | None:
    found = [line for line in lines_of(court.shown.snapshot) if line.text == text]
    return [(text, found[0].box_px)] if len(found) == 1 else None


def _in_box(court: Court, asked: dict[str, str]) -> Found | None:
    box = _thousandths(asked["box"])
    return _only([line.text for line in lines_of(court.shown.snapshot) if _near(court, box, line.box_px)])


def _buttons(court: Court) -> list[str]:
    return [text for one in _elements(court, "button") if (text := text_in(court.shown.snapshot, one))]


def _button_boxes(court: Court) -> Found | None:
    found = [_block_of_button(court, one) for one in _elements(court, "button") if text_in(court.shown.snapshot, one)]
    return found or None


def _block_of_button(court: Court, button: Element) -> tuple[str, BoxPx | None]:
    snapshot = court.shown.snapshot
    inside = [line for line in lines_of(snapshot) if button in snapshot.around(line.element)]
    return (inside[0].text, inside[0].box_px) if len(inside) == 1 else ("", None)


ANSWERS: dict[str, Callable[[Court, dict[str, str]], Found | None]] = {
    "ask_title": lambda court, asked: _only([text_in(court.shown.snapshot, one) for one in _elements(court, "h1")]),
    "ask_current": lambda court, asked: _only(
        [text_in(court.shown.snapshot, one) for one in court.shown.snapshot.elements if one.attributes.get("aria-current") == "page"]
    ),
    "ask_value": lambda court, asked: _only(
        [one.value for label, one in _labels(court, lambda one: bool(one.value)) if label == asked["text"]]
    ),
    "ask_wrong": lambda court, asked: _only(
        [label for label, _ in _labels(court, lambda one: one.attributes.get("aria-invalid") == "true")]
    ),
    "ask_on": lambda court, asked: _only(
        [
            "Yes" if one.checked else "No"
            for label, one in _labels(court, lambda one: one.attributes.get("type") == "checkbox")
            if label == asked["text"]
        ]
    ),
    "ask_cell": _cell,
    "ask_price": _price,
    "ask_rows": lambda court, asked: [(str(len(rows) - 1), None)] if (rows := _cells(court)) else None,
    "ask_buttons": lambda court, asked: [(str(len(_buttons(court))), None)],
    "box_text": lambda court, asked: _block(court, asked["text"]),
    "box_buttons": lambda court, asked: _button_boxes(court),
    "text_in_box": _in_box,
}
"""The answer to each question from the layout; None if it has none."""

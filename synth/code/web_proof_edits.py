"""Whether a page after a change shows what was asked for and nothing else, from the layouts of both."""

from collections.abc import Callable
from dataclasses import dataclass

from synth.browser.snapshot import Element, Snapshot
from synth.code.web_court import text_in

LOOKS = (
    "display",
    "color",
    "background-color",
    "font-size",
    "font-weight",
    "font-style",
    "border-top-color",
    "border-top-width",
    "border-top-left-radius",
    "box-shadow",
    "direction",
)
"""Computed styles that an element must keep."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a page shows of one element, or of the text in one: enough that two pages with equal items differ in nothing but places."""

    tag: str
    looks: tuple[str, ...]
    text: str
    value: str
    checked: bool
    box: tuple[int, ...] = ()


def items_of(snapshot: Snapshot, *, boxes: bool = False) -> list[Item]:
    """Every element that is drawn, in document order, with its own text."""
    texts: dict[int, str] = {}
    for text in snapshot.texts:
        texts[text.element] = texts.get(text.element, "") + " ".join(text.text.split())
    return [
        Item(
            one.tag,
            tuple(one.style.get(name, "") for name in LOOKS),
            texts.get(one.number, ""),
            one.value or one.attributes.get("placeholder", ""),
            one.checked,
            tuple(round(2 * side) for side in one.box_px) if boxes else (),
        )
        for one in snapshot.elements
        if one.box_px is not None
    ]


def _changed_text(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    differ = [(a, b) for a, b in zip(before, after, strict=False) if a != b]
    if len(before) != len(after) or len(differ) != 1:
        return False
    ((one, other),) = differ
    plain = one.looks == other.looks and one.tag == other.tag and one.tag in ("h1", "h2", "h3")
    return plain and (one.text, other.text) == (asked["text"], asked["value"])


def _removed(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    """The items of one link are gone, whole, and all others are as they were."""
    part = _link(snapshot, asked["text"])
    return part is not None and after == before[: part[0]] + before[part[1] :]


def _swapped(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    one, other = _link(snapshot, asked["text"]), _link(snapshot, asked["other"])
    if one is None or other is None:
        return False
    first, second = sorted((one, other))
    middle = before[first[1] : second[0]]
    return after == before[: first[0]] + before[second[0] : second[1]] + middle + before[first[0] : first[1]] + before[second[1] :]


def _link(snapshot: Snapshot, text: str) -> tuple[int, int] | None:
    """First item and the one after the last of the only link whose text this is."""
    drawn = [one for one in snapshot.elements if one.box_px is not None]
    places = {one.number: place for place, one in enumerate(drawn)}
    found = []
    for link in (one for one in drawn if one.tag == "a"):
        inside = [one for one in drawn if link in snapshot.around(one.number)]
        words = "".join(t.text for t in snapshot.texts if link in snapshot.around(t.element))
        if " ".join(words.split()) == text:
            found.append((places[link.number], places[link.number] + len(inside)))
    return found[0] if len(found) == 1 else None


def _recoloured(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    """Each ground of the one colour, and the edge around it that has that colour too, has the other now; there is one at least."""
    old, new = (f"rgb({', '.join(str(int(asked[slot][at : at + 2], 16)) for at in (1, 3, 5))})" for slot in ("other", "color"))
    place, edge = LOOKS.index("background-color"), LOOKS.index("border-top-color")

    def told(item: Item) -> Item:
        if item.looks[place] != old:
            return item
        looks = list(item.looks)
        looks[place] = new
        looks[edge] = new if looks[edge] == old else looks[edge]
        return Item(item.tag, tuple(looks), item.text, item.value, item.checked)

    # an edge in the old colour without such a ground (a quotation's bar) may follow or stay
    def rest(items: list[Item]) -> list[Item]:
        return [
            Item(i.tag, tuple("edge" if n == edge and v in (old, new) else v for n, v in enumerate(i.looks)), i.text, i.value, i.checked)
            for i in items
        ]

    return any(item.looks[place] == old for item in before) and rest(list(map(told, before))) == rest(after)


def _toggled(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    field = _field(snapshot, asked["text"])
    if field is None or field.checked == (asked["state"] == "on"):
        return False
    return _one_field(snapshot, before, after, field, field.value, asked["state"] == "on")


def _filled(snapshot: Snapshot, before: list[Item], after: list[Item], asked: dict[str, str]) -> bool:
    field = _field(snapshot, asked["text"])
    return field is not None and _one_field(snapshot, before, after, field, asked["value"], field.checked)


def _one_field(snapshot: Snapshot, before: list[Item], after: list[Item], field: Element, value: str, checked: bool) -> bool:
    """Only this field differs, and holds this; what the browser itself draws differently in a ticked box does not count."""
    place = [one.number for one in snapshot.elements if one.box_px is not None].index(field.number)
    if len(before) != len(after) or before[:place] + before[place + 1 :] != after[:place] + after[place + 1 :]:
        return False
    now = after[place]
    return (now.tag, now.checked, now.value if field.attributes.get("type") != "checkbox" else value) == (field.tag, checked, value)


def _field(snapshot: Snapshot, label: str) -> Element | None:
    """The field of the only label with this text."""
    found = [one for one in snapshot.elements if one.tag == "label" and text_in(snapshot, one) == label]
    fields = [
        one for one in snapshot.elements if one.tag == "input" and found and one.attributes.get("id") == found[0].attributes.get("for")
    ]
    return fields[0] if len(found) == 1 and len(fields) == 1 else None


CHANGES: dict[str, Callable[[Snapshot, list[Item], list[Item], dict[str, str]], bool]] = {
    "edit_text": _changed_text,
    "edit_remove": _removed,
    "edit_swap": _swapped,
    "edit_recolour": _recoloured,
    "edit_toggle": _toggled,
    "edit_value": _filled,
}
"""Whether the items after a change are those that it asks for."""

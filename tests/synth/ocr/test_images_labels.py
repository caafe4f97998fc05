"""What two readings say together: agreement, reading order, regions, and which lines hold a word. No engine is needed."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.errors import DataError
from schemas.sample import BoxPx
from synth.ocr.images_labels import label
from synth.ocr.images_layout import across_columns, has_plain_order, holds_just, is_blank, reading_order
from synth.ocr.images_proof import lines_with
from synth.ocr.images_proof_layout import is_plain, lines_across, order_fault, region_fault
from synth.ocr.images_questions import is_disputed
from synth.readers.text import edits, nearest_part
from synth.readers.twice import Readings, StrayWord, TwiceRead
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter


def column(x: float, count: int, y: float = 100.0, width: float = 300.0) -> list[BoxPx]:
    """Lines of text below each other."""
    return [(x, y + 24 * i, x + width, y + 24 * i + 20) for i in range(count)]


def line(text: str, second: str | None = None, number: int = 0, sure: int = 99) -> TwiceRead:
    return TwiceRead((10.0, 30.0 * number, 210.0, 30.0 * number + 20), text, text if second is None else second, sure)


BLANK = np.full((200, 600), 255, np.uint8)
HEAD: BoxPx = (10.0, 20.0, 650.0, 50.0)
LEFT, RIGHT = column(10, 5), column(350, 5)
PAGES: dict[str, list[BoxPx]] = {
    "one column": column(10, 6),
    "a heading over two columns": [HEAD, *LEFT, *RIGHT],
    "two columns, a heading, two columns": [*LEFT, *RIGHT, (10.0, 300.0, 650.0, 330.0), *column(10, 4, 400), *column(350, 4, 400)],
    "columns at other heights": [*column(10, 5), *column(350, 4, 113)],
}


@pytest.mark.parametrize("name", PAGES)
def test_columns_are_read_one_after_the_other_and_both_ways_agree(name: str) -> None:
    boxes = PAGES[name]
    shuffled = sorted(boxes, key=lambda box: (box[1], -box[0]))
    assert [shuffled[i] for i in reading_order(shuffled)] == boxes
    assert order_fault(boxes) == ""
    assert has_plain_order(boxes)


@pytest.mark.parametrize("name", PAGES)
def test_swapped_lines_are_out_of_order(name: str) -> None:
    boxes = PAGES[name]
    for i in range(len(boxes) - 1):
        swapped = [*boxes[:i], boxes[i + 1], boxes[i], *boxes[i + 2 :]]
        assert order_fault(swapped), i
    assert order_fault(boxes[::-1])


def test_rows_of_a_form_have_no_plain_order() -> None:
    """Catches a form that is transcribed with all its labels first."""
    rows: list[BoxPx] = [box for y in (100.0, 130.0, 160.0) for box in ((10.0, y, 90.0, y + 20), (200.0, y, 300.0, y + 20))]
    assert "in a row" in order_fault(rows)
    assert "in a row" in order_fault([*rows[::2], *rows[1::2]])
    assert not has_plain_order(rows)


def test_cells_as_long_as_lines_have_no_plain_order() -> None:
    """Catches a table of sentences that is read as two columns of text."""
    rows: list[BoxPx] = [(x, y, x + 300, y + 20) for y in (100.0, 136.0, 172.0) for x in (10.0, 350.0)]
    assert not has_plain_order(rows)
    assert "not both of a column" in order_fault([*rows[::2], *rows[1::2]])


def test_paragraphs_that_begin_level_in_both_columns_have_no_plain_order() -> None:
    level = [*column(10, 3), *column(350, 3), *column(10, 3, 230), *column(350, 3, 230)]
    assert not has_plain_order(level)
    assert order_fault(level)


@given(st.lists(st.tuples(*[st.integers(0, 900)] * 2, *[st.integers(1, 300)] * 2), max_size=12))
def test_every_box_is_read_once(places: Sequence[tuple[int, int, int, int]]) -> None:
    boxes: list[BoxPx] = [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in places]
    assert sorted(reading_order(boxes)) == list(range(len(boxes)))


@given(st.data())
def test_an_order_that_is_plain_to_the_generator_is_so_to_the_verifier(data: st.DataObject) -> None:
    """Headings, columns and what stands below them, with gaps of all sizes: what one would ask, the other accepts."""
    boxes: list[BoxPx] = []
    y = 20.0
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            boxes.append((10.0, y, 10.0 + data.draw(st.integers(100, 650)), y + 30))
            y += 30 + data.draw(st.integers(0, 30))
        width, gutter = data.draw(st.integers(150, 320)), data.draw(st.integers(2, 40))
        ends = [y]
        for number in range(data.draw(st.integers(1, 3))):
            x, top = 10.0 + number * (width + gutter), y + data.draw(st.integers(0, 12))
            for _ in range(data.draw(st.integers(1, 6))):
                boxes.append((x, top, x + data.draw(st.integers(width // 2, width)), top + 20))
                top += data.draw(st.sampled_from((22, 24, 24, 27, 40)))
            ends.append(top)
        y = max(ends) + data.draw(st.integers(0, 40))
    if has_plain_order(boxes):
        assert order_fault([boxes[i] for i in reading_order(boxes)]) == ""


def drawn(texts: Sequence[str], code: str, starts: Sequence[int] = (20,), pitch: int = 30) -> tuple[NDArray[np.uint8], list[BoxPx]]:
    """A page of lines, each set once at every start, and one box a line, as a detector has them that sees no gutter."""
    lines = [Typesetter(code).lines([Span(text, Style(20.0))], 1e6)[0] for text in texts]
    placed = [Placed(line, x - ink_box(line)[0], 40 + pitch * row, code) for row, line in enumerate(lines) for x in starts]
    rights = [x + ink_box(line)[2] - ink_box(line)[0] for line in lines for x in starts[-1:]]
    plate = draw_plate(int(max(rights)) + 30, pitch * len(texts) + 60, placed)
    boxes = [
        (float(starts[0] - 3), 40.0 + pitch * row - 19, float(round(right + 3)), 40.0 + pitch * row + 8) for row, right in enumerate(rights)
    ]
    return np.asarray(plate.picture.convert("L")), boxes


PROSE = [
    "The ferry leaves the quay at",
    "seven and comes back before",
    "dusk. Bread and coffee are sold",
    "on the lower deck, where it is",
    "warm in winter. Bicycles travel",
    "free of charge, but must be tied",
    "to the rail. Dogs stay on deck",
    "with those who brought them",
]
GRID = [
    "港は七時に開き、夕方に閉まります。",
    "犬は甲板にいてください。冬でも暖かい",
    "下の甲板では、パンとコーヒーを売って",
    "います。自転車は無料です。切符は、",
]


def test_lines_across_two_columns_are_seen_by_both_ways() -> None:
    """Catches a line that a detector made of two columns' lines, which both engines read alike: `tickets until the must be fastened`."""
    widest = max(round(ink_box(Typesetter("en").lines([Span(text, Style(20.0))], 1e6)[0])[2]) for text in PROSE)
    for gutter in (10, 16, 30):
        grey, boxes = drawn(PROSE, "en", (20, 20 + widest + gutter))
        assert across_columns(grey, boxes, spaced=True) == [True] * len(boxes), gutter
        assert lines_across(grey, boxes, spaced=True) == {*boxes}, gutter


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (PROSE, "en"),
        ([f"{number}. {text}" for number, text in enumerate(PROSE, 1)], "en"),
        (GRID, "ja"),
    ],
    ids=["prose", "a numbered list", "characters on a grid"],
)
def test_lines_of_one_column_are_not_across(texts: list[str], code: str) -> None:
    grey, boxes = drawn(texts, code)
    assert not any(across_columns(grey, boxes, spaced=code == "en"))
    assert not lines_across(grey, boxes, spaced=code == "en")


def test_only_lines_read_alike_are_believed() -> None:
    readings = Readings(
        (
            line("A quiet road", "A quiet road", 0),
            line("by the sea’s edge", "by the sea's edge", 1),  # quotation marks of another shape
            line("O", "0", 2),
            line("unsure", "unsure", 3, sure=50),
            line("", "", 4),
        ),
        (StrayWord((500.0, 5.0, 560.0, 20.0), "EXIT"),),
    )
    labels = label(readings, BLANK, "a.png", spaced=True)
    assert [one.text for one in labels.lines] == ["A quiet road", "by the sea’s edge"]
    assert [doubt.readings for doubt in labels.doubts] == [("O", "0"), ("unsure", "unsure"), ("", ""), ("EXIT",)]


def test_signs_that_only_the_second_engine_knows_are_its_own() -> None:
    labels = label(
        Readings((line("Projekt Bücherei“", "Projekt „Bücherei“"), line("Projekt", "Pr„ojekts", 1)), ()), BLANK, "a.png", spaced=True
    )
    assert [one.text for one in labels.lines] == ["Projekt „Bücherei“"]


def test_a_picture_the_readers_disagree_about_is_refused_with_both_readings() -> None:
    with pytest.raises(DataError, match="'YAMAMA 2000' and 'aa'") as caught:
        label(Readings((line("YAMAMA 2000", "aa"), line("one", number=1)), ()), BLANK, "a.png", spaced=True)
    assert caught.value.reason == "readers_disagree"


def test_a_region_may_not_cut_or_meet_other_text() -> None:
    boxes = column(10, 3)
    around = (10.0, 100.0, 310.0, 144.0)
    assert region_fault(around, boxes[:2], boxes[2:]) == ""
    assert holds_just(around, boxes[:2], boxes[2:])
    assert not holds_just((10.0, 100.0, 200.0, 144.0), boxes[:2], boxes[2:])
    assert not holds_just((10.0, 100.0, 310.0, 160.0), boxes[:2], boxes[2:])
    assert "cuts" in region_fault(around, boxes, [])
    assert "cuts" in region_fault((10.0, 100.0, 200.0, 144.0), boxes[:2], boxes[2:])
    assert "meets" in region_fault((10.0, 100.0, 310.0, 160.0), boxes[:2], boxes[2:])


@pytest.mark.parametrize(
    ("wanted", "doubtful", "language", "found"),
    [
        ("sea", [], "en", [1]),
        ("tea", [], "en", []),  # not there: an empty list is the answer
        ("road", [], "en", None),  # part of `roads`, too
        ("quiet", [], "en", None),  # once with a capital
        ("sea", ["5ea level"], "en", None),  # may be there once more
        ("market", ["markct"], "en", None),  # may be there after all
        ("公園", [], "ja", [4]),
        ("散歩", ["公園を歩く"], "ja", None),  # one of its two characters is
        ("電車", ["公園を歩く"], "ja", []),
    ],
)
def test_which_lines_hold_a_word(wanted: str, doubtful: list[str], language: str, found: list[int] | None) -> None:
    texts = ["A Quiet road", "by the sea, quiet", "all roads", "1 2 3", "公園へ行く"]
    assert lines_with(wanted, texts, doubtful, language) == found
    assert is_disputed(wanted, texts, doubtful, spaced=language == "en") == (found is None)


def test_a_plain_place_has_no_contrast() -> None:
    ground = np.full((60, 200, 3), 240, np.uint8)
    assert is_plain(ground, (10, 10, 100, 30))
    assert is_blank(ground, (10, 10, 100, 30), [(120, 10, 180, 30), (10, 53, 60, 60)])
    assert not is_blank(ground, (10, 10, 100, 30), [(10, 45, 60, 60)])
    ground[15:25, 20:90:6] = 200
    assert not is_plain(ground, (10, 10, 100, 30))
    assert not is_blank(ground, (10, 10, 100, 30), [])
    assert not is_plain(ground, (10, 10, 10, 30))


@given(st.text("ab", max_size=5), st.text("ab", max_size=8))
def test_the_nearest_part_is_the_least_of_all_parts(wanted: str, text: str) -> None:
    parts = [text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
    assert nearest_part(wanted, text) == min(edits(wanted, part) for part in parts)

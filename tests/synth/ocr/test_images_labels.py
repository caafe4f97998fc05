"""What two readings say together: agreement, reading order, regions, and which lines hold a word. No engine is needed."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import DataError
from schemas.sample import BoxPx
from synth.ocr.images_labels import label, reading_order
from synth.ocr.images_proof import is_plain, lines_with, order_fault, region_fault
from synth.readers.text import edits, nearest_part
from synth.readers.twice import Readings, StrayWord, TwiceRead


def column(x: float, count: int, y: float = 100.0, width: float = 300.0) -> list[BoxPx]:
    """Lines of text below each other."""
    return [(x, y + 24 * i, x + width, y + 24 * i + 20) for i in range(count)]


def line(text: str, second: str | None = None, number: int = 0, sure: int = 99) -> TwiceRead:
    return TwiceRead((10.0, 30.0 * number, 210.0, 30.0 * number + 20), text, text if second is None else second, sure)


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


@given(st.lists(st.tuples(*[st.integers(0, 900)] * 2, *[st.integers(1, 300)] * 2), max_size=12))
def test_every_box_is_read_once(places: Sequence[tuple[int, int, int, int]]) -> None:
    boxes: list[BoxPx] = [(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in places]
    assert sorted(reading_order(boxes)) == list(range(len(boxes)))


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
    labels = label(readings, "a.png")
    assert [one.text for one in labels.lines] == ["A quiet road", "by the sea’s edge"]
    assert [doubt.readings for doubt in labels.doubts] == [("O", "0"), ("unsure", "unsure"), ("", ""), ("EXIT",)]


def test_signs_that_only_the_second_engine_knows_are_its_own() -> None:
    labels = label(Readings((line("Projekt Bücherei“", "Projekt „Bücherei“"), line("Projekt", "Pr„ojekts", 1)), ()), "a.png")
    assert [one.text for one in labels.lines] == ["Projekt „Bücherei“"]


def test_a_picture_the_readers_disagree_about_is_refused_with_both_readings() -> None:
    with pytest.raises(DataError, match="'YAMAMA 2000' and 'aa'") as caught:
        label(Readings((line("YAMAMA 2000", "aa"), line("one", number=1)), ()), "a.png")
    assert caught.value.reason == "readers_disagree"


def test_a_region_may_not_cut_or_meet_other_text() -> None:
    boxes = column(10, 3)
    around = (10.0, 100.0, 310.0, 144.0)
    assert region_fault(around, boxes[:2], boxes[2:]) == ""
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


def test_a_plain_place_has_no_contrast() -> None:
    ground = np.full((60, 200, 3), 240, np.uint8)
    assert is_plain(ground, (10, 10, 100, 30))
    ground[15:25, 20:90:6] = 200
    assert not is_plain(ground, (10, 10, 100, 30))
    assert not is_plain(ground, (10, 10, 10, 30))


@given(st.text("ab", max_size=5), st.text("ab", max_size=8))
def test_the_nearest_part_is_the_least_of_all_parts(wanted: str, text: str) -> None:
    parts = [text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
    assert nearest_part(wanted, text) == min(edits(wanted, part) for part in parts)

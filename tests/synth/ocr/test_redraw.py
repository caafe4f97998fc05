"""A plate is proved from its text layer, and not from one that says anything else."""

import re
from dataclasses import replace

import numpy as np
import pytest

from schemas.errors import DataError
from schemas.text_layer import TextLayer, TextLine, Word
from synth.ocr.redraw import plate_faults, visual_order
from synth.render.ink import Placed, PlacedColumn, Plate, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter
from synth.render.vertical import set_columns

TEXTS = {
    "en": "The quick brown fox, No. 2026-0417: $1,284.50",
    "vi": "Tiếng Việt có nhiều dấu thanh",
    "el": "Καλημέρα σας, κύριε",
    "ru": "Съешь ещё этих булок за 1 234,50 ₽",
    "ar": "بلغ السعر ١٢٣٫٥٠ دولارًا في عام 2024",
    "he": "שלום עולם, מחיר 120 ש״ח",
    "hi": "क्षत्रिय राष्ट्रीय प्रतिष्ठा १२३",
    "th": "ภาษาไทยที่นี่ น้ำใจ",
    "ta": "தமிழ் எழுத்துக்கள் க்ஷ",
    "bn": "বাংলা ক্ষুদ্র ব্যক্তি",
    "ja": "東京都渋谷区、カタカナとひらがな。",
    "zh-Hans": "敏捷的棕色狐狸跳过了懒狗。",
    "ko": "한국어 문장입니다 2024년",
}
CHANGED = {
    "en": ("brown", "brawn"),
    "vi": ("Việt", "Viêt"),
    "el": ("κύριε", "κυριε"),
    "ru": ("ещё", "еще"),
    "ar": ("بلغ", "تلغ"),
    "he": ("עולם", "עוגם"),
    "hi": ("राष्ट्रीय", "राष्ट्रिय"),
    "th": ("น้ำใจ", "นำใจ"),
    "ta": ("தமிழ்", "தமிழ"),
    "bn": ("বাংলা", "বালা"),
    "ja": ("カタカナ", "カダカナ"),
    "zh-Hans": ("懒狗", "懒拘"),
    "ko": ("문장", "문징"),
}
SIZES = (13.0, 30.0)


def plate_of(language: str, size: float, text: str = "") -> Plate:
    """A plate of one line."""
    setter = Typesetter(language)
    (line,) = setter.lines([Span(text or TEXTS[language], Style(size))], 5000.0)
    x0, y0, x1, y1 = ink_box(line)
    placed = Placed(line, 4.0 - x0, 4.0 - y0, language, setter.direction == "rtl")
    return draw_plate(int(x1 - x0) + 8, int(y1 - y0) + 8, [placed])


def faults(plate: Plate, layer: TextLayer) -> tuple[str, ...]:
    return plate_faults(np.asarray(plate.picture), layer)


def retold(layer: TextLayer, old: str, new: str) -> TextLayer:
    """The layer with `old` told as `new` in every text it holds, so that only the ink can object."""

    def word_of(word: Word) -> Word:
        if old not in word.text:
            return word
        text = word.text.replace(old, new)
        runs = tuple(replace(run, text=run.text.replace(old, new)) for run in word.runs)
        return replace(word, text=text, runs=runs, clusters=(replace(word.clusters[0], text=text, box_px=word.box_px),))

    return replace(
        layer,
        lines=tuple(
            replace(line, text=line.text.replace(old, new), words=tuple(word_of(word) for word in line.words)) for line in layer.lines
        ),
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", TEXTS)
def test_a_plate_is_proved_from_its_text(language: str, size: float) -> None:
    plate = plate_of(language, size)
    assert faults(plate, plate.layer) == ()
    (line,) = plate.layer.lines
    assert line.text == TEXTS[language]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", CHANGED)
def test_one_cluster_changed_or_a_mark_dropped_is_seen(language: str, size: float) -> None:
    plate = plate_of(language, size)
    old, new = CHANGED[language]
    changed = retold(plate.layer, old, new)
    assert changed != plate.layer
    assert faults(plate, changed)


@pytest.mark.parametrize("language", [code for code, text in TEXTS.items() if " " in text])
def test_swapped_words_and_shifted_boxes_are_seen(language: str) -> None:
    plate = plate_of(language, 30.0)
    (line,) = plate.layer.lines
    first, second, *rest = line.words
    swapped = replace(line, words=(second, first, *rest), text=" ".join(word.text for word in (second, first, *rest)))
    assert faults(plate, replace(plate.layer, lines=(swapped,)))
    x0, y0, x1, y1 = first.box_px
    third = (y1 - y0) / 3
    moved = replace(line, words=(replace(first, box_px=(x0, y0 + third, x1, y1 + third)), second, *rest))
    assert faults(plate, replace(plate.layer, lines=(moved,)))


@pytest.mark.parametrize("language", ["ar", "he"])
def test_visual_order_is_not_logical_order(language: str) -> None:
    """The text of a right-to-left line, turned round letter by letter, as broken renderers store it."""
    plate = plate_of(language, 30.0)
    (line,) = plate.layer.lines

    def turned(word: Word) -> Word:
        return replace(word, text=word.text[::-1], runs=tuple(replace(run, text=run.text[::-1]) for run in word.runs[::-1]))

    visual = replace(line, text=line.text[::-1], words=tuple(turned(word) for word in line.words[::-1]))
    assert faults(plate, replace(plate.layer, lines=(visual,)))


def test_ink_that_nobody_speaks_of_is_seen() -> None:
    plate = plate_of("en", 30.0)
    (line,) = plate.layer.lines
    short: TextLine = replace(line, words=line.words[:-1], text=" ".join(word.text for word in line.words[:-1]))
    assert faults(plate, replace(plate.layer, lines=(short,)))


@pytest.mark.parametrize(
    ("words", "rtl", "order"),
    [
        (["a", "b", "c"], False, [0, 1, 2]),
        (["א", "ב", "ג"], True, [2, 1, 0]),
        (["א", "ab", "cd", "ג"], True, [3, 1, 2, 0]),
        (["ab", "א", "ב", "cd"], False, [0, 2, 1, 3]),
        (["א", "12", "ג"], True, [2, 1, 0]),
        (["ab", "12", "א"], True, [2, 0, 1]),
        (["ab", "א", "12"], False, [0, 2, 1]),
        (["ab", "–", "cd"], True, [0, 1, 2]),
    ],
)
def test_words_stand_where_the_bidirectional_algorithm_puts_them(words: list[str], rtl: bool, order: list[int]) -> None:
    """Worked by hand from UAX #9; the last row is a dash between two Latin words, which goes with them (N1)."""
    assert visual_order(words, rtl) == order


def test_a_word_of_both_directions_has_no_place() -> None:
    assert visual_order(["abc", "אabc"], True) is None


def vertical_plate(text: str, language: str = "ja") -> Plate:
    columns = set_columns(text, language, "noto", "sans", 24.0, 24.0 * 8)
    placed = [PlacedColumn(column, 40.0 * (len(columns) - number), 20.0, language) for number, column in enumerate(columns)]
    return draw_plate(40 * len(columns) + 40, 24 * 8 + 60, placed)


def test_vertical_text_is_proved_and_a_changed_character_is_seen() -> None:
    plate = vertical_plate("国境の長いトンネルを抜けると、雪国であった。")
    assert faults(plate, plate.layer) == ()
    assert [line.vertical for line in plate.layer.lines] == [True] * 3
    assert faults(plate, retold(plate.layer, "雪", "雷"))
    boxes = [line.box_px for line in plate.layer.lines]
    assert boxes == sorted(boxes, reverse=True)  # columns go from right to left
    tall = [box for box in boxes if box[3] - box[1] > box[2] - box[0]]
    assert len(tall) == len(boxes)


def test_vertical_text_of_latin_letters_is_refused() -> None:
    with pytest.raises(DataError, match="not_vertical|does not hold"):
        vertical_plate("雪国 Snow")


@pytest.mark.parametrize(
    ("language", "text", "other"),
    [
        ("ar", "في ٢٠٢٤-٠١ تم", "في ٠١-٢٠٢٤ تم"),
        ("fa", "تاریخ ۲۰۴۰/۱۲/۲۸ است", "تاریخ ۲۸/۱۲/۲۰۴۰ است"),
        ("he", "שלום (עולם) כאן", "שלום )עולם( כאן"),
    ],
)
def test_the_order_inside_a_word_is_proved(language: str, text: str, other: str) -> None:
    """Parts of a date that stand in another order, and brackets the wrong way round, with the ink left as it is."""
    plate = plate_of(language, 30.0, text)
    assert faults(plate, plate.layer) == ()
    (line,) = plate.layer.lines
    told = iter(other.split())
    words = []
    for word in line.words:
        said = next(told)
        runs = word.runs
        if said != word.text and len(runs) > 1:
            parts = {run.text: run for run in runs}
            pieces = re.findall("|".join(map(re.escape, sorted(parts, key=len, reverse=True))), said)
            runs = tuple(parts[piece] for piece in pieces) if sorted(pieces) == sorted(parts) else runs
        words.append(replace(word, text=said, runs=runs, clusters=(replace(word.clusters[0], text=said, box_px=word.box_px),)))
    assert faults(plate, replace(plate.layer, lines=(replace(line, text=other, words=tuple(words)),)))

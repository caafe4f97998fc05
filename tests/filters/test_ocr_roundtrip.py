"""A clean rendering is read back; what is not there, or is something else, costs."""

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageFilter, ImageOps

from filters import ocr_roundtrip
from filters.ocr_roundtrip import MAX_LINES, legibility, line_picture, readable, similarity, spread
from schemas.errors import UserError
from schemas.filter import Filter
from schemas.languages import language, load_languages
from schemas.sample import Attachment, Image, Sample
from schemas.text_layer import Cluster, Run, TextLayer, TextLine, Word, clean_name, layer_name, write_layer
from synth.ocr.corpus import Writer
from synth.readers import engines
from synth.readers.engines import LINE_PX, Reading, read_box, read_line, read_page
from synth.render.ink import Placed, Plate, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter
from synth.render.warp import Warp, shift, turning
from synth.render.warp_file import warp_attachment

SAID = {
    "en": ["The committee met on Tuesday", "and took no decision.", "Total: 1,284.50"],
    "zh-Hans": ["今天天气很好。", "我们去公园散步"],
    "ja": ["東京都渋谷区の天気", "カタカナとひらがな"],
    "ru": ["Комитет собрался во вторник", "и ничего не решил."],
    "ar": ["اجتمعت اللجنة يوم الثلاثاء", "ولم تتخذ أي قرار"],
    "hi": ["समिति की बैठक मंगलवार को हुई", "कोई निर्णय नहीं हुआ"],
    "th": ["คณะกรรมการประชุมในวันอังคาร"],
    "ko": ["위원회는 화요일에 모였다"],
}


def plate(code: str, texts: Sequence[str], em_px: float = 24.0) -> Plate:
    """Lines below each other, as a page has them."""
    setter = Typesetter(code)
    lines = [setter.lines([Span(text, Style(em_px))], 1e6)[0] for text in texts]
    boxes = [ink_box(line) for line in lines]
    rtl = setter.direction == "rtl"
    placed = [
        Placed(line, 20 - box[0], round((i + 1.5) * 1.6 * em_px), code, rtl=rtl)
        for i, (line, box) in enumerate(zip(lines, boxes, strict=True))
    ]
    width, height = int(max(x1 - x0 for x0, _, x1, _ in boxes)) + 40, round((len(texts) + 2) * 1.6 * em_px)
    return draw_plate(width, height, placed)


def sample(*plates: Plate) -> Sample:
    attachments = tuple(attachment for i, item in enumerate(plates) for attachment in item.attachments(i))
    image = Image.of(png(Pillow.new("L", (8, 8))), "png", 8, 8)
    return Sample("x", "f", 1, 0, 0, (), (), (image,) * max(1, len(plates)), (), attachments, (), "{}", (), "{}", 0, 0)


def png(picture: Pillow.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def claimed(drawn: Plate, layer: TextLayer) -> Sample:
    """A plate stored with another text layer than its own."""
    return replace(sample(drawn), attachments=(drawn.attachments()[0], write_layer(layer)))


def part_of(line: TextLine, room_em: float) -> ocr_roundtrip.Part:
    return ocr_roundtrip.first_part(line, room_em, line.words)


def needs(code: str) -> str:
    """The language's reader; skips if its engine is not installed."""
    reader = language(code).reader
    try:
        read_line(Pillow.new("L", (96, LINE_PX), 255), reader)
    except UserError as missing:
        pytest.skip(f"{missing.what}: run `make readback`")
    return reader


def score(measure: Filter, of: Sample) -> float:
    """A score that must be there."""
    found = measure(of)
    assert found is not None
    return found


# --- without engines ---------------------------------------------------------------------------------------------------------------


def test_a_sample_without_text_to_read_has_no_score() -> None:
    """Catches 1.0 for samples in which nothing was read."""
    bare = sample()
    half = replace(bare, attachments=(Attachment.of(clean_name(0), "image/png", b"not looked at"),))
    numbers = sample(plate("ar", ["٢٧٬٥"]))  # no engine reads them
    for nothing in (bare, half, numbers):
        assert similarity(nothing) is None
        assert legibility(nothing) is None


def test_lines_are_spread_over_the_page() -> None:
    assert spread(0, 8) == []
    assert spread(3, 8) == [0, 1, 2]
    chosen = spread(1000, MAX_LINES)
    assert len(chosen) == MAX_LINES
    assert {b - a for a, b in pairwise(chosen)} == {125}


def test_at_most_so_much_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []

    def read(picture: Pillow.Image, reader: str) -> Reading:
        shown.append(picture.size)
        return Reading("", 0.0)

    monkeypatch.setattr(ocr_roundtrip, "read_line", read)
    page = plate("en", ["some words of a long line that goes on and on, with more words than anyone would want to read"] * 30)
    assert similarity(sample(page, page)) == 0.0
    assert len(shown) == MAX_LINES
    assert {height for _, height in shown} == {LINE_PX}
    assert sum(width for width, _ in shown) <= (ocr_roundtrip.MAX_TEXT_EM + MAX_LINES) * LINE_PX / ocr_roundtrip.LINE_EM


def test_a_line_too_long_is_read_up_to_a_word_or_a_cluster() -> None:
    english, chinese = plate("en", ["one two three four five"]), plate("zh-Hans", ["今天天气很好我们去公园散步"])
    assert part_of(english.layer.lines[0], 5.0).text == "onetwo"
    assert part_of(english.layer.lines[0], 0.1).text == "o"
    assert part_of(chinese.layer.lines[0], 4.0).text == "今天天气"


def test_small_letters_keep_their_size_and_neighbours_stay_out() -> None:
    page = plate("en", ["nose", "Ågypt"], em_px=32.0)
    small, tall = (line_picture(page.picture, part_of(line, 99.0)) for line in page.layer.lines)
    assert small.height == tall.height == LINE_PX
    ink = np.flatnonzero((np.asarray(small) < 128).any(axis=1))
    assert 12 < ink[-1] - ink[0] < 22  # an x-height of about half an em of 32 pixels


@pytest.mark.parametrize(
    ("code", "text", "read", "reader"),
    [
        ("th", "กด View ที่นี่", ["กด", "ที่นี่"], "tesseract:tha"),
        ("ru", "адрес IPv4 неверен", ["адрес", "неверен"], "tesseract:rus"),
        ("ru", "View URL", ["View", "URL"], "paddle"),
        ("ar", "الخطوة ٢٧٬٥", ["الخطوة"], "tesseract:ara"),
        ("ar", "٢٧٬٥", [], "paddle"),
        ("fa", "گام ۲۷", ["گام"], "tesseract:fas"),
        ("fa", "443-862", ["443-862"], "paddle"),
        ("uk", "36,98 ₴", ["36,98"], "paddle"),
        ("hi", "दिन 12", ["दिन", "12"], "tesseract:hin"),
        ("hi", "१२", ["१२"], "tesseract:hin"),
        ("zh-Hans", "打开 URL", ["打开", "URL"], "paddle"),
        ("vi", "mở URL", ["mở", "URL"], "tesseract:vie"),
    ],
)
def test_words_are_read_by_an_engine_that_knows_their_letters(code: str, text: str, read: list[str], reader: str) -> None:
    words, by = readable(plate(code, [text]).layer.lines[0])
    assert [word.text for word in words] == read
    assert by == reader


def test_a_word_left_out_between_others_is_not_seen() -> None:
    page = plate("ru", ["слева Latin справа"])
    line = page.layer.lines[0]
    first, latin, last = (word.box_px for word in line.words)
    strip = line_picture(page.picture, ocr_roundtrip.first_part(line, 99.0, readable(line)[0]))
    scale = LINE_PX / (ocr_roundtrip.LINE_EM * 24.0)
    left = round(ocr_roundtrip._MARGIN_EM * 24.0) - first[0]
    gap = np.asarray(strip)[:, int((latin[0] + left) * scale) : int((latin[2] + left) * scale)]
    assert gap.min() > 200
    assert last[0] > latin[2]


def column(text: str) -> tuple[Pillow.Image, TextLine]:
    """A vertical line of clusters that stand below each other, as a row cut up shows them."""
    row = plate("ja", [text], em_px=32.0)
    clusters = row.layer.lines[0].words[0].clusters
    picture = Pillow.new("L", (60, 40 * len(clusters) + 20), 255)
    stood = []
    for i, cluster in enumerate(clusters):
        x0, y0, x1, y1 = map(int, cluster.box_px)
        left, top = 14 + (32 - (x1 - x0)) // 2, 10 + 40 * i + (32 - (y1 - y0)) // 2
        picture.paste(row.picture.crop((x0, y0, x1, y1)), (left, top))
        stood.append(Cluster(cluster.text, (float(left), float(top), float(left + x1 - x0), float(top + y1 - y0))))
    box = (10.0, 10.0, 50.0, float(picture.height - 10))
    run = Run(text, "font", 0, (), 32.0, 30.0, 10.0, vertical=True)
    return picture, TextLine(text, "ja", box, (Word(text, box, tuple(stood), (run,)),), vertical=True)


def test_columns_are_set_side_by_side_without_what_turns() -> None:
    picture, line = column("東京、ラー渋谷")
    part = part_of(line, 99.0)
    assert part.text == "東京ラ渋谷"
    strip = line_picture(picture, part)
    assert strip.size == (5 * 32 + 16, LINE_PX)
    assert (np.asarray(strip) < 128).any(axis=0).sum() > 4 * 20


@pytest.mark.parametrize("reader", ["padle", "tesseract", "paddle:v6", "tesseract:", ""])
def test_a_reader_that_does_not_exist_is_told(reader: str) -> None:
    with pytest.raises(UserError, match="there is no reader"):
        read_line(Pillow.new("L", (96, LINE_PX)), reader)


def test_engines_that_are_not_installed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("paddleocr", "tesserocr"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(engines, "_paddleocr", engines._paddleocr.__wrapped__)
    monkeypatch.setattr(engines, "_paddle_recogniser", engines._paddle_recogniser.__wrapped__)
    monkeypatch.setattr(engines, "_tesseract", engines._tesseract.__wrapped__)
    with pytest.raises(UserError, match=r"(?s)PaddleOCR is not installed.*make readback"):
        read_line(Pillow.new("L", (96, LINE_PX)), "paddle")
    with pytest.raises(UserError, match=r"(?s)Tesseract is not installed.*assay-vl\[readback\]"):
        read_line(Pillow.new("L", (96, LINE_PX)), "tesseract:tha")


# --- with engines ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", SAID)
def test_what_is_drawn_is_read(code: str) -> None:
    needs(code)
    assert score(similarity, sample(plate(code, SAID[code]))) >= 0.95


@pytest.mark.parametrize("code", ["en", "ru"])
def test_another_text_than_the_one_drawn_costs_what_it_differs(code: str) -> None:
    needs(code)
    drawn, other = plate(code, SAID[code]), plate(code, [text[::-1] for text in SAID[code]])
    assert similarity(sample(drawn)) == 1.0
    assert score(similarity, claimed(drawn, other.layer)) < 0.5


def test_swapped_lines_and_a_shifted_box_cost() -> None:
    needs("en")
    drawn = plate("en", SAID["en"])
    first, second, third = drawn.layer.lines
    swapped = (replace(first, text=second.text, words=second.words), replace(second, text=first.text, words=first.words), third)
    assert similarity(claimed(drawn, replace(drawn.layer, lines=swapped))) == 1.0  # words carry their boxes: order is not this filter's
    blank = Plate(np.full_like(drawn.pixels, 255), drawn.layer, drawn.assets)
    assert similarity(sample(blank)) == 0.0
    moved = Plate(np.roll(drawn.pixels, 12, axis=0), drawn.layer, drawn.assets)
    assert score(similarity, sample(moved)) < 0.8


def test_all_images_of_a_sample_count() -> None:
    needs("en")
    good, bad = plate("en", ["a line of text"]), plate("en", ["a line of text"])
    blank = Plate(np.full_like(bad.pixels, 255), bad.layer, bad.assets)
    assert similarity(sample(good, blank)) == pytest.approx(0.5)


def photograph(drawn: Plate, change: Callable[[Pillow.Image], Pillow.Image], warp: Warp) -> Sample:
    """A plate with a stored picture of its own, that `warp` leads to."""
    worn = change(warp.apply(drawn.picture, drawn.picture.size, 255).convert("RGB"))
    bare = sample(drawn)
    image = Image.of(png(worn), "png", worn.width, worn.height)
    return replace(bare, images=(image,), attachments=(*bare.attachments, warp_attachment(warp)))


def test_legibility_falls_with_what_wear_takes_away() -> None:
    needs("en")
    drawn = plate("en", SAID["en"])
    turned = Warp(matrix=turning(0.03))
    assert legibility(photograph(drawn, lambda picture: picture, turned)) == 1.0
    assert legibility(photograph(drawn, ImageOps.invert, turned)) == 1.0  # light on dark is as readable
    blurs = [ImageFilter.GaussianBlur(radius_px) for radius_px in (1.0, 4.0, 9.0)]
    blurred = [score(legibility, photograph(drawn, partial(Pillow.Image.filter, filter=blur), turned)) for blur in blurs]
    assert blurred[0] == 1.0
    assert blurred[0] > blurred[1]
    assert max(blurred[1:]) < 0.2  # where nothing can be read, chance decides which is less


def test_legibility_does_not_blame_wear_for_what_the_engine_gets_wrong_anyway() -> None:
    needs("en")
    drawn, other = plate("en", SAID["en"]), plate("en", [text[::-1] for text in SAID["en"]])
    same = photograph(drawn, lambda picture: picture, Warp())
    wrong = replace(same, attachments=(drawn.attachments()[0], write_layer(other.layer), same.attachments[-1]))
    assert score(similarity, wrong) < 0.5
    assert legibility(wrong) == 1.0


def test_a_warp_that_is_not_the_picture_s_costs() -> None:
    needs("en")
    drawn = plate("en", SAID["en"])
    taken = photograph(drawn, lambda picture: picture, Warp(matrix=shift(40.0, 20.0)))
    moved = replace(taken, attachments=(*taken.attachments[:-1], warp_attachment(Warp())))
    assert score(legibility, moved) < 0.7


def test_columns_are_read() -> None:
    needs("ja")
    picture, line = column("東京都渋谷区の天気、ラーメン")
    layer = TextLayer(picture.width, picture.height, (line,))
    stored = replace(sample(), attachments=(Attachment.of(clean_name(0), "image/png", png(picture)), write_layer(layer)))
    assert layer_name(0) == stored.attachments[1].name
    assert score(similarity, stored) >= 0.9


AGAIN = """
import io, sys
from PIL import Image
from synth.readers.engines import read_line
print(ascii([read_line(Image.open(io.BytesIO(sys.stdin.buffer.read())), sys.argv[1])]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", ["en", "th"])
def test_the_same_picture_gives_the_same_reading_again_and_in_other_processes(code: str) -> None:
    reader = needs(code)
    drawn = plate(code, SAID[code])
    picture = line_picture(drawn.picture, part_of(drawn.layer.lines[0], 30.0))
    read_line(picture.rotate(3, fillcolor=255), reader)  # what was read before must not matter
    here = {ascii([read_line(picture, reader)]) for _ in range(3)}
    command = [sys.executable, "-c", AGAIN, reader]
    there = {subprocess.run(command, input=png(picture), capture_output=True, check=True).stdout.decode().strip() for _ in range(2)}
    assert here == there
    assert len(here) == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", load_languages())
def test_every_language_passes_its_limit(code: str) -> None:
    needs(code)
    writer = Writer(code, np.random.default_rng(7))
    page = plate(code, [writer.phrase(40) for _ in range(8)], em_px=32.0)
    assert score(similarity, sample(page)) >= 1 - language(code).cer_limit


@pytest.mark.slow
def test_a_page_is_found_and_read_and_a_second_engine_agrees() -> None:
    needs("en")
    page = plate("en", SAID["en"], em_px=36.0)
    found = read_page(page.picture)
    assert [line.text for line in found] == SAID["en"]
    for line, placed in zip(page.layer.lines, found, strict=True):
        assert np.abs(np.subtract(line.box_px, placed.box_px)).max() < 12
    assert read_box(page.picture, found[0].box_px, "tesseract:eng").text == SAID["en"][0]
    assert read_box(page.picture, (50.0, 50.0, 50.0, 60.0), "tesseract:eng") == Reading("", 0.0)
    assert read_page(Pillow.new("L", (200, 100), 255)) == []

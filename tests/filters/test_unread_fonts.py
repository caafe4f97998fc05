"""What no engine reads is left out of reading back, and only that."""

from dataclasses import replace

from filters.ocr_roundtrip import readable
from synth.render.ink import Placed, draw_plate, ink_box
from synth.render.typeset import Span, Style, Typesetter


def test_words_in_nastaliq_are_left_out() -> None:
    lines = {}
    for look in ("book", "noto"):
        (line,) = Typesetter("ur", look=look).lines([Span("نام اور پتہ", Style(32.0))], 1e6)
        x0, y0, _, _ = ink_box(line)
        (lines[look],) = draw_plate(600, 160, [Placed(line, 20 - x0, 20 - y0, "ur", rtl=True)]).layer.lines
    assert readable(lines["book"])[0] == ()
    assert readable(lines["noto"])[0] == lines["noto"].words
    mixed = replace(lines["noto"], words=(*lines["noto"].words, *lines["book"].words))
    assert readable(mixed)[0] == lines["noto"].words

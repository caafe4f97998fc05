"""Lines: breaking, alignment, order, fallback and errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DataError, UserError
from synth.render.breaks import NO_LINE_END, NO_LINE_START, graphemes, tokens
from synth.render.fonts import font_chain
from synth.render.typeset import Align, Span, Style, Typesetter, script_of
from tests.synth.render.pages import TEXTS

STYLE = Style(10.0)
SETTERS = {language: Typesetter(language) for language in TEXTS}


@settings(max_examples=60, deadline=None)
@given(language=st.sampled_from(list(TEXTS)), width=st.floats(20.0, 500.0), align=st.sampled_from(["start", "end", "center", "justify"]))
def test_lines_keep_the_text_and_the_width(language: str, width: float, align: Align) -> None:
    lines = SETTERS[language].lines([Span(TEXTS[language], STYLE)], width, align=align)
    assert "".join(line.text for line in lines).replace(" ", "") == TEXTS[language].replace(" ", "")
    for line in lines:
        assert line.width_pt <= width + 1e-3
        assert all(-1e-3 <= f.x_pt and f.x_pt + f.width_pt <= width + 1e-3 for f in line.fragments)


@pytest.mark.parametrize("width", range(46, 206, 3))  # `（第3章）` is 45 pt wide and stays whole
@pytest.mark.parametrize("language", ["ja", "zh"])
def test_kinsoku(language: str, width: int) -> None:
    lines = SETTERS[language].lines([Span(TEXTS[language] * 2, STYLE)], float(width))
    assert not any(line.text[0] in NO_LINE_START for line in lines[1:]), [line.text for line in lines]
    assert not any(line.text[-1] in NO_LINE_END for line in lines[:-1]), [line.text for line in lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC公司（东京）。", ["ABC", "公", "司", "（东", "京）。"]),
        ("販売ABC(東京)", ["販", "売", "ABC", "(東", "京)"]),
        ("サーバーっ", ["サー", "バーっ"]),
        ("第１，２３４号", ["第", "１，２３４", "号"]),
        ("他说——好……", ["他", "说——", "好……"]),
        ("f(x) = 1.5e-3", ["f(x)", " ", "=", " ", "1.5e-3"]),
        ("增长12%", ["增", "长", "12%"]),
        ("见表5及图3.2", ["见", "表5", "及", "图3.2"]),
        ("第12章の図5。", ["第12章", "の", "図5。"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("language", "label", "word"),
    [
        ("de", "Abb. 5", "Wort"),
        ("ru", "рис. 12", "слово"),
        ("ar", "الشكل ٥", "كلمة"),
        ("hi", "तालिका ३.२", "शब्द"),
        ("en", "Table 5)", "word"),
    ],
)
def test_no_line_begins_with_the_number_of_a_label(language: str, label: str, word: str) -> None:
    # Catches: `Abb.` at the end of one line and `5` at the beginning of the next.
    setter = SETTERS[language]
    text = f"{word} {word} {label} {word} {word} {word}"
    number = label.split()[1]
    room = setter.width([Span(f"{word} {word} {label}", STYLE)])
    lines = [line.text for line in setter.lines([Span(text, STYLE)], room - 1)]
    assert lines[0].split() == [word, word]
    assert not any(line.startswith(number) for line in lines)
    assert " ".join(line.strip() for line in lines) == text
    plain = setter.lines([Span(f"{word} {word} {word} {word}", STYLE)], setter.width([Span(f"{word} {word} {word}", STYLE)]) + 0.1)
    assert plain[0].text.split() == [word] * 3


@given(st.text(alphabet="ab1 「」。、東京っー（）()12%—“”$", max_size=30))
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_graphemes_keep_marks_and_conjuncts_together() -> None:
    assert graphemes("श्रृंखला") == ["श्रृं", "ख", "ला"]
    assert graphemes("e\u0301a") == ["e\u0301", "a"]


def test_alignment_follows_direction() -> None:
    cases: tuple[tuple[str, str, Align], ...] = (("en", "word", "end"), ("ar", "كلمة", "start"))
    for language, word, at_right in cases:
        setter = SETTERS[language]
        (line,) = setter.lines([Span(word, STYLE)], 200.0, align=at_right)
        assert line.fragments[0].x_pt + line.fragments[0].width_pt == pytest.approx(200.0)
        (line,) = setter.lines([Span(word, STYLE)], 200.0, align="start", first_indent_pt=15.0)
        edge = line.fragments[0].x_pt if language == "en" else 200.0 - line.fragments[0].x_pt - line.width_pt
        assert edge == pytest.approx(15.0)


def test_justified_lines_fill_the_column() -> None:
    for language in TEXTS:
        lines = SETTERS[language].lines([Span(" ".join([TEXTS[language]] * 4), STYLE)], 300.0, align="justify")
        for line in lines[:-1]:
            assert line.width_pt == pytest.approx(300.0), (language, line.text)
            assert max(f.x_pt + f.width_pt for f in line.fragments) == pytest.approx(300.0)
        assert lines[-1].width_pt < 300.0


def test_bidi_order_and_mirrored_brackets() -> None:
    spans = [Span(part, STYLE, part) for part in ("نمو", " 12.5% ", "ABC Holding", " (", "الرياض", ")")]
    (line,) = SETTERS["ar"].lines(spans, 400.0)
    left_to_right = [f.text for f in sorted(line.fragments, key=lambda f: f.x_pt) if f.text]
    assert left_to_right == [")", "الرياض", "(", "ABC Holding", "12.5%", "نمو"]
    percent = next(f for f in line.fragments if f.text == "12.5%")
    assert [shaped.text for shaped, _ in sorted(zip(percent.shapes, percent.lefts_pt, strict=True), key=lambda run: run[1])] == [
        " ",
        "%",
        "12.5",
        " ",
    ]
    opening = next(f for f in line.fragments if f.text == "(").shapes
    bracket = next(shaped for shaped in opening if "(" in shaped.text)
    assert bracket.rtl
    glyphs = {part[0] for cluster in bracket.clusters for part in cluster.parts}
    assert bracket.face.font.get_nominal_glyph(ord(")")) in glyphs  # drawn mirrored


def test_letters_join_across_spans() -> None:
    whole = SETTERS["ar"].width([Span("محمد", STYLE)])
    cut = SETTERS["ar"].width([Span("مح", STYLE), Span("مد", STYLE, "b")])
    apart = SETTERS["ar"].width([Span("مح", STYLE)]) + SETTERS["ar"].width([Span("مد", STYLE)])
    assert cut == pytest.approx(whole)
    assert apart != pytest.approx(whole)


def test_long_words_are_cut_between_characters() -> None:
    lines = SETTERS["hi"].lines([Span("श्रृंखला" * 9, STYLE)], 50.0)
    assert len(lines) > 3
    assert "".join(line.text for line in lines) == "श्रृंखला" * 9


@pytest.mark.parametrize(
    ("language", "word"), [("en", "." * 200), ("en", "incomprehensibilities" * 6), ("ar", "سلاملامكتب" * 9), ("hi", "क्षत्रिय" * 14)]
)
@pytest.mark.parametrize("width", [9.0, 41.0, 97.3, 260.0])
def test_a_cut_word_fills_its_line(language: str, word: str, width: float) -> None:
    # Catches: a search for the cut that starts behind it or stops too early.
    setter = SETTERS[language]
    lines = setter.lines([Span(word, STYLE)], width)
    assert "".join(line.text for line in lines) == word
    at = 0
    for line in lines[:-1]:
        at += len(line.text)
        longer = line.text + graphemes(word[at:])[0]
        assert len(graphemes(line.text)) == 1 or line.width_pt <= width + 1e-6
        assert setter.width([Span(longer, STYLE)]) > width


def test_a_letter_is_one_cluster_in_all_words() -> None:
    # Catches: codes of a PDF font that grow with the words, not with the letters.
    (line,) = SETTERS["en"].lines([Span("level eleven", STYLE)], 300.0)
    letters = {cluster for shaped in line.fragments[0].shapes for cluster in shaped.clusters}
    assert sorted(cluster.text for cluster in letters) == [" ", "e", "l", "n", "v"]


def test_line_feeds_and_empty_lines() -> None:
    lines = SETTERS["en"].lines([Span("one\n\ntwo", STYLE)], 100.0)
    assert [line.text for line in lines] == ["one", "", "two"]
    assert lines[1].ascent_pt == lines[0].ascent_pt > 0
    assert SETTERS["en"].lines([], 100.0) == ()


def test_fonts_fall_back_by_character() -> None:
    (line,) = SETTERS["en"].lines([Span("Москва 東京 دبي दिल्ली ไทย", STYLE)], 500.0)
    files = {shaped.face.file.path for fragment in line.fragments for shaped in fragment.shapes}
    assert len(files) == 5


def test_missing_glyph_names_the_character() -> None:
    with pytest.raises(DataError, match=r"missing_glyph.*U\+1F980 CRAB"):
        SETTERS["en"].lines([Span("a \U0001f980", STYLE)], 100.0)


def test_mark_without_letter_is_refused() -> None:
    # Catches dotted circles, which fonts draw for marks with nothing to sit on.
    with pytest.raises(DataError, match="broken_cluster"):
        SETTERS["hi"].lines([Span("ि", STYLE)], 100.0)


def test_control_characters_are_refused() -> None:
    with pytest.raises(DataError, match=r"control_character: U\+0009"):
        SETTERS["en"].lines([Span("a\tb", STYLE)], 100.0)


def test_unknown_look_and_language() -> None:
    with pytest.raises(UserError, match="no look 'fancy'"):
        Typesetter("en", look="fancy")
    with pytest.raises(UserError, match="unknown language 'xx'"):
        Typesetter("xx")


@pytest.mark.parametrize(
    ("tag", "script"),
    [("en", "Latn"), ("zh", "Hans"), ("zh-TW", "Hant"), ("zh-Hant", "Hant"), ("ja", "Jpan"), ("sr", "Cyrl"), ("ur", "Arab")],
)
def test_script_of(tag: str, script: str) -> None:
    assert script_of(tag) == script


def test_cjk_fonts_follow_the_region() -> None:
    assert [font_chain(script, "noto", "sans", False, False)[0].index for script in ("Jpan", "Kore", "Hans", "Hant")] == [0, 1, 2, 3]


def test_korean_spaces_are_those_of_the_font_for_korean() -> None:
    """Shaped alone, without the script of the letters around it, a space of Noto Sans CJK is a fifth narrower."""
    width = Typesetter("ko").width([Span("및 권", STYLE)]) - sum(Typesetter("ko").width([Span(char, STYLE)]) for char in "및권")
    assert width == pytest.approx(2.8, abs=0.01)

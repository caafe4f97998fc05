"""documents.parse: answers are held against the stored PDF element by element, and each kind of wrong element is refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest

from schemas.elements import LEVEL, RAISED, Cell, Element, ListItem, raised
from schemas.errors import DataError, UserError
from schemas.qwenvl_html import parse_html, write_html
from schemas.qwenvl_markdown import parse_markdown, write_markdown
from schemas.sample import Stored, Turn
from schemas.seeds import stream
from synth.documents.chapters import write_document
from synth.documents.genres import GENRES
from synth.documents.layout import draw_look, layout
from synth.documents.parse import PARSERS, WRITERS, Dialect, Parse, Truth, page_parts
from synth.documents.parse_chars import Char, PageChars, bare, read_chars
from synth.documents.parse_check import page_fault, same_text
from synth.documents.parse_parts import MARKER, join_pages, split_pages
from synth.documents.parse_real import read_parts
from synth.documents.parse_real_lines import document_words, join_lines
from synth.documents.parse_tables import UnsafePage
from synth.documents.real_structure import has_contents, page_text
from synth.documents.sampling import sample_world
from synth.documents.wording import load_wording

GUIDE = Path("/usr/share/doc/installation-guide-amd64")
needs_guide = pytest.mark.skipif(not GUIDE.is_dir(), reason="Debian's installation-guide-amd64 is not installed")


def draw(family: Parse, index: int = 0, seed: int = 1) -> tuple[Truth, Stored, tuple[Turn, ...]]:
    truth = family.sample_truth(index, stream(seed, "truth"))
    rendering = family.render(truth, stream(seed, "render"))
    turns = family.write_turns(truth, rendering, stream(seed, "turns"))
    return truth, Stored(rendering.images, rendering.clips, rendering.attachments), turns


def rule(leaf: pymupdf.Page, lines: Sequence[tuple[float, float, float, float]]) -> None:
    for x0, y0, x1, y1 in lines:
        leaf.draw_line((x0, y0), (x1, y1), width=0.5)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages with a heading, a hyphenated paragraph, code, two lists and a ruled table."""
    document = pymupdf.open()
    for number in (1, 2):
        leaf = document.new_page(width=420, height=595)
        leaf.insert_text((50, 30), "Workshop handbook", fontsize=8)
        leaf.insert_text((300, 30), "Chapter one", fontsize=8)
        leaf.insert_text((50, 80), f"{number} Rules of the house", fontsize=16)
        leaf.insert_textbox(
            (50, 95, 370, 160),
            f"Page {number} of the rules begins here, and every mem-\nber reads the rules before the first visit.\nA member may ask.",
            fontsize=10,
        )
        leaf.insert_textbox((50, 165, 370, 220), "dust --on\n    --fast  6\n\ndust --off", fontsize=9, fontname="cour")
        for row, text in enumerate(("Wear goggles", "Tie back long hair", "Leave by nine")):
            leaf.insert_text((60, 240 + 14 * row), f"• {text}", fontsize=10)
        for row, text in enumerate(("Switch off", "Lock up")):
            leaf.insert_text((60, 310 + 14 * row), f"{row + 1}. {text}", fontsize=10)
        for row, cells in enumerate((("Day", "Opens"), ("Monday", "9.30"), ("Friday", "13.45"))):
            for column, text in enumerate(cells):
                leaf.insert_text((55 + 100 * column, 384 + 20 * row), text, fontsize=10)
        rule(leaf, [(50, y, 250, y) for y in (370, 390, 410, 430)] + [(x, 370, x, 430) for x in (50, 150, 250)])
        leaf.insert_text((50, 470), "Doors close at nine", fontsize=10)
        leaf.insert_text((50 + pymupdf.get_text_length("Doors close at nine", fontsize=10), 466.5), "2", fontsize=6.5)
        leaf.insert_text((50, 540), "2", fontsize=5)
        leaf.insert_text((54, 543), "Not on Fridays.", fontsize=8)
        leaf.insert_text((200, 575), str(number), fontsize=9)
    document.set_toc([[1, "Rules of the house", 1], [1, "Rules of the house", 2]])
    path = tmp_path_factory.mktemp("parse") / "house.en.pdf"
    document.save(path)
    return path


def elements_of(path: Path) -> tuple[Element, ...]:
    _, _, turns = draw(Parse(source="real", pattern=str(path), dialect="qwenvl-html", pages=1))
    return parse_html(turns[1].text)


def test_a_real_page_is_read_as_printed(page: Path) -> None:
    found = elements_of(page)
    kinds = ["header", "header", "heading", "paragraph", "code", "list", "list", "table", "paragraph", "footnote", "footer"]
    assert [element.kind for element in found] == kinds
    head, other_head, heading, prose, code, bullets, numbers, table, marked, note, _ = found
    assert (head.text, other_head.text) == ("Workshop handbook", "Chapter one")  # two running heads on one line
    assert (marked.text, note.text) == (f"Doors close at nine{raised('2')}", f"{raised('2')} Not on Fridays.")
    assert (heading.text.split(" ", 1)[1], heading.level) == ("Rules of the house", 1)
    assert "every member reads" in prose.text  # the hyphen at the line end is gone
    assert code.text == "dust --on\n    --fast  6\n\ndust --off"  # lines, indents and columns of code stay
    assert [item.text for item in bullets.items] == ["Wear goggles", "Tie back long hair", "Leave by nine"]
    assert (numbers.ordered, [item.text for item in numbers.items]) == (True, ["Switch off", "Lock up"])
    assert [[cell.text for cell in row] for row in table.table] == [["Day", "Opens"], ["Monday", "9.30"], ["Friday", "13.45"]]


@pytest.mark.parametrize("index", [0, 1])
def test_answers_in_both_notations_are_proved(page: Path, index: int) -> None:
    family = Parse(source="real", pattern=str(page))
    truth, stored, turns = draw(family, index)
    (verdict,) = family.verify(stored, turns, truth)
    assert verdict.passed, verdict.reason
    assert len(stored.images) == 2
    assert turns[0].text.count("<image>") == 2
    assert turns[1].text.count("<!-- Page ") == 2


def changed(found: tuple[Element, ...], kind: str, change: Callable[[Element], Element | None]) -> list[Element]:
    out: list[Element] = []
    for element in found:
        new = change(element) if element.kind == kind else element
        if new is not None:
            out.append(new)
    return out


def shifted(element: Element) -> Element:
    assert element.box_1000
    x0, y0, x1, y1 = element.box_1000
    return replace(element, box_1000=(x0, y0 + 40, x1, y1 + 40))


def rows(element: Element, order: tuple[int, ...]) -> Element:
    return replace(element, table=tuple(element.table[n] for n in order))


FAULTS: dict[str, tuple[str, Callable[[Element], Element | None]]] = {
    "a digit": ("heading", lambda e: replace(e, text=e.text.replace("1", "7").replace("2", "7"))),
    "a word": ("paragraph", lambda e: replace(e, text=e.text.replace("first", "last"))),
    "a moved box": ("paragraph", shifted),
    "a missing paragraph": ("paragraph", lambda e: None),
    "a missing list": ("list", lambda e: None),
    "an item's text": ("list", lambda e: replace(e, items=(ListItem("Wear gloves", e.items[0].box_1000), *e.items[1:]))),
    "a cell's value": ("table", lambda e: replace(e, table=(*e.table[:-1], (Cell("Friday"), Cell("13.46"))))),
    "rows in another order": ("table", lambda e: rows(e, (0, 2, 1))),
    "cells in other rows": (
        "table",
        lambda e: replace(e, table=(e.table[0], (Cell("Monday"), Cell("13.45")), (Cell("Friday"), Cell("9.30")))),
    ),
    "a missing row": ("table", lambda e: rows(e, (0, 1))),
}


@pytest.mark.parametrize("name", FAULTS)
def test_wrong_html_is_refused(page: Path, name: str) -> None:
    _, stored, turns = draw(Parse(source="real", pattern=str(page), dialect="qwenvl-html", pages=1))
    (chars,) = read_chars(stored.attachments[0].data)
    found = parse_html(turns[1].text)
    assert page_fault(found, chars) == ""
    kind, change = FAULTS[name]
    assert page_fault(parse_html(write_html(changed(found, kind, change))), chars)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "a moved box"])
def test_wrong_markdown_is_refused(page: Path, name: str) -> None:
    _, stored, turns = draw(Parse(source="real", pattern=str(page), dialect="qwenvl-markdown", pages=1))
    (chars,) = read_chars(stored.attachments[0].data)
    found = parse_markdown(turns[1].text)
    assert page_fault(found, chars) == ""
    kind, change = FAULTS[name]
    assert page_fault(parse_markdown(write_markdown(changed(found, kind, change))), chars)


def one_element(element: Element) -> Element:
    return replace(element, kind="paragraph", text=" ".join(element.text.split()))


PLANTED: dict[str, tuple[str, Callable[[Element], Element | None], str]] = {
    "a hyphen left in a word": ("paragraph", lambda e: replace(e, text=e.text.replace("member reads", "mem-ber reads")), "mem-ber"),
    "a space in a broken word": ("paragraph", lambda e: replace(e, text=e.text.replace("member", "mem ber", 1)), "broken by a line end"),
    "code as a paragraph": ("code", one_element, "set as code"),
    "code in one line": ("code", lambda e: replace(e, text=" ".join(e.text.split())), "lines are printed"),
    "code without indents": ("code", lambda e: replace(e, text=e.text.replace("\n    ", "\n")), "is indented by 4"),
    "code in other columns": ("code", lambda e: replace(e, text=e.text.replace("--fast  6", "--fast 6")), "columns"),
    "a mark as a plain digit": ("paragraph", lambda e: replace(e, text=e.text.replace(RAISED, " ").replace(LEVEL, "")), "2"),
    "a note's mark as a plain digit": ("footnote", lambda e: replace(e, text=e.text.replace(RAISED, "").replace(LEVEL, "")), "2"),
    "a character too many": ("paragraph", lambda e: replace(e, text=e.text + "."), "the answer"),
    "a footer left out": ("footer", lambda e: None, "not in the answer: '1'"),
}


@pytest.mark.parametrize("dialect", ["qwenvl-html", "qwenvl-markdown"])
@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_of_white_space_and_completeness_are_refused(page: Path, name: str, dialect: Dialect) -> None:
    truth, stored, turns = draw(Parse(source="real", pattern=str(page), dialect="qwenvl-html", pages=1))
    kind, change, why = PLANTED[name]
    found = parse_html(turns[1].text)
    truth = replace(truth, dialect=dialect)
    for elements, passes in ((list(found), True), (changed(found, kind, change), False)):
        assert passes or elements != list(found)
        text = WRITERS[dialect](elements)
        (verdict,) = Parse(source="real", pattern=str(page)).verify(stored, (turns[0], replace(turns[1], text=text)), truth)
        assert verdict.passed == passes, (verdict.reason, text)
    if dialect == "qwenvl-html":
        assert why in verdict.reason


def test_two_running_heads_in_one_and_an_element_said_twice_are_refused(page: Path) -> None:
    _, stored, turns = draw(Parse(source="real", pattern=str(page), dialect="qwenvl-html", pages=1))
    (chars,) = read_chars(stored.attachments[0].data)
    one, two, *rest = parse_html(turns[1].text)
    assert one.box_1000
    assert two.box_1000
    merged = replace(one, text=f"{one.text} {two.text}", box_1000=(*one.box_1000[:2], *two.box_1000[2:]))
    assert "two texts on one line" in page_fault([merged, *rest], chars)
    assert "in two elements" in page_fault([one, one, two, *rest], chars)


def guide_like() -> bytes:
    """A page that breaks a command and a path at line ends, as Debian's guides do; it prints both elsewhere in one piece."""
    document = pymupdf.open()
    leaf = document.new_page(width=420, height=595)
    lines = ("Use debconf-get-", "selections, then read the files in /var/log/installer/", "cdebconf with care.")
    for number, line in enumerate(lines):
        leaf.insert_text((50, 100 + 12 * number), line, fontsize=10)
    leaf.insert_text((50, 160), "Both debconf-get-selections and /var/log/installer/cdebconf are told of.", fontsize=10)
    return bytes(document.tobytes())


def test_commands_and_paths_that_wrap_stay_whole() -> None:
    """The faults of the first reader: `debconf-getselections`, and a space after `installer/`."""
    data = guide_like()
    with pymupdf.open(stream=data, filetype="pdf") as document:
        parts = read_parts(document[0], (), document_words(document))
    said = " ".join(part.text for part in parts)
    assert "Use debconf-get-selections, then read the files in /var/log/installer/cdebconf with care." in said
    (chars,) = read_chars(data)
    right = [Element("paragraph", text=part.text) for part in parts]
    assert page_fault(right, chars) == ""
    for good, bad in (
        ("get-selections,", "getselections,"),
        ("get-selections,", "get- selections,"),
        ("installer/cdebconf with", "installer/ cdebconf with"),
    ):
        wrong = [replace(element, text=element.text.replace(good, bad)) for element in right]
        assert page_fault(wrong, chars), bad


@pytest.mark.parametrize("dialect", ["qwenvl-html", "qwenvl-markdown"])
def test_a_contents_list_without_its_page_numbers_is_refused(dialect: Dialect) -> None:
    document = pymupdf.open()
    leaf = document.new_page(width=500, height=500)
    titles = ("Aims of the house", "Rules for members", "Tools on loan")
    for number, title in enumerate(titles):
        leaf.insert_text((50, 100 + 20 * number), f"{title} . . . . . . {number + 4}", fontsize=10)
    (chars,) = read_chars(document.tobytes())
    for said, passes in (("{} . . . . . . {}", True), ("{}", False)):
        boxes = [(90, 170 + 40 * n, 900, 210 + 40 * n) for n in range(3)]
        page = [Element("paragraph", box, said.format(title, n + 4)) for n, (box, title) in enumerate(zip(boxes, titles, strict=True))]
        fault = page_fault(PARSERS[dialect](WRITERS[dialect](page)), chars)
        assert (fault == "") == passes, fault


def drawn_icon() -> pymupdf.Document:
    icon = pymupdf.open()
    leaf = icon.new_page(width=30, height=30)
    leaf.draw_circle((15, 15), 13)
    return icon


def test_icons_are_pictures() -> None:
    document = pymupdf.open()
    leaf = document.new_page(width=420, height=595)
    leaf.show_pdf_page(pymupdf.Rect(50, 100, 80, 130), drawn_icon(), 0)
    leaf.insert_text((95, 118), "Mind the step before the door.", fontsize=10)
    parts = read_parts(leaf, ())
    assert [part.kind for part in parts] == ["image", "paragraph"]
    (chars,) = read_chars(document.tobytes())
    assert "no picture is told" in page_fault([Element("paragraph", text=parts[1].text)], chars)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_synthetic_pages_have_marks_and_no_contents(language: str) -> None:
    """Catches pages whose contents list lacks its page numbers, and footnote marks as plain digits."""
    wording, look, rng = load_wording(language), draw_look(language, stream(3, "look")), stream(3, "text")
    world = sample_world(language, GENRES[0], 10, rng)
    laid_out = layout(write_document(world, wording, rng, pages_target=10).document, look, rng)
    with pymupdf.open(stream=laid_out.pdf, filetype="pdf") as document:
        pages = [page_parts(laid_out, document, number) for number in range(document.page_count)]
        lists = [number for number in range(document.page_count) if has_contents(page_text(document[number]))]
    assert all(pages[number] is None for number in lists)
    used = [part for parts in pages if parts for part in parts]
    notes = [part for part in used if part.kind == "footnote"]
    assert notes
    assert all(part.text.startswith(RAISED) for part in notes)
    assert sum(part.text.count(RAISED) for part in used) == 2 * len(notes)


def test_pages_in_another_order_and_text_cut_off_are_refused(page: Path) -> None:
    family = Parse(source="real", pattern=str(page))
    truth, stored, turns = draw(family)
    one, two = split_pages(turns[1].text)
    for text in (join_pages([two, one]), one, turns[1].text[: len(turns[1].text) // 2], "I cannot read this.", ""):
        (verdict,) = family.verify(stored, (turns[0], replace(turns[1], text=text)), truth)
        assert not verdict.passed, text[:60]


def test_images_in_another_order_are_refused(page: Path) -> None:
    family = Parse(source="real", pattern=str(page))
    truth, stored, turns = draw(family)
    (verdict,) = family.verify(replace(stored, images=stored.images[::-1]), turns, truth)
    assert not verdict.passed


def test_page_marks_round_trip_and_must_count() -> None:
    assert split_pages(join_pages(["a", "b\n\nc"])) == ["a", "b\n\nc"]
    assert split_pages("alone") == ["alone"]
    for text in ("<!-- Page 2 -->\na", "x\n<!-- Page 1 -->\na", "<!-- Page 1 -->\na\n<!-- Page 3 -->\nb"):
        with pytest.raises(ValueError, match="page marks"):
            split_pages(text)


def test_rows_of_a_table_in_arabic_cannot_be_mixed() -> None:
    rows = (("AB-10", "\u0661\u0662"), ("AB-11", "\u0663\u0664"))
    chars = [
        Char(char, (10.0 + 40 * column + 5 * n, 10.0 + 20 * line, 15.0 + 40 * column + 5 * n, 20.0 + 20 * line))
        for line, row in enumerate(rows)
        for column, text in enumerate(row)
        for n, char in enumerate(bare(text))
    ]
    page = PageChars(tuple(chars), 100.0, 100.0)
    right = Element("table", (0, 0, 1000, 1000), table=tuple(tuple(Cell(text) for text in row) for row in rows))
    wrong = replace(right, table=((right.table[0][0], right.table[1][1]), (right.table[1][0], right.table[0][1])))
    assert page_fault([right], page) == ""
    assert "prints something else" in page_fault([wrong], page)


def grid(rows: Sequence[Sequence[str]]) -> PageChars:
    """A page with one table, its columns from right to left."""
    chars = [
        Char(char, (400.0 - 80 * column - 5 * n, 10.0 + 20 * line, 405.0 - 80 * column - 5 * n, 20.0 + 20 * line))
        for line, row in enumerate(rows)
        for column, text in enumerate(row)
        for n, char in enumerate(bare(text))
    ]
    return PageChars(tuple(chars), 500.0, 500.0)


def test_cells_in_arabic_without_a_latin_key_are_told_by_their_places() -> None:
    """The whole table has the right characters; rows or cells change places."""
    rows = (("الاسم", "الغرفة"), ("ثامر البلوي", "٢١٤"), ("وليد البيطار", "٣٠٧"))
    cells = tuple(tuple(Cell(text, header=number == 0) for text in row) for number, row in enumerate(rows))
    right = Element("table", (0, 0, 1000, 1000), table=cells)
    assert page_fault([right], grid(rows)) == ""
    swapped_rows = replace(right, table=(cells[0], cells[2], cells[1]))
    other_rooms = replace(right, table=(cells[0], (cells[1][0], cells[2][1]), (cells[2][0], cells[1][1])))
    other_columns = replace(right, table=(cells[0], cells[1], cells[2][::-1]))
    faults = [page_fault([wrong], grid(rows)) for wrong in (swapped_rows, other_rooms, other_columns)]
    assert all("prints something else" in fault for fault in faults), faults


def test_a_picture_excuses_only_the_text_that_stands_on_an_image(page: Path) -> None:
    """An answer that calls the whole page a picture has read nothing of it."""
    _, stored, _ = draw(Parse(source="real", pattern=str(page), dialect="qwenvl-html", pages=1))
    (chars,) = read_chars(stored.attachments[0].data)
    assert "no image is drawn" in page_fault([Element("image", (0, 0, 1000, 1000))], chars)
    image = PageChars(chars.chars, chars.width_pt, chars.height_pt, ((0.0, 0.0, chars.width_pt, chars.height_pt / 2),))
    assert "no image is drawn" in page_fault([Element("image", (0, 0, 1000, 1000))], image)
    assert "not in the answer" in page_fault([Element("image", (0, 0, 1000, 500))], image)


@pytest.mark.parametrize("dialect", ["qwenvl-html", "qwenvl-markdown"])
def test_paragraphs_in_another_order_are_refused(page: Path, dialect: Dialect) -> None:
    _, stored, turns = draw(Parse(source="real", pattern=str(page), dialect=dialect, pages=1))
    (chars,) = read_chars(stored.attachments[0].data)
    found = list(PARSERS[dialect](turns[1].text))
    assert page_fault(found, chars) == ""
    tried = 0
    for place in range(len(found) - 1):
        if (found[place].kind, found[place + 1].kind) == ("heading", "paragraph"):
            turned = [*found[:place], found[place + 1], found[place], *found[place + 2 :]]
            assert "comes after" in page_fault(PARSERS[dialect](WRITERS[dialect](turned)), chars)
            tried += 1
    assert tried


def test_letters_in_another_order_are_not_the_same_text() -> None:
    said = "أعلن المستودع الشمالي"
    assert same_text(said, bare(said))
    assert same_text(said, bare("الشمالي المستودع أعلن"))  # a reader's own order of words
    assert not same_text(said, bare(" ".join(word[::-1] for word in said.split())))
    assert not same_text("due date 12", bare("due date 21"))


def test_lines_are_joined_as_people_read_them() -> None:
    words = frozenset({"member", "debconf-get-selections", "re-form", "reform", "/var/log/installer/cdebconf"})
    assert join_lines(["every mem-", "ber reads"], words) == "every member reads"
    assert join_lines(["run debconf-get-", "selections."], words) == "run debconf-get-selections."
    assert join_lines(["see /var/log/installer/", "cdebconf, too"], words) == "see /var/log/installer/cdebconf, too"
    assert join_lines(["x86-", "64 and UTF-", "8"]) == "x86-64 and UTF-8"
    assert join_lines(["every mem\u00ad", "ber"]) == "every member"
    for undecided in (["a re-", "form"], ["semi-", "stable"], ["look in /etc/", "default"], ["a --", "b"]):
        with pytest.raises(UnsafePage, match="at a line end"):
            join_lines(undecided, words)
    assert join_lines(["安装系统", "之前"]) == "安装系统之前"
    assert bare("e\u00adx-am ple") == "ex-ample"
    assert [bool(MARKER.match(text)) for text in ("• a", "1. a", "10) a", "٣. أ", "3.5 t", "a word")] == [
        True,
        True,
        True,
        True,
        True,
        False,
    ]


def test_unsafe_pages_are_refused() -> None:
    document = pymupdf.open()
    turned = document.new_page()
    turned.insert_text((100, 300), "Turned text along the edge", rotate=90)
    merged = document.new_page()
    for x, y in ((55, 115), (55, 135), (155, 135), (55, 155), (155, 155)):
        merged.insert_text((x, y), "cell", fontsize=9)
    rule(merged, [(50, y, 250, y) for y in (100, 120, 140, 160)] + [(50, 100, 50, 160), (150, 120, 150, 160), (250, 100, 250, 160)])
    with pytest.raises(UnsafePage, match="turned"):
        read_parts(document[0], ())
    with pytest.raises(UnsafePage, match="merged"):
        read_parts(document[1], ())


def test_mistakes_in_parameters_are_named() -> None:
    with pytest.raises(UserError, match="no pattern"):
        Parse(source="real")
    with pytest.raises(UserError, match="pages is 0"):
        Parse(pages=0)


def test_a_page_that_does_not_fit_is_refused(page: Path) -> None:
    with pytest.raises(DataError, match="over_budget"):
        draw(Parse(source="real", pattern=str(page), context_tokens=400))


def has_wording(language: str) -> bool:
    try:
        load_wording(language)
    except UserError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh", "ja", "ar", "hi", "ru", "de"])
def test_synthetic_pages_are_proved(language: str) -> None:
    if not has_wording(language):
        pytest.skip(f"no wording for {language}")
    family = Parse(languages=(language,))
    for index in range(4):
        truth, stored, turns = draw(family, index, seed=index)
        (verdict,) = family.verify(stored, turns, truth)
        assert verdict.passed, (index, verdict.reason)


@needs_guide
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "ru", "zh_CN", "ja"])
def test_guide_pages_are_proved(language: str) -> None:
    family = Parse(source="real", pattern=f"{GUIDE}/{language}/install.{language}.pdf.gz", licence="GPL-2.0-or-later")
    for index in range(4):
        truth, stored, turns = draw(family, index, seed=index)
        (verdict,) = family.verify(stored, turns, truth)
        assert verdict.passed, (index, verdict.reason)

"""The layout, checked on its own PDFs through MuPDF's text layer. Each test says which fault it would catch."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, Generator

from schemas.errors import DataError
from synth.documents.blocks import Cell, Contents, Document, Heading, LaidOut, Listing, Paragraph, Section, Table, Text
from synth.documents.layout import draw_look, layout
from synth.documents.numerals import DIGITS
from tests.synth.documents.layout_demo import LANGUAGES, NUMERALS, SENTENCES, WORDS, demo, ledger

Words = list[tuple[float, float, float, float, str]]


@cache
def laid_out(language: str, seed: int = 1) -> LaidOut:
    rng = Generator(PCG64(seed))
    return layout(demo(language), draw_look(language, rng), rng)


@cache
def words(language: str, seed: int = 1) -> tuple[Words, ...]:
    with pymupdf.open(stream=laid_out(language, seed).pdf) as document:
        return tuple([tuple(word[:5]) for word in page.get_text("words")] for page in document)


def simple(*blocks: object, language: str = "en", **section: object) -> Document:
    return Document(language, "Title", (Section(tuple(blocks), **section),), numerals=NUMERALS.get(language, "latn"))  # type: ignore[arg-type]


def plain(document: Document, seed: int = 1) -> LaidOut:
    rng = Generator(PCG64(seed))
    return layout(document, draw_look(document.language, rng), rng)


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.mark.parametrize("language", LANGUAGES)
def test_anchor_boxes_are_the_boxes_a_reader_finds(language: str) -> None:
    # Catches: boxes off by a baseline, a mirrored x in right-to-left text, anchors given to the wrong fragment.
    found = words(language)
    scores = []
    for anchor, places in laid_out(language).places.items():
        if not anchor.startswith("cell/"):
            continue
        place = places[0]
        scores.append(max(iou(place.box_pt, word[:4]) for word in found[place.page]))
    assert len(scores) > 100
    assert np.mean(scores) >= 0.95


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_row_is_printed_once_under_a_repeated_head(language: str) -> None:
    # Catches: rows lost or doubled at page breaks, a continuation without its caption.
    out = laid_out(language)
    for key, rows in (("t1", 60), ("t2", 60), ("wide", 8)):
        for row in range(rows):
            assert len(out.places[f"cell/{key}/{row}/0"]) == 1, (key, row)
    pages = {out.places[f"cell/t1/{row}/0"][0].page for row in range(60)}
    assert len(pages) > 1
    text = [piece.text for piece in out.pieces if piece.kind == "caption" and WORDS[language][3] in piece.text]
    assert len(text) >= len(pages) - 1
    parts = [piece for piece in out.pieces if piece.kind == "table"]
    assert all(piece.head_rows == 2 for piece in parts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_contents_labels_are_the_folios_of_the_pages_they_name(language: str) -> None:
    # Catches: labels computed before pages moved, wrong numerals, a link to another page.
    out = laid_out(language)
    digits = str.maketrans(DIGITS[NUMERALS.get(language, "latn")], DIGITS["latn"])
    for key in ("c1", "c1.1", "c2", "c2.2", "wide"):
        (heading,) = {place.page for place in out.places[f"heading/{key}"]}
        entry = out.places[f"contents/{key}"][-1]
        label = out.pages[heading].label
        ascii_label = label.translate(digits)
        line = [word for word in words(language)[entry.page] if iou_y(word, entry.box_pt) > 0.5]
        # MuPDF gives Arabic-Indic digits in reverse order.
        printed = [word[4].translate(digits).strip(". ") for word in line]
        assert ascii_label in printed or ascii_label[::-1] in printed, (key, label, printed)
        (folio,) = out.places[f"folio/{heading}"]
        assert folio.page == heading


def iou_y(word: tuple[float, float, float, float, str], box: tuple[float, float, float, float]) -> float:
    return max(0.0, min(word[3], box[3]) - max(word[1], box[1])) / (word[3] - word[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_footnotes_stand_on_the_page_of_their_mark(language: str) -> None:
    # Catches: a note left behind when its line moves to the next page.
    out = laid_out(language)
    for key in ("n1", "n2"):
        (mark,) = out.places[f"mark/{key}"]
        note = out.places[f"footnote/{key}"]
        assert {place.page for place in note} == {mark.page}
        assert min(place.box_pt[1] for place in note) > mark.box_pt[3]


@pytest.mark.parametrize("seed", range(12))
def test_nothing_leaves_the_page_and_no_two_texts_overlap(seed: int) -> None:
    # Catches: furniture in the margin's way, columns or cells running into each other, notes over text.
    language = LANGUAGES[seed % len(LANGUAGES)]
    out = laid_out(language, seed)
    for page, found in zip(out.pages, words(language, seed), strict=True):
        for word in found:
            assert -0.01 <= word[0] < word[2] <= page.width_pt + 0.01, word
            assert -0.01 <= word[1] < word[3] <= page.height_pt + 0.01, word
        boxes = np.array([word[:4] for word in found])
        if len(boxes) < 2:
            continue
        core = boxes + np.array([0.6, 0.42 * 1, -0.6, -0.42]) * 1.0
        height = boxes[:, 3] - boxes[:, 1]
        core[:, 1], core[:, 3] = boxes[:, 1] + 0.36 * height, boxes[:, 3] - 0.36 * height
        wide = np.minimum(core[:, None, 2], core[None, :, 2]) - np.maximum(core[:, None, 0], core[None, :, 0])
        high = np.minimum(core[:, None, 3], core[None, :, 3]) - np.maximum(core[:, None, 1], core[None, :, 1])
        clash = (wide > 0.5) & (high > 0.5)
        np.fill_diagonal(clash, False)
        assert not clash.any(), [(found[a][4], found[b][4]) for a, b in np.argwhere(clash)[:4]]


@pytest.mark.parametrize("seed", range(12))
def test_pieces_cover_disjoint_areas(seed: int) -> None:
    # Catches: a column set over another one, text under a figure.
    out = laid_out(LANGUAGES[seed % len(LANGUAGES)], seed)
    for number in range(len(out.pages)):
        pieces = [piece for piece in out.pieces if piece.page == number]
        for index, one in enumerate(pieces):
            for other in pieces[index + 1 :]:
                wide = min(one.box_pt[2], other.box_pt[2]) - max(one.box_pt[0], other.box_pt[0])
                high = min(one.box_pt[3], other.box_pt[3]) - max(one.box_pt[1], other.box_pt[1])
                assert wide <= 1.0 or high <= 8.0, (number, one, other)  # line boxes of tall scripts may touch


@pytest.mark.parametrize("seed", range(8))
def test_neighbouring_cells_are_eight_points_apart_and_tables_stand_free(seed: int) -> None:
    # Catches: paddings too small for readers that find columns by white space.
    out = laid_out("en", seed)
    for key, columns, rows in (("t1", 4, 60), ("wide", 10, 8)):
        for row in range(rows):
            cells = [out.places[f"cell/{key}/{row}/{column}"][0].box_pt for column in range(columns)]
            assert all(after[0] - before[2] >= 8.0 for before, after in pairwise(cells))


def test_headings_are_kept_with_the_next_line() -> None:
    # Catches: a heading alone at the foot of a page.
    blocks = []
    for number in range(30):
        blocks += [Heading(f"h{number}", 2, "", f"Heading {number}"), Paragraph((Text(" ".join(SENTENCES["en"]) * 3, f"text/{number}"),))]
    out = plain(simple(*blocks))
    for number in range(30):
        assert out.places[f"heading/h{number}"][-1].page == out.places[f"text/{number}"][0].page


def test_long_words_of_a_table_shrink_then_turn_and_then_are_refused() -> None:
    # Catches: a silently cut or overfull table.
    def table(columns: int, cell: str) -> Table:
        head = (tuple(Cell((Text("Measurement"),)) for _ in range(columns)),)
        return Table("t", "Table 1", (Text("Caption"),), head, (tuple(Cell((Text(cell),)) for _ in range(columns)),))

    assert plain(simple(table(6, "12.5"))).places
    turned = plain(simple(table(16, "1")))
    boxes = [place.box_pt for place in turned.places["head/t/5"]]
    assert boxes[0][3] - boxes[0][1] > boxes[0][2] - boxes[0][0]
    with pytest.raises(DataError, match="table_too_wide"):
        plain(simple(table(30, "123,456,789.00")))


def test_rows_of_different_lengths_are_refused() -> None:
    head = ((Cell((Text("A"),)), Cell((Text("B"),))),)
    with pytest.raises(DataError, match="ragged_table"):
        plain(simple(Table("t", "Table 1", (), head, ((Cell((Text("1"),)),),))))


def test_a_mark_without_a_footnote_is_refused() -> None:
    with pytest.raises(DataError, match="unknown_footnote.*'lost'"):
        plain(simple(Paragraph((Text("word", note="lost"),))))


def test_labels_are_roman_then_decimal_and_the_pdf_has_labels_and_outline() -> None:
    # Catches: a numbering that does not restart, a cover that counts.
    out = laid_out("en")
    labels = [page.label for page in out.pages]
    assert labels[:3] == ["", "i", "1"]
    assert labels[2:] == [str(number) for number in range(1, len(labels) - 1)]
    with pymupdf.open(stream=out.pdf) as document:
        assert [document[index].get_label() for index in (1, 2, 3)] == ["i", "1", "2"]
        outline = document.get_toc()
    assert [entry[1] for entry in outline if entry[0] == 1][:2] == ["1 Overview 1", "2 Overview 2"]
    assert all(entry[2] - 1 == out.places["heading/c1"][0].page for entry in outline if entry[1] == "1 Overview 1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pieces_hold_the_whole_text_in_order(language: str) -> None:
    # Catches: text lost between lines, list items torn, rows out of order.
    sentences = SENTENCES[language]
    gap = "" if language in ("zh", "ja") else " "
    body = gap.join(sentences * 40)
    out = plain(
        simple(
            Paragraph((Text(body),)), Listing("l", tuple((Text(s),) for s in sentences)), ledger(language, "t", "T 1", 9), language=language
        )
    )
    paragraph = "".join(piece.text for piece in out.pieces if piece.kind == "paragraph")
    assert paragraph.replace(" ", "").startswith(body.replace(" ", ""))
    assert [item for piece in out.pieces if piece.kind == "list" for item in piece.items] == list(sentences)
    rows = [row for piece in out.pieces if piece.kind == "table" for row in piece.rows[piece.head_rows :]]
    assert [row[0] for row in rows] == [f"K-{100 + row}" for row in range(9)]


def test_columns_of_a_right_to_left_page_run_from_the_right() -> None:
    # Catches: columns filled in left-to-right order.
    document = simple(*(Paragraph((Text(" ".join(SENTENCES["ar"] * 3), f"text/{n}"),)) for n in range(14)), language="ar", columns=2)
    out = plain(document)
    first, last = out.places["text/0"][0], out.places["text/13"][-1]
    assert first.box_pt[2] > out.pages[0].width_pt / 2
    assert last.page > first.page or last.box_pt[2] < out.pages[0].width_pt / 2


@given(seed=st.integers(0, 2**32), columns=st.integers(1, 3), rows=st.integers(1, 70))
@settings(max_examples=12, deadline=None)
def test_any_look_lays_out_any_demo(seed: int, columns: int, rows: int) -> None:
    language = LANGUAGES[seed % len(LANGUAGES)]
    rng = Generator(PCG64(seed))
    out = layout(demo(language, rows=rows, columns=columns), draw_look(language, rng), rng)
    for key in ("t1", "t2"):
        assert all(len(out.places[f"cell/{key}/{row}/1"]) == 1 for row in range(rows))


def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    # Catches: dependence on hash seeds, sets or caches.
    program = (
        "import hashlib; from numpy.random import PCG64, Generator; from synth.documents.layout import draw_look, layout; "
        "from tests.synth.documents.layout_demo import demo; rng = Generator(PCG64(1)); "
        "print(hashlib.sha256(layout(demo('ar'), draw_look('ar', rng), rng).pdf).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": ".", "PYTHONHASHSEED": "7"}
    )
    assert there.stdout.strip() == hashlib.sha256(laid_out("ar").pdf).hexdigest()


def test_looks_differ() -> None:
    # Catches: a knob that is drawn but not used, so that all publishers look alike.
    document = demo("en", rows=10)
    rng = Generator(PCG64(3))
    look = draw_look("en", rng)
    base = layout(document, look, Generator(PCG64(5))).pdf
    changes = [
        replace(look, justify=not look.justify),
        replace(look, indent=not look.indent),
        replace(look, separator=" | "),
        *(
            replace(look, contents=contents)
            for contents in (
                replace(look.contents, leader="spaced" if look.contents.leader != "spaced" else "none"),
                replace(look.contents, scale=look.contents.scale + 0.1),
                replace(look.contents, bold=not look.contents.bold),
                replace(look.contents, indent_em=look.contents.indent_em + 1),
                replace(look.contents, rule="all" if look.contents.rule != "all" else "none"),
                replace(look.contents, share=0.5),
            )
        ),
        replace(look, contents=replace(look.contents, share=1.0, centered=not look.contents.centered)),
        replace(look, column_rule=not look.column_rule),
        replace(look, font="book" if look.font != "book" else "noto", family="serif" if look.family == "sans" else "sans"),
        replace(look, furniture=replace(look.furniture, dashes=not look.furniture.dashes)),
        replace(look, table=replace(look.table, centered=not look.table.centered)),
        replace(look, heading=replace(look.heading, centered=not look.heading.centered)),
    ]
    made = [layout(document, change, Generator(PCG64(5))).pdf for change in changes]
    assert all(pdf != base for pdf in made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("leader", ["dots", "spaced"])
def test_leaders_run_from_the_entry_to_its_label(language: str, leader: Literal["dots", "spaced"]) -> None:
    # Catches: dots that begin away from the entry's text, or run into it or into the label.
    look = draw_look(language, Generator(PCG64(3)))
    look = replace(look, contents=replace(look.contents, leader=leader))
    made = layout(demo(language, rows=10), look, Generator(PCG64(5)))
    gaps = []
    with pymupdf.open(stream=made.pdf, filetype="pdf") as document:
        for page in document:
            chars = [
                [(char["c"], char["bbox"]) for span in line["spans"] for char in span["chars"] if char["c"].strip()]
                for block in page.get_text("rawdict")["blocks"]
                for line in block.get("lines", ())
            ]
            rows: dict[int, list[tuple[float, float, str]]] = {}
            for line in chars:
                for char, box in line:
                    rows.setdefault(round(box[3]), []).append((box[0], box[2], char))
            for row in rows.values():
                row.sort()
                run = max(re.finditer(r"\.*", "".join(char for _, _, char in row)), key=lambda found: found.end() - found.start())
                if run.end() - run.start() > 12:
                    first, last = run.start(), run.end() - 1
                    size = look.size_pt * look.contents.scale
                    gaps += [(row[first][0] - row[first - 1][1]) / size, (row[last + 1][0] - row[last][1]) / size]
    assert len(gaps) > 4
    assert min(gaps) > 0.2
    assert max(gaps) < 0.75


def lines_of_text(count: int) -> Paragraph:
    return Paragraph((Text(" ".join(["A line of plain words that fills some of the page."] * count)),))


def test_spare_text_fills_a_page_that_would_stay_empty_and_adds_none() -> None:
    # Catches: spare text that opens a new page, or is not used at all.
    spare = tuple(lines_of_text(6) for _ in range(12))
    bare, filled = simple(lines_of_text(4)), simple(lines_of_text(4), spare=spare)
    for seed in range(8):
        one, two = plain(bare, seed), plain(filled, seed)
        assert len(one.pages) == len(two.pages) == 1
        foot = [max(piece.box_pt[3] for piece in out.pieces if piece.kind == "paragraph") for out in (one, two)]
        assert foot[1] > 0.4 * two.pages[0].height_pt > foot[0]


def test_spare_text_goes_before_the_heading_named() -> None:
    # Catches: a slot that is lost when a section's strips are put together.
    first, last = Heading("h1", 1, "", "One"), Heading("h2", 1, "", "Two")
    document = simple(first, lines_of_text(2), last, lines_of_text(1), spare=tuple(lines_of_text(3) for _ in range(9)), spare_before="h2")
    kinds = [piece.kind for piece in plain(document).pieces if piece.kind in ("heading", "paragraph")]
    assert kinds[-2:] == ["heading", "paragraph"]
    assert kinds.count("paragraph") > 3


def test_no_page_begins_with_a_stump_of_a_table() -> None:
    # Catches: one or two rows left over for the next page.
    for rows in range(24, 60, 5):
        body = tuple((Cell((Text(f"r{row}"),)), Cell((Text(f"v{row}"),))) for row in range(rows))
        table = Table("t", "Table 1", (Text("Rows"),), ((Cell((Text("a"),)), Cell((Text("b"),))),), body)
        parts = [piece for piece in plain(simple(table), rows).pieces if piece.kind == "table"]
        assert sum(len(part.rows) - part.head_rows for part in parts) == rows
        assert all(len(part.rows) - part.head_rows >= 4 for part in parts)


def test_type_is_fitted_to_the_pages_wanted() -> None:
    # Catches: a document that stays half as long again as it should be though its type could be smaller.
    text = simple(*(lines_of_text(9) for _ in range(70)))
    loose = [len(plain(text, seed).pages) for seed in range(4)]
    fitted = [len(plain(replace(text, pages_wanted=round(pages / 1.5)), seed).pages) for seed, pages in enumerate(loose)]
    assert all(after <= before for after, before in zip(fitted, loose, strict=True))
    assert sum(fitted) < sum(loose)


@pytest.mark.parametrize("page", ["a4", "slide"])
def test_covers_stay_on_one_page_whatever_is_drawn_on_them(page: str) -> None:
    # Catches: white space and blocks of colour that push the last line off the cover.
    words_ = (("imprint", "Calder Industries"), ("title", "The year in review of all the plants"), ("subtitle", "Review"))
    blocks = [*(Paragraph((Text(text),), role) for role, text in words_), lines_of_text(3), Paragraph((Text("No. 17"),), "imprint")]  # type: ignore[arg-type]
    found = [plain(simple(*blocks, numbering="", page=page), seed) for seed in range(30)]
    assert all(len(out.pages) == 1 for out in found)
    tops = {round(next(piece.box_pt[1] for piece in out.pieces if "review" in piece.text) / 30) for out in found}
    assert len(tops) >= (5 if page == "a4" else 3)


def rows_of(count: int, columns: int = 2) -> Table:
    body = tuple(tuple(Cell((Text(f"r{row}c{column}", f"cell/t/{row}/{column}"),)) for column in range(columns)) for row in range(count))
    return Table("t", "Table 1", (Text("Rows"),), (tuple(Cell((Text(f"h{column}"),)) for column in range(columns)),), body)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_lead_stands_right_above_its_table(columns: int) -> None:
    # Catches: a table on the next page, or spare text between the two.
    spare = tuple(lines_of_text(3) for _ in range(9))
    for lines in range(20, 112, 4):
        lead = Paragraph((Text("The table gives the rows.", "lead"),))
        document = simple(lines_of_text(lines), Heading("h", 2, "1", "Head"), lead, rows_of(12), columns=columns, spare=spare)
        out = plain(document, lines)
        kinds = [piece.kind for piece in out.pieces if piece.kind not in ("head", "foot")]
        at = kinds.index("heading")
        assert kinds[at : at + 3] == ["heading", "paragraph", "caption"]
        (lead_place,) = out.places["lead"]
        first = out.places["cell/t/0/0"][0]
        assert first.page == lead_place.page
        assert first.box_pt[1] > lead_place.box_pt[3]


@pytest.mark.parametrize("lines", range(70, 112, 2))
def test_no_page_has_one_item_of_a_list_alone(lines: int) -> None:
    # Catches: a first item at the foot of a page, or the last one at the head of the next, and an announcement without its list.
    items = tuple((Text(f"Item number {item}"),) for item in range(9))
    lead = Paragraph((Text("The list contains:", "lead"),))
    out = plain(simple(lines_of_text(lines), lead, Listing("l", items)), 3)
    parts = [piece for piece in out.pieces if piece.kind == "list"]
    assert sum(len(piece.items) for piece in parts) == 9
    assert all(len(piece.items) > 1 for piece in parts)
    assert out.places["lead"][0].page == parts[0].page


def test_short_lists_stay_whole() -> None:
    # Catches: a list of five codes over two columns.
    for lines in range(70, 112, 2):
        items = tuple((Text(f"A-{item}"),) for item in range(5))
        out = plain(simple(lines_of_text(lines), Listing("l", items)), 3)
        assert len([piece for piece in out.pieces if piece.kind == "list"]) == 1


def test_headings_are_not_broken_within_a_word() -> None:
    # Catches: a long word of a heading cut at the end of a narrow column.
    word = "Unternehmensführungsgrundsätze"
    for seed in range(12):
        document = simple(Heading("a", 1, "1", word), lines_of_text(30), Heading("b", 2, "1.1", word), lines_of_text(9), columns=3)
        with pymupdf.open(stream=plain(replace(document, language="de"), seed).pdf) as pdf:
            found = [item[4].split("\u2002")[-1] for page in pdf for item in page.get_text("words")]
        assert found.count(word) >= 2, seed


def test_spare_text_stands_under_its_own_heading() -> None:
    # Catches: remarks under the last heading of the front matter, where they say nothing about it.
    head = Heading("remarks", 2, "", "Remarks", in_contents=False)
    spare = tuple(lines_of_text(3) for _ in range(9))
    document = simple(Heading("scope", 2, "", "Scope"), lines_of_text(1), spare=spare, spare_head=head)
    found = [(piece.kind, piece.text) for piece in plain(document).pieces if piece.kind in ("heading", "paragraph")]
    assert [text for kind, text in found if kind == "heading"] == ["Scope", "Remarks"]
    assert [kind for kind, _ in found[:3]] == ["heading", "paragraph", "heading"]
    bare = simple(Heading("scope", 2, "", "Scope"), lines_of_text(1), spare_head=head)
    assert "Remarks" not in [piece.text for piece in plain(bare).pieces]


def test_a_long_narrow_table_stands_in_two_columns() -> None:
    # Catches: page after page of one narrow column.
    out = plain(simple(rows_of(130)), 1)
    assert all(len(out.places[f"cell/t/{row}/0"]) == 1 for row in range(130))
    parts = [piece for piece in out.pieces if piece.kind == "table"]
    assert len({piece.page for piece in parts}) == 2
    assert len({round(piece.box_pt[0]) for piece in parts if piece.page == 0}) == 2
    assert all(piece.head_rows == 1 for piece in parts)
    wide = plain(simple(rows_of(130, columns=12)), 1)
    assert len({round(piece.box_pt[0]) for piece in wide.pieces if piece.kind == "table"}) == 1


def test_tables_on_slides_are_set_smaller_rather_than_cut() -> None:
    # Catches: the last rows of a table alone on a slide of their own.
    for seed in range(8):
        out = plain(simple(Heading("h", 2, "1", "Head"), rows_of(22), page="slide", columns=2), seed)
        assert len(out.pages) == 1, seed


def test_slides_do_not_repeat_their_spare_text() -> None:
    # Catches: every slide of a chapter taking the same spare bullets.
    spare = tuple(Listing(f"s{n}", ((Text(f"Spare point {n}"),),)) for n in range(9))
    blocks = [block for n in range(3) for block in (Heading(f"h{n}", 2, "", f"Slide {n}"), Listing(f"l{n}", ((Text("Point"),),)))]
    out = plain(simple(*blocks, page="slide", columns=2, spare=spare), 2)
    printed = [item for piece in out.pieces if piece.kind == "list" for item in piece.items if "Spare" in item]
    assert len(printed) == len(set(printed)) > 0


def test_contents_entries_of_one_level_have_one_inset() -> None:
    # Catches: the first of two equal headings set as a chapter and the second below it.
    heads = [
        Heading("a", 3, "", "Conventions"),
        Heading("b", 3, "", "Scope"),
        Heading("c", 1, "1", "Chapter"),
        Heading("d", 2, "1.1", "Part"),
    ]
    out = plain(simple(Contents("Contents"), *(block for head in heads for block in (head, lines_of_text(2)))), 4)
    left = {key: out.places[f"contents/{key}"][0].box_pt[0] for key in "abcd"}
    assert left["a"] == left["b"] == left["c"] < left["d"]

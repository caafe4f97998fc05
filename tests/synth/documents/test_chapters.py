"""Documents say each fact once, where a reader can find it, and keep joined facts apart."""

from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from schemas.errors import DataError
from synth.documents.blocks import Figure, Heading, Inline, Listing, Paragraph, Section, Table
from synth.documents.chapters import Written, write_document
from synth.documents.chapters_budget import Room
from synth.documents.chapters_prose import Marked, fill
from synth.documents.chapters_statements import Told, places_between, settle
from synth.documents.chapters_text import prose
from synth.documents.layout import layout
from synth.documents.looks import draw_look
from synth.documents.sampling import GENRES, sample_world
from synth.documents.wording import languages, load_wording
from synth.documents.world import World

CASES = [
    *(("en", genre, (10, 20, 40)[at % 3]) for at, genre in enumerate(GENRES)),
    *((language, GENRES[at * 5 % 12], 20) for at, language in enumerate(languages())),
    ("en", "annual_report", 80),
]


@cache
def written_of(language: str, genre: str, pages: int, seed: int = 1) -> tuple[World, Written]:
    rng = np.random.default_rng(seed)
    world = sample_world(language, genre, pages, rng)
    return world, write_document(world, load_wording(language), rng, pages_target=pages)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def case(request: pytest.FixtureRequest) -> tuple[World, Written]:
    return written_of(*request.param)


def inlines(written: Written) -> list[Inline]:
    """All runs of the document by block."""
    out: list[Inline] = []
    for section in written.document.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                out.append(block.inlines)
            elif isinstance(block, Listing):
                out += block.items
            elif isinstance(block, Table):
                out += [block.caption, block.note, *(cell.inlines for row in (*block.head, *block.body) for cell in row)]
            elif isinstance(block, Figure):
                out.append(block.caption)
    return [*out, *written.document.footnotes.values()]


def chapter_of(written: Written) -> dict[str, int]:
    """Number of the chapter each anchor, table and figure is in; chapters are counted by headings of the first level."""
    places: dict[str, int] = {}
    chapter = 0
    for section in written.document.sections:
        for block in section.blocks:
            if isinstance(block, Heading) and block.level == 1:
                chapter += 1
            if isinstance(block, Table | Figure | Listing):
                places[block.key] = chapter
            runs = (
                block.inlines
                if isinstance(block, Paragraph)
                else [run for item in block.items for run in item]
                if isinstance(block, Listing)
                else ()
            )
            places |= {run.anchor: chapter for run in runs if run.anchor}
            places |= {run.note: chapter for run in runs if run.note}
    return places


def test_the_same_seed_gives_the_same_document() -> None:
    rng = np.random.default_rng(1)
    world = sample_world("en", "exam", 20, rng)
    assert write_document(world, load_wording("en"), rng, pages_target=20) == written_of("en", "exam", 20)[1]
    assert written_of("en", "exam", 20)[1] != written_of("en", "exam", 20, 2)[1]


def test_the_words_around_every_value_occur_once(case: tuple[World, Written]) -> None:
    _, written = case
    texts = list(prose(written.document))
    for key, statement in written.statements.items():
        whole = statement.before + statement.value + statement.after
        assert sum(text.count(whole) for text in texts) == 1, key
        assert sum(text.count(statement.before) for text in texts if statement.after in text.partition(statement.before)[2]) == 1, key


def test_every_anchor_names_one_run(case: tuple[World, Written]) -> None:
    _, written = case
    anchors = Counter(run.anchor for runs in inlines(written) for run in runs if run.anchor and not run.anchor.startswith("ref/"))
    assert [anchor for anchor, count in anchors.items() if count > 1] == []
    assert {statement.anchor for statement in written.statements.values()} <= {*anchors, *(f"ref/{n + 1}" for n in range(50))}


def test_every_fact_of_the_world_is_stated(case: tuple[World, Written]) -> None:
    world, written = case
    keys = set(written.statements)
    expected = {f"event/{event.key}" for event in world.events} | {f"claim/{key}" for key in world.claims}
    expected |= {f"limit/{limit.attribute}" for limit in world.limits} | {f"use/{term.acronym}" for term in world.terms}
    expected |= {f"term/{term.acronym}" for term in world.terms} | {f"amend/{n + 1}" for n in range(len(world.amendments))}
    expected |= {f"scale/{metric.key}" for metric in world.metrics if metric.scale > 1} | {"scope"}
    assert expected <= keys
    assert {link.replace("remark", "footnote") for link in written.links} <= keys


def test_tables_print_the_world(case: tuple[World, Written]) -> None:
    world, written = case
    anchors = {run.anchor for runs in inlines(written) for run in runs}
    for metric in world.metrics:
        if metric.key in world.plotted:
            assert f"metric-{metric.key}" not in written.tables
            continue
        for entity in world.entities:
            for period in world.periods:
                assert f"cell/metric-{metric.key}/{entity.code}/{period}" in anchors
    assert {"summary", "directory", "specs", "duties", "organisation", "ledger", "rooms"} <= set(written.tables)
    assert len(written.tables["ledger"].body) == len(world.orders)
    for name, codes in world.lists.items():
        assert tuple("".join(run.text for run in item) for item in written.lists[f"listing-{name}"].items) == codes


def test_joined_facts_are_in_different_chapters(case: tuple[World, Written]) -> None:
    world, written = case
    places = chapter_of(written)
    tabulated = [f"metric-{metric.key}" for metric in world.metrics if metric.key not in world.plotted]
    for group in (
        ["summary", "directory", "ledger", "rooms", *tabulated],
        ["directory", "specs", *(f"limit/{limit.attribute}" for limit in world.limits)],
        ["duties", "organisation", "rooms"],
        ["duties", "directory"],
        [f"listing-{name}" for name in world.lists],
    ):
        found = [places[key] for key in group]
        assert len(set(found)) == len(found), dict(zip(group, found, strict=True))
    for key in world.claims:
        metric, code = key.split("/")
        group_name = next(entity.group for entity in world.entities if entity.code == code)
        assert places[f"text/claim/{key}"] != places[f"figure-{metric}-{world.groups.index(group_name)}"]
    for key, link in written.links.items():
        if not key.startswith("citation"):
            anchor = f"text/{key}" if key.startswith("xref") else key.replace("remark", "footnote")
            assert places[anchor] != places[link.target], key
    assert len({places[f"event/{event.key}"] for event in world.events}) >= 5


def test_names_and_codes_meet_only_in_the_directory(case: tuple[World, Written]) -> None:
    world, written = case
    for runs in inlines(written):
        text = "".join(run.text for run in runs)
        for entity in world.entities:
            assert not (entity.code in text and entity.name in text)
    for key, table in written.tables.items():
        row = {"".join(run.text for run in cell.inlines) for cell in table.body[0]}
        codes, names = {entity.code for entity in world.entities}, {entity.name for entity in world.entities}
        assert key == "directory" or not (row & codes and row & names)


def test_headings_are_different_and_numbered_in_order(case: tuple[World, Written]) -> None:
    _, written = case
    texts = Counter(heading.text for heading in written.headings.values())
    assert [text for text, count in texts.items() if count > 1 and len(written.headings) < 60] == []
    chapters = [heading for key, heading in written.headings.items() if key.startswith("chapter-")]
    assert len({heading.number for heading in chapters}) == len(chapters) >= 6


def test_masked_categories_are_drawn_without_a_value(case: tuple[World, Written]) -> None:
    world, written = case
    masked = [name for figure in written.figures.values() for name in figure.chart.masked]
    assert len(masked) == len(world.masked)
    assert {figure.chart.hidden for figure in written.figures.values() if figure.chart.masked} == {
        load_wording(world.language).labels.hidden
    }


def test_amendments_are_printed_after_the_tables_they_correct(case: tuple[World, Written]) -> None:
    world, written = case
    places = chapter_of(written)
    for at, change in enumerate(world.amendments):
        assert places[f"amend/{at + 1}"] > places[f"metric-{change.metric}"]
        assert (
            written.tables[f"metric-{change.metric}"].label
            in written.statements[f"amend/{at + 1}"].before + written.statements[f"amend/{at + 1}"].after
        )


def test_front_matter_is_roman_and_the_cover_is_not_counted() -> None:
    _, written = written_of("en", "tender", 10)
    numbering: list[str] = [section.numbering for section in written.document.sections]
    assert numbering[:3] == ["", "r", "D"]
    assert set(numbering[2:]) == {"D"}


def test_long_documents_mix_page_styles() -> None:
    sections: list[Section] = [section for seed in range(4) for section in written_of("en", "thesis", 40, seed)[1].document.sections]
    assert any(section.landscape for section in sections)
    assert {section.columns for section in sections} >= {1, 2}


def test_filler_does_not_repeat_a_sentence_nearby() -> None:
    _, written = written_of("en", "annual_report", 80)
    sentences = [sentence for text in prose(written.document) for sentence in text.split(". ") if len(sentence) > 40]
    assert max(Counter(sentences).values()) <= 2
    assert all(one != other for one, other in pairwise(sentences))


def test_fill_keeps_facts_apart_from_their_units() -> None:
    sentence = fill("of {name}, {value} at most.", {"value": Marked("k", "a", "41.2", "number", "EUR ", "")}, name="Mill")
    assert sentence.runs == ("Of Mill, EUR ", "41.2", " at most.")
    assert [index for index, _ in sentence.facts] == [1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("genre_name", "pages"), [("annual_report", 20), ("thesis", 40), ("catalogue", 20), ("slides", 40), ("manual", 80)]
)
def test_documents_have_about_the_pages_wanted(genre_name: str, pages: int) -> None:
    """Catches a budget that no longer fits the layout."""
    ratios = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        world = sample_world("en", genre_name, pages, rng)
        look = draw_look("en", rng)
        room = Room.of(look.size_pt, look.leading, look.margins_pt)
        written = write_document(world, load_wording("en"), rng, pages_target=pages, room=room)
        ratios.append(len(layout(written.document, look, rng).pages) / pages)
    assert 0.75 <= min(ratios)
    assert max(ratios) <= 1.25


def test_a_larger_type_needs_less_filler() -> None:
    rng = np.random.default_rng(2)
    world = sample_world("en", "tender", 40, rng)
    lengths = []
    for size_pt in (9.0, 11.0):
        room = Room.of(size_pt, 1.36, (75.0, 66.0, 75.0, 66.0))
        written = write_document(world, load_wording("en"), np.random.default_rng(3), pages_target=40, room=room)
        lengths.append(sum(map(len, prose(written.document))))
    assert lengths[0] > 1.2 * lengths[1]


def test_statements_reach_beyond_short_sentences_but_not_far() -> None:
    world, written = written_of("en", "tender", 10)
    for key, statement in written.statements.items():
        if key.startswith(("event/", "claim/")):
            assert len(statement.before) + len(statement.after) >= 24
            assert len(statement.after) < 200
    assert len(world.events) >= 6


@pytest.mark.parametrize("language", languages())
def test_words_around_a_value_are_more_than_its_unit(language: str) -> None:
    """Catches a cut at the space between number and unit, which would leave the number without an end."""
    _, written = written_of(language, "thesis", 20)
    for key, statement in written.statements.items():
        if key.startswith(("claim/", "limit/", "event/")):
            assert len(statement.after.strip()) >= 6, (key, statement)


@pytest.mark.parametrize("genre_name", ["annual_report", "catalogue", "slides"])
def test_tables_and_figures_are_numbered_in_printed_order(genre_name: str) -> None:
    """Catches numbers given in the order of the plan to displays that are printed in another one."""
    for seed in range(4):
        _, written = written_of("en", genre_name, 20, seed)
        blocks = [block for section in written.document.sections for block in section.blocks]
        for kind in (Table, Figure):
            numbers = [int(block.label.split()[-1]) for block in blocks if isinstance(block, kind)]
            assert numbers == list(range(1, len(numbers) + 1))


def test_a_context_grows_until_a_reader_can_tell_it_apart() -> None:
    """Catches contexts that are unique only as long as spaces, headings and columns are where they were written."""
    paragraph = "In the first place the east mill took 41 hours. In the second place the east mill took 52 hours."
    left = paragraph.index("52")
    told = Told(paragraph, (left, left + 2), (left, len(paragraph)), (0, len(paragraph)), "number", "a")
    settled = settle({"k": told}, paragraph.replace("the east", "the\neast"), 1.0)["k"]
    assert places_between(paragraph.replace(" ", ""), settled.before, settled.after) == ["52"]
    assert "second" in settled.before
    twin = Told("took 52 hours.", (5, 7), (0, 14), (0, 14), "number", "a")
    with pytest.raises(DataError, match="statement_ambiguous"):
        settle({"k": twin}, "took 52 hours. took 53 hours.", 1.0)


def test_no_context_reaches_over_a_footnote_mark() -> None:
    """Catches a context that a reader cannot find because the mark's number stands in it."""
    for genre_name in ("annual_report", "thesis", "tender"):
        world, written = written_of("en", genre_name, 20)
        marked = {run.text: run.note for runs in inlines(written) for run in runs if run.note}
        assert len(marked) >= 2
        for statement in written.statements.values():
            assert not any(text.strip() and text in statement.before for text in marked)
        assert world.genre == genre_name


def test_notes_below_tables_hold() -> None:
    """Catches a register in order of number that is said to be ordered by code."""
    noted = {key.split("-")[0] for seed in range(6) for key, table in written_of("en", "tender", 20, seed)[1].tables.items() if table.note}
    assert noted == {"metric"}


def test_slides_tell_spare_bullets_from_lists() -> None:
    """Catches bullets that a reader would take for more items of the list above them."""
    _, written = written_of("en", "slides", 20)
    assert all(section.spare_head for section in written.document.sections if section.spare)


def test_glossary_references_and_amendments_are_lists_of_entries(case: tuple[World, Written]) -> None:
    world, written = case
    blocks = [block for section in written.document.sections for block in section.blocks]
    entries = {
        inline.anchor
        for block in blocks
        if isinstance(block, Paragraph) and block.role == "entry"
        for inline in block.inlines
        if inline.anchor
    }
    assert {f"term/{term.acronym}" for term in world.terms} <= entries
    assert {f"ref/{at + 1}" for at in range(len(world.references))} <= entries
    assert {f"amend/{at + 1}" for at in range(len(world.amendments))} <= entries


def test_a_cover_has_no_prose(case: tuple[World, Written]) -> None:
    # Catches: "Sylvia Cranwell pointed out that good preparation matters" below a title.
    _, written = case
    cover = written.document.sections[0]
    assert {block.role for block in cover.blocks if isinstance(block, Paragraph)} <= {"title", "subtitle", "imprint"}
    assert all(isinstance(block, Paragraph) for block in cover.blocks)

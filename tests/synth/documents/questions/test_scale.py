"""Where a note says that a metric's numbers are printed in thousands, no question takes a printed number for the value, and none may."""

from collections.abc import Iterator

import pytest
from numpy.random import default_rng

from schemas.sample import Json, Proof
from synth.documents import proof
from synth.documents.formats import unit_affixes
from synth.documents.proof_leaves import Seen
from synth.documents.proof_scale import IN_PRINT, scaled_metrics
from synth.documents.proof_values import folded
from synth.documents.questions import Context
from synth.documents.questions.compose import TYPES
from synth.documents.questions.context import Paper
from synth.documents.questions.draft import Draft
from synth.documents.questions.phrase import phrase
from synth.documents.questions.tables import scaled_value
from synth.documents.reading import read_pdf
from tests.synth.documents.questions.conftest import context_of

LANGUAGES = ("en", "zh", "ja", "ar", "hi", "ru", "de")
WRITERS = [writer for writers in TYPES.values() for writer in writers]
WITH_UNIT = IN_PRINT - {"two_table_ratio"}


def drafts(context: Context, seeds: range) -> Iterator[Draft]:
    """Drafts of the kinds whose answers change with the scale."""
    for seed in seeds:
        for writer in WRITERS:
            draft = writer(context, default_rng(seed))
            if draft is not None and draft.wording in IN_PRINT:
                yield draft


def tables(program: Json) -> Iterator[tuple[Json, str]]:
    """Document and label of the tables of a program whose label is given as it stands."""
    if isinstance(program, list):
        for item in program:
            yield from tables(item)
    elif isinstance(program, dict):
        if isinstance(program.get("table"), str) and program.get("as") == "number":
            yield program["doc"], str(program["table"])
        for value in program.values():
            yield from tables(value)


def scaled_tables(context: Context) -> set[tuple[Json, str]]:
    return {
        (paper.index, paper.written.tables[f"metric-{metric.key}"].label)
        for paper in context.papers
        for metric in paper.tabulated
        if metric.scale > 1
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_on_printed_numbers_leave_scaled_metrics_alone_and_answer_with_units(language: str) -> None:
    context = context_of(language, "annual_report", 4, documents=2)
    paper = context.papers[0]
    scaled = {metric.name for metric in paper.world.metrics if metric.scale > 1}
    assert scaled
    seen = set()
    for draft in drafts(context, range(8)):
        seen.add(draft.wording)
        assert not scaled & {draft.slots.get("metric"), draft.slots.get("other")}, draft
        assert not scaled_tables(context) & set(tables(draft.program)), draft
        if draft.wording in WITH_UNIT:
            units = ["".join(unit_affixes(metric.unit, language, paper.wording.unit_space)) for metric in paper.unscaled]
            assert any(unit in draft.answer.printed[-1] for unit in units), draft
    assert len(seen) >= 5


@pytest.mark.parametrize("genre", ["annual_report", "lab_protocol", "slides"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scaled_metric_has_a_note_that_the_verifier_reads(language: str, genre: str) -> None:
    paper = context_of(language, genre, 4).papers[0]
    document = read_pdf(paper.laid_out.pdf)
    scaled = {folded(metric.name) for metric in paper.world.metrics if metric.scale > 1}
    assert scaled
    assert set(scaled_metrics(document)) == scaled
    assert all(paper.pages([f"text/scale/{metric.key}"]) for metric in paper.world.metrics if metric.scale > 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_printed_number_of_a_scaled_metric_is_refused(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: questions drawn without regard to notes, program and answer as printed. Others still pass."""
    monkeypatch.setattr(Paper, "unscaled", Paper.tabulated)
    context = context_of(language, "annual_report", 4)
    (paper,) = context.papers
    artefact = proof.Artefact((read_pdf(paper.laid_out.pdf),), ())
    faults = {True: set[str](), False: set[str]()}
    for draft in drafts(context, range(3)):
        if "metric" in draft.slots and draft.wording != "consistency":
            scaled = bool(scaled_tables(context) & set(tables(draft.program)))
            faults[scaled].add(fault_of(context, draft, artefact))
    assert faults[False] == {""}
    assert faults[True]
    assert all(fault.startswith("wrong_scale") for fault in faults[True])
    in_full = next(found for seed in range(20) if (found := scaled_value(context, default_rng(seed))))
    assert fault_of(context, in_full, artefact) == ""


def fault_of(context: Context, draft: Draft, artefact: proof.Artefact) -> str:
    seen: list[Seen] = []
    question, answer = phrase(context, draft, default_rng(0))
    proof.evaluate(draft.program, artefact.watched(seen))
    captions = [item.text for item in seen if item.is_caption]
    return proof.words_fault(question, answer, Proof(draft.program, draft.answer.stored, ()), artefact, captions)

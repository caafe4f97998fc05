"""Near misses keep the wording of the question they were made from, and their absence can be proved; anything present is noticed."""

import re
from dataclasses import replace

import pytest
from numpy.random import default_rng

from schemas.canonical import canonical_json
from schemas.sample import Json
from synth.documents import proof
from synth.documents.proof_binding import read_back
from synth.documents.proof_shapes import PARTS, RESTS_ON
from synth.documents.proof_values import Unstated
from synth.documents.questions import Context
from synth.documents.questions.compose import TYPES, compose
from synth.documents.questions.draft import NONE, Draft
from synth.documents.questions.phrase import phrase
from synth.documents.questions.prose import definition
from synth.documents.questions.structure import contents_to_pdf_page, section_distance, sections_on_pages
from synth.documents.questions.tables import consistency
from synth.documents.questions.unanswerable import REPLACEABLE, near_miss
from synth.documents.reading import read_pdf
from tests.synth.documents.questions.conftest import context_of


def artefact_of(context: Context) -> proof.Artefact:
    return proof.Artefact(tuple(read_pdf(paper.laid_out.pdf) for paper in context.papers))


def pairs(context: Context) -> list[tuple[Draft, Draft]]:
    """A question with an answer and one without for as many kinds as the context has, figures apart: these need pictures."""
    rng = default_rng(0)
    found: dict[str, tuple[Draft, Draft]] = {}
    for writer in [writer for writers in TYPES.values() for writer in writers] * 3:
        twin = writer(context, rng)
        if twin and "figure" not in twin.kinds and twin.wording not in found and (miss := near_miss(context, twin, rng)):
            found[twin.wording] = (twin, miss)
    return list(found.values())


def test_near_misses_share_everything_but_the_absent_thing(context: Context) -> None:
    found = pairs(context)
    assert len(found) >= 15
    for twin, miss in found:
        changed = {slot for slot, text in miss.slots.items() if text != twin.slots[slot]}
        assert miss.wording == twin.wording
        assert miss.slots.keys() == twin.slots.keys()
        assert changed
        assert changed >= {slot for slot, _ in REPLACEABLE[twin.wording]} if twin.wording in PARTS else len(changed) == 1
        assert miss.task == "unanswerable"
        assert miss.answer.is_none


@pytest.mark.parametrize("language", ["en", "ru", "hi"])
def test_where_the_same_is_asked_of_several_things_none_of_them_is_there(language: str) -> None:
    """A refusal would otherwise leave out what the document does say. Planted: the proof of one whose other parts are there."""
    context = context_of(language, "annual_report", 5)
    artefact, seen = artefact_of(context), set[str]()
    for seed in range(12):
        for writer in (sections_on_pages, contents_to_pdf_page, section_distance, definition):
            twin = writer(context, default_rng(seed))
            miss = twin and near_miss(context, twin, default_rng(seed))
            if twin and miss and isinstance(miss.program, dict):
                seen.add(miss.wording)
                parts = PARTS[miss.wording]
                assert all(any(miss.slots[slot] != twin.slots[slot] for slot in part) for part in parts), miss
                question = phrase(context, miss, default_rng(seed))[0]
                assert read_back(question, miss.program, artefact) is not None
                slot = next(iter(parts[0] & {slot for slot, text in miss.slots.items() if text != twin.slots[slot]}))
                program = without_text(miss.program, miss.slots[slot])
                half = replace(miss, slots={**miss.slots, slot: twin.slots[slot]}, program=program)
                assert read_back(phrase(context, half, default_rng(seed))[0], half.program, artefact) is None
    assert seen >= {"section_pages", "contents_pdf_page", "definition"}


def test_a_comparison_is_not_refused_where_the_value_it_asks_for_is_there(context: Context) -> None:
    """The sum of the details, or the number in the text, does not need the table or figure that it is held against."""
    assert not {"table", "figure"} & {slot for key in RESTS_ON for slot, _ in REPLACEABLE[key]}
    draft = next(found for seed in range(20) if (found := consistency(context, default_rng(seed))))
    paper = context.papers[draft.document or 0]
    label = paper.label("table", len(paper.written.tables) + 2)
    program: Json = {"op": "absent", "near": [draft.program], "query": [], "never": [[label]], "doc": paper.index}
    half = replace(draft, task="unanswerable", slots={**draft.slots, "table": label}, answer=NONE, program=program)
    assert proof.evaluate(program, artefact_of(context)) == Unstated()
    assert read_back(phrase(context, half, default_rng(0))[0], program, artefact_of(context)) is None


def without_text(program: dict[str, Json], text: str) -> Json:
    """A proof of absence that no longer looks for a text."""
    kept: dict[str, Json] = dict(program)
    for key in ("query", "never"):
        items = program.get(key)
        kept[key] = [item for item in items if text not in canonical_json(item)] if isinstance(items, list) else []
    return kept


def test_sections_asked_about_are_of_the_kind_that_may_be_absent(context: Context) -> None:
    """A heading that every document has would tell that its question has an answer."""
    for seed in range(30):
        for writer in (sections_on_pages, contents_to_pdf_page):
            draft = writer(context, default_rng(seed))
            if draft is not None:
                assert set(draft.slots.values()) <= set(context.papers[draft.document or 0].words.sections[1:])


def test_absence_is_proved_from_the_stored_pages(context: Context) -> None:
    artefact = artefact_of(context)
    for _, miss in pairs(context):
        assert proof.evaluate(miss.program, artefact) == Unstated(), miss


def test_an_answerable_question_that_claims_to_have_no_answer_is_refuted(context: Context) -> None:
    """The planted fault: the program of a refusal, with the real thing where the absent one was."""
    refuted, artefact = 0, artefact_of(context)
    for twin, miss in pairs(context):
        changed = [(text, twin.slots[slot]) for slot, text in miss.slots.items() if text != twin.slots[slot]]
        program = restored(miss.program, changed[0][0], changed[0][1])
        if program == miss.program or canonical_json(program).count('"never"') == 0:
            continue
        with pytest.raises(proof.ProofError, match="present"):
            proof.evaluate(program, artefact)
        refuted += 1
    assert refuted >= 8


def restored(program: Json, absent: str, real: str) -> Json:
    if isinstance(program, dict):
        return {key: restored(value, absent, real) for key, value in program.items()}
    if isinstance(program, list):
        return [restored(item, absent, real) for item in program]
    return real if program == absent else program


def test_the_scan_looks_at_the_document_that_is_asked_about(pair: Context) -> None:
    """What only the other issue prints is absent here; without `doc` the scan would find it there."""
    title = next(
        event.title for event in pair.papers[1].world.events if not any(squeeze(event.title) in page for page in pair.papers[0].page_texts)
    )
    near: Json = {"op": "page_count", "doc": 0}
    program: dict[str, Json] = {"op": "absent", "near": [near], "never": [[title]]}
    assert proof.evaluate({**program, "doc": 0}, artefact_of(pair)) == Unstated()
    for others in ({}, {"doc": 1}):
        with pytest.raises(proof.ProofError, match="document 2"):
            proof.evaluate({**program, **others}, artefact_of(pair))


def squeeze(text: str) -> str:
    return "".join(text.split())


def test_refusals_are_a_fifth_and_of_many_kinds(context: Context) -> None:
    """Were refusals made from few kinds of question, these would give them away."""
    asked = [question for seed in range(25) for question in compose(context, default_rng(seed), 8)]
    refused = [question for question in asked if question.task == "unanswerable"]
    assert 0.14 < len(refused) / len(asked) < 0.26
    assert len({leaf_names(question.program) for question in refused}) >= 12


def leaf_names(program: Json) -> tuple[str, ...]:
    """Operations of a program and the things they are applied to, which tell kinds of question apart."""
    return tuple(re.findall(r'"(?:op|column|table)":"([^"]+)"', canonical_json(program)))


def test_refusals_get_leads_and_tails_as_often_as_answers(context: Context) -> None:
    """A tail, or a bare answer, would otherwise tell that there is one."""
    frame = context.words.frame
    tails = (*frame.tails_bare, *frame.tails_sentence)
    asked = [question for seed in range(60) for question in compose(context, default_rng(seed), 8)]
    shares = []
    for kind in (True, False):
        group = [question.question for question in asked if (question.task == "unanswerable") is kind]
        shares.append(sum(text.endswith(tails) for text in group) / len(group))
    assert abs(shares[0] - shares[1]) < 0.15


def test_the_period_of_a_near_miss_stands_beside_nothing_asked_about(context: Context) -> None:
    for twin, miss in pairs(context):
        for slot, text in miss.slots.items():
            if slot in ("period", "later") and text != twin.slots[slot] and isinstance(miss.program, dict):
                assert text not in context.papers[0].world.periods
                assert miss.program["never"]

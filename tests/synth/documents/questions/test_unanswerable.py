"""Near misses keep the wording of the question they were made from, and their absence can be proved; anything present is noticed."""

import re

import pytest
from numpy.random import default_rng

from schemas.canonical import canonical_json
from schemas.sample import Json
from synth.documents import proof
from synth.documents.proof_values import Unstated
from synth.documents.questions import Context
from synth.documents.questions.compose import TYPES, compose
from synth.documents.questions.draft import Draft
from synth.documents.questions.unanswerable import REPLACEABLE, near_miss
from synth.documents.reading import read_pdf


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
        assert changed <= {slot for slot, _ in REPLACEABLE[twin.wording]}
        assert miss.task == "unanswerable"
        assert miss.answer.is_none


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

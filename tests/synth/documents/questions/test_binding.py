"""A program whose value is right, but which answers another question than its words ask, is not read back."""

import json
from collections.abc import Iterator

import pytest
from numpy.random import default_rng

from schemas.sample import Json
from synth.documents import proof
from synth.documents.proof_binding import read_back
from synth.documents.questions import Context
from synth.documents.questions.compose import Writer
from synth.documents.questions.phrase import phrase
from synth.documents.questions.prose import reference_caption, reference_to_table
from synth.documents.questions.tables import constraint_search, group_of_extreme, lookup_join
from synth.documents.reading import read_pdf


def artefact_of(context: Context) -> proof.Artefact:
    return proof.Artefact(tuple(read_pdf(paper.laid_out.pdf) for paper in context.papers), ())


def asked(context: Context, writer: Writer, kind: str) -> Iterator[tuple[str, Json, dict[str, str]]]:
    """Question, program and slots of some drafts of a kind."""
    for seed in range(12):
        draft = writer(context, default_rng(seed))
        if draft is not None and draft.wording == kind:
            yield phrase(context, draft, default_rng(seed))[0], draft.program, dict(draft.slots)


def changed(program: Json, before: str, after: str) -> Json:
    """The program with one JSON text in place of another, wherever it stands."""
    text = json.dumps(program, ensure_ascii=False, sort_keys=True)
    assert before in text
    changed: Json = json.loads(text.replace(before, after))
    return changed


def test_a_limit_is_the_least_or_the_most_as_its_sentence_says(context: Context) -> None:
    artefact, seen = artefact_of(context), set[str]()
    for question, program, _ in asked(context, constraint_search, "constraint_search"):
        assert read_back(question, program, artefact) is not None
        for relation, opposite in (("ge", "le"), ("le", "ge")):
            if f'"relation": "{relation}"' in json.dumps(program):
                seen.add(relation)
                wrong = changed(program, f'"relation": "{relation}"', f'"relation": "{opposite}"')
                assert read_back(question, wrong, artefact) is None
    assert seen


def test_an_entity_belongs_to_the_group_that_the_question_names(context: Context) -> None:
    artefact = artefact_of(context)
    found = list(asked(context, lookup_join, "lookup_join"))
    assert found
    for question, program, slots in found:
        other = next(group for paper in context.papers for group in paper.world.groups if group.casefold() != slots["group"].casefold())
        assert read_back(question, program, artefact) is not None
        assert read_back(question.replace(slots["group"], other), program, artefact) is None


def test_the_group_of_an_extreme_is_asked_for_by_the_head_of_its_column(context: Context) -> None:
    """A question for a group, where the column is headed Division, leaves readers to guess."""
    artefact = artefact_of(context)
    found = list(asked(context, group_of_extreme, "group_of_extreme"))
    assert found
    for question, program, slots in found:
        assert slots["head"] in {paper.words.group.head for paper in context.papers}
        assert slots["head"] in question
        assert read_back(question, program, artefact) is not None
        assert read_back(question.replace(slots["head"], context.wording.labels.room), program, artefact) is None


@pytest.mark.parametrize(("writer", "kind"), [(reference_to_table, "footnote_value"), (reference_caption, "footnote_caption")])
def test_a_footnote_is_the_one_on_the_topic_of_the_question(context: Context, writer: Writer, kind: str) -> None:
    artefact = artefact_of(context)
    for question, program, slots in asked(context, writer, kind):
        assert slots["topic"] in question
        assert read_back(question, program, artefact) is not None
        assert read_back(question.replace(slots["topic"], slots["topic"] + "x"), program, artefact) is None


def test_no_argument_is_added_that_the_question_does_not_ask_for(context: Context) -> None:
    """A key column would name the rows anew."""
    artefact = artefact_of(context)
    for question, program, _ in asked(context, lookup_join, "lookup_join"):
        assert isinstance(program, dict)
        assert read_back(question, {**program, "key": "x"}, artefact) is None

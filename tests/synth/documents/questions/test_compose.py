"""Composed questions: proved from the pages, never answered by themselves, and of many types."""

from collections import Counter

import pytest
from numpy.random import default_rng

from schemas.sample import Evidence, Proof, Turn
from schemas.tokens import count_conversation
from synth.documents import proof
from synth.documents.measure import Picture
from synth.documents.proof_answers import misprinted
from synth.documents.proof_leaves import Seen
from synth.documents.proof_questions import Asked, read_question
from synth.documents.questions import Context, Question
from synth.documents.questions.compose import TYPES, _names, compose
from synth.documents.questions.draft import Answer, finding, several, text
from synth.documents.questions.phrase import phrase
from synth.documents.questions.tables import consistency
from synth.documents.reading import read_pdf
from synth.documents.report import text_reserve
from tests.synth.documents.questions.conftest import context_of


def asked(context: Context, seeds: range) -> list[Question]:
    return [question for seed in seeds for question in compose(context, default_rng(seed), 8)]


def test_every_question_without_figures_is_proved(context: Context) -> None:
    papers = context.papers
    views = [(paper.index, page) for paper in papers for page in range(len(paper.laid_out.pages))]
    pictures = tuple(Picture(document, page, b"", 72, (1, 0, 0, 0, 1, 0)) for document, page in views)
    artefact = proof.Artefact(tuple(read_pdf(paper.laid_out.pdf) for paper in papers), pictures)
    for question in asked(context, range(2)):
        if '"bar' in str(question.program).replace("'", '"'):
            continue
        pages = sorted({(paper, page) for paper, anchor in question.anchors for page in papers[paper].pages((anchor,))})
        evidence = tuple(Evidence(image=views.index(place)) for place in pages)
        turns = (
            Turn("user", question.question),
            Turn("assistant", question.answer_text, question.task, proof=Proof(question.program, question.answer, evidence)),
        )
        proved = turns[1].proof
        assert proved is not None
        seen: list[Seen] = []
        fault = proof.derivation_fault(proved, artefact.watched(seen)) or proof.words_fault(
            question.question, question.answer_text, proved, artefact, [item.text for item in seen if item.is_caption]
        )
        assert fault == "", (question.question, fault)


def test_questions_about_figures_point_at_what_is_measured(context: Context) -> None:
    """At bars or markers, on the page of the caption that names the figure; a program that measures has such evidence."""
    for question in asked(context, range(6)):
        bars = [(paper, anchor) for paper, anchor in question.anchors if anchor.startswith("bar/")]
        if question.task in ("chart_against_text", "multi_figure"):
            assert bars
        for paper, anchor in bars:
            laid_out, figure = context.papers[paper].laid_out, anchor.split("/")[1]
            (place,) = laid_out.places[anchor]
            assert place.page == laid_out.charts[figure].page == context.papers[paper].page(f"caption/{figure}")


def test_no_answer_is_given_twice_in_a_conversation(context: Context) -> None:
    for seed in range(20):
        answers = [str(question.answer) for question in compose(context, default_rng(seed), 8) if question.task != "unanswerable"]
        assert len(set(answers)) == len(answers)


def test_types_are_drawn_evenly(contexts: list[Context]) -> None:
    counts = Counter(question.task for context in contexts for question in asked(context, range(20)))
    answered = {task: count for task, count in counts.items() if task != "unanswerable"}
    assert answered.keys() >= TYPES.keys() - {"two_documents", "multi_figure", "counting"}  # these need what not every document has
    assert max(answered.values()) < 0.12 * sum(answered.values())


def test_a_finding_says_yes_or_no_and_its_value(context: Context) -> None:
    language = context.papers[0].world.language
    for seed in range(30):
        draft = consistency(context, default_rng(seed))
        assert draft is not None
        assert draft.answer.agrees in (True, False)
        assert len(draft.answer.printed) == 1
    for question in asked(context, range(40)):
        if question.task == "consistency":
            units = [metric.unit for metric in context.papers[0].world.metrics]
            turned = finding(True, number_of(question)).stored, finding(False, number_of(question)).stored
            read = consistency_of(question, language)
            assert [bool(misprinted(question.answer_text, answer, read, language, units)) for answer in turned].count(True) == 1


def consistency_of(question: Question, language: str) -> Asked:
    return next(read for read in read_question(question.question, language, []) if read.key == "consistency")


def number_of(question: Question) -> Answer:
    assert isinstance(question.answer, dict)
    items = question.answer["value"]
    assert isinstance(items, list)
    assert isinstance(items[1], dict)
    return Answer(items[1], ())


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [("table4", "4", True), ("code104", "4", False), ("2024", "20", False), ("riverfleet", "fleet", True), ("figure2,2023", "3", False)],
)
def test_a_number_inside_a_longer_one_is_not_said(question: str, answer: str, says: bool) -> None:
    assert _names(question, answer) is says


def test_lists_of_answers_keep_their_order() -> None:
    answer = several((text("Table 2"), text("Table 1")), ordered=True)
    assert answer.printed == ("Table 2", "Table 1")
    assert answer.agrees is None


def test_nobody_repeats_a_lead_or_a_wish_in_a_conversation(context: Context) -> None:
    frame = context.words.frame
    fixed = [lead for lead in frame.leads if "{" not in lead] + [*frame.tails_bare, *frame.tails_sentence]
    for seed in range(20):
        asked = [question.question for question in compose(context, default_rng(seed), 19)]
        assert all(sum(text in question for question in asked) <= 1 for text in fixed), seed


def test_nobody_asks_for_one_sentence_where_the_answer_has_two(context: Context) -> None:
    """An answer that says yes or no is a sentence of its own before the value."""
    for seed in range(60):
        draft = consistency(context, default_rng(seed))
        if draft is not None:
            question, _ = phrase(context, draft, default_rng(seed))
            assert not question.endswith(context.words.frame.tails_sentence)


@pytest.mark.parametrize("questions", [10, 14, 19])
def test_pages_leave_room_for_the_longest_conversations(questions: int) -> None:
    """Hindi takes three times the tokens of English; a sample over its budget is lost."""
    context = context_of("hi", "annual_report", 6)
    for seed in range(6):
        asked = compose(context, default_rng(seed), questions)
        turns = [turn for item in asked for turn in (Turn("user", item.question), Turn("assistant", item.answer_text, item.task))]
        assert count_conversation(turns) <= text_reserve(questions)

"""Puts a draft into words: a lead, the question, and how to answer, each drawn by itself so that phrasings seldom meet again."""

from collections.abc import Sequence

from numpy.random import Generator

from synth.documents.numerals import localise_digits
from synth.documents.questions.choosing import one
from synth.documents.questions.context import Context, squeezed
from synth.documents.questions.draft import Draft

LEAD_SHARE, TAIL_SHARE, BARE_SHARE = 0.55, 0.45, 0.45
"""Shares of questions with a lead, with a wish for a form of answer, and of bare answers (chosen: people mostly just ask)."""

SHORT_REFUSALS = 4
"""How many of the refusals, the shortest ones, answer those who want a bare answer (chosen)."""


def phrase(context: Context, draft: Draft, rng: Generator, said: set[str] | None = None) -> tuple[str, str]:
    """Text of the question and of its answer.

    Leads and wishes in `said` are not drawn again, and those drawn are added to it: people do not repeat themselves. Nobody asks for one
    sentence where the answer is a yes or no and then a value.
    """
    said = set() if said is None else said
    words, phrasing = context.words, context.words.questions[draft.wording]
    space = context.wording.sentence_space
    bare = bool(rng.random() < BARE_SHARE)
    parts = []
    if rng.random() < LEAD_SHARE:
        lead = _unsaid(rng, words.frame.leads, said).format(**_around(context, draft, rng))
        if lead and not any(squeezed(answer) in squeezed(lead) for answer in draft.answer.printed):
            parts.append(lead)
    if len(context.papers) > 1 and draft.document is not None:
        parts.append(
            one(rng, words.frame.which_document).format(n=localise_digits(str(draft.document + 1), context.papers[0].world.numerals))
        )
    parts.append(one(rng, phrasing.ask).format(**draft.slots))
    if phrasing.also:
        parts.append(one(rng, phrasing.also).format(**draft.slots))
    if rng.random() < TAIL_SHARE and (bare or not phrasing.affirm):
        parts.append(_unsaid(rng, words.frame.tails_bare if bare else words.frame.tails_sentence, said))
    return space.join(_capitalised(part) for part in parts if part), _answer(context, draft, bare, rng)


def _unsaid(rng: Generator, texts: Sequence[str], said: set[str]) -> str:
    """One of the texts that was not said yet, empty where all were."""
    fresh = [text for text in texts if text not in said]
    text = one(rng, fresh) if fresh else ""
    said.add(text)
    return text


def _around(context: Context, draft: Draft, rng: Generator) -> dict[str, str]:
    """What leads may mention: nothing that bears on the answer."""
    paper = context.papers[draft.document or 0]
    world = paper.world
    return {
        "organisation": world.organisation,
        "title": world.title,
        "entities": paper.words.entity.many,
        "topic": one(rng, paper.words.topics),
        "person": one(rng, world.people).name,
        "place": one(rng, paper.wording.places),
        "group": one(rng, world.groups),
    }


def _answer(context: Context, draft: Draft, bare: bool, rng: Generator) -> str:
    """The value alone, or a sentence around it."""
    words, answer = context.words, draft.answer
    phrasing = words.questions[draft.wording]
    if answer.is_none:
        refusals = sorted(words.refusals, key=len)[:SHORT_REFUSALS] if bare else words.refusals
        return one(rng, refusals)
    value = words.list_separator.join(answer.printed)
    said = value if bare else _capitalised(one(rng, phrasing.answer).format(answer=value, **draft.slots))
    if answer.agrees is None:
        return said
    if bare:
        word = one(rng, words.answer_words.affirm if answer.agrees else words.answer_words.deny).rstrip(",.–:：，。、، ") + words.full_stop
    else:
        word = _capitalised(one(rng, phrasing.affirm if answer.agrees else phrasing.deny).format(**draft.slots))
    return f"{word}{context.wording.sentence_space}{said}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]

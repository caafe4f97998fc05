"""Proof programs: a small JSON language over stored documents, its interpreter, and the verdict on an answer.

A program is an object `{"op": name, …arguments}`; arguments may be programs, lists of them, texts, booleans and whole numbers. Leaves
(`proof_leaves`) read pages, operators (`proof_operators`) compute; `if` and `absent` are evaluated here because they choose what to
evaluate. The interpreter shares no code with what wrote the document, the question or the answer.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from schemas.sample import Json, Proof, Turn, Verdict
from synth.documents.proof_answers import misprinted
from synth.documents.proof_binding import read_back
from synth.documents.proof_evidence import evidence_fault
from synth.documents.proof_leaves import LEAVES, Artefact, Seen
from synth.documents.proof_operators import OPERATORS
from synth.documents.proof_scale import unscaled
from synth.documents.proof_values import ProofError, Unstated, Value, folded, same_answer
from synth.documents.reading import holds, spaced

__all__ = ["Artefact", "ProofError", "evaluate", "necessary", "same_answer", "verify_turn"]

UNITS = {"growth": ("%",)}
"""Units of values that are computed and not read, by kind of question."""

UNIT_CHARS = 24
"""How far from a value its unit may reach (chosen: the longest is two words)."""

NOTHING_FOUND = ("missing", "empty", "not_single", "masked")
"""Reasons that mean a query has no answer; others mean that it could not be asked."""


def evaluate(program: Json, artefact: Artefact) -> Value:
    """The value of a program.

    Raises:
        ProofError: Something the program needs is missing, ambiguous or unreadable, or the program is malformed (`bad_program`).
    """
    if isinstance(program, bool) or isinstance(program, str):
        return program
    if isinstance(program, int):
        return Decimal(program)
    if isinstance(program, list):
        return tuple(evaluate(item, artefact) for item in program)
    if not isinstance(program, dict) or not isinstance(program.get("op"), str):
        raise ProofError("bad_program", f"{program!r} is neither a constant, a list nor an object with op")
    name = program["op"]
    if name == "absent":
        return _absent(program, artefact)
    try:
        if name == "const":
            return _constant(program["number"])
        if name == "if":
            return evaluate(program["then"] if evaluate(program["test"], artefact) is True else program["else"], artefact)
        given = {key: evaluate(value, artefact) for key, value in program.items() if key != "op"}
        if name in OPERATORS:
            return OPERATORS[name](given)
        if name in LEAVES:
            return LEAVES[name](artefact, given)
    except KeyError as error:
        raise ProofError("bad_program", f"{name} needs the argument {error}") from error
    raise ProofError("bad_program", f"no operation {name!r}")


def _constant(number: Json) -> Decimal:
    try:
        return Decimal(str(number))
    except InvalidOperation as error:
        raise ProofError("bad_program", f"const {number!r} is no number") from error


def _absent(program: dict[str, Json], artefact: Artefact) -> Value:
    """`absent{near, query, never?, doc?}`: proves that a question has no answer.

    `near` are programs that must have a value: what the question names exists, so the miss is near. `query` are programs that must find
    nothing, and `never` lists of texts of which no page may hold all: the scan that does not rest on parsing, of the document `doc` or of
    all.
    """
    near, queries, never = (program.get(key, []) for key in ("near", "query", "never"))
    if not isinstance(near, list) or not isinstance(queries, list) or not isinstance(never, list) or not near or not (queries or never):
        raise ProofError("bad_program", "absent needs a list near and a list query or never")
    for item in near:
        evaluate(item, artefact)
    for query in queries:
        try:
            found = evaluate(query, artefact)
        except ProofError as error:
            if error.reason not in NOTHING_FOUND:
                raise
        else:
            if found not in ((), Decimal(0), False):
                raise ProofError("present", f"{query!r} has the answer {found!r}")
    for texts in never:
        _scan(texts, artefact, program.get("doc"))
    return Unstated()


def _scan(texts: Json, artefact: Artefact, only: Json) -> None:
    """Raises `present` when a page of the document `only`, or of any where that is None, holds all the texts."""
    if not isinstance(texts, list) or not texts:
        raise ProofError("bad_program", f"never holds lists of texts, not {texts!r}")
    for number, document in enumerate(artefact.documents):
        for page in document.pages if only in (None, number) else ():
            if all(page.holds(str(text)) for text in texts):
                raise ProofError("present", f"page {page.index + 1} of document {number + 1} holds all of {texts!r}")


def necessary(program: Json, value: Value, artefact: Artefact, pages: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The first evidence page, as (document, 0-based page), without which the program has the same value; None when all are necessary."""
    for document, page in pages:
        try:
            other = evaluate(program, artefact.without(document, page))
        except ProofError:
            continue
        if _equal(value, other):
            return document, page
    return None


def _equal(a: Value, b: Value) -> bool:
    return a == b if not (isinstance(a, str) and isinstance(b, str)) else folded(a) == folded(b)


def verify_turn(asked: Turn, answered: Turn, artefact: Artefact) -> Verdict:
    """Prove one answer from the stored documents and page images alone.

    The program is evaluated and compared with the stored answer; it must answer the words of the question, and the answer's text must print
    the value and nothing else. Every page of the evidence must be necessary, two at least, and every box must hold what the program read
    there. An answer that refuses must refuse in words, and the absence must be proved.
    """
    try:
        seen: list[Seen] = []
        proof = answered.proof
        reason = (
            "no_proof: the answer carries no program"
            if proof is None
            else derivation_fault(proof, artefact.watched(seen))
            or words_fault(asked.text, answered.text, proof, artefact, [item.text for item in seen if item.is_caption])
            or evidence_fault(proof, artefact, seen)
        )
    except (ProofError, ArithmeticError) as error:  # a forged constant may not be a number at all
        reason = str(error) or type(error).__name__
    return Verdict(answered.task, not reason, reason or "derived again from the stored pages", "artefact")


def derivation_fault(proof: Proof, artefact: Artefact) -> str:
    """What is wrong with a stored answer and the pages it follows from, empty when nothing is."""
    value = evaluate(proof.program, artefact)
    if not same_answer(value, proof.answer):
        return f"wrong_answer: the document gives {value!r}, the answer says {proof.answer!r}"
    if isinstance(value, Unstated):
        return ""
    shown = {item.image for item in proof.evidence if item.image is not None}
    if shown - set(range(len(artefact.pictures))):
        return f"no_such_page: evidence names images {sorted(shown)}, there are {len(artefact.pictures)}"
    pages = sorted({(artefact.pictures[image].document, artefact.pictures[image].page) for image in shown})
    if len(pages) < 2:
        return f"single_page: the evidence lies on {len(pages)} page"
    idle = necessary(proof.program, value, artefact, pages)
    return f"page_not_needed: the answer follows without page {idle[1] + 1} of document {idle[0] + 1}" if idle else ""


def words_fault(question: str, text: str, proof: Proof, artefact: Artefact, captions: Sequence[str]) -> str:
    """What is wrong between the words of question and answer and a program, which has read what is under these captions; empty when
    nothing is.
    """
    asked = read_back(question, proof.program, artefact)
    if asked is None:
        return "other_question: the program does not answer what the words of the question ask"
    if metric := unscaled(asked.key, captions, artefact.documents):
        return f"wrong_scale: printed numbers on {metric!r} are not full values"
    language = artefact.documents[0].language
    units = [*captions, *_beside_values(proof.program), *UNITS.get(asked.key, ()), asked.slots.get("unit", "")]
    if wrong := misprinted(text, proof.answer, asked, language, units):
        return f"wrong_text: {wrong}"
    return "answer_in_question: the question already says the answer" if holds(spaced(question), text) else ""


def _beside_values(program: Json) -> Iterator[str]:
    """Texts of a program that may print the unit of a value: heads of columns, and what stands just before and after a value told."""
    if isinstance(program, list):
        for item in program:
            yield from _beside_values(item)
    elif isinstance(program, dict):
        for key, value in program.items():
            if isinstance(value, str) and key in ("column", "before", "after"):
                yield value if key == "column" else value[-UNIT_CHARS:] if key == "before" else value[:UNIT_CHARS]
            yield from _beside_values(value)

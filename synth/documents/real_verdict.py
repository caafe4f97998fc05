"""Judges one answer about a real PDF from the stored bytes alone: derive it again, compare, and check that every evidence page was needed.

Everything is read with PDFium (`real_reading`, `real_proof`); of the generator only the wording files are known, since an answer must be
one of the sentences a language has for its type, with the derived value in it and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.sample import Evidence, Json, Proof, Turn, Verdict
from synth.documents.pictures import Sheet
from synth.documents.real_proof import ProofError, Value, evaluate, leaf_texts, single_page_answer, unnecessary_page
from synth.documents.real_reading import Caption, Heading, RealDocument, squeeze, text_in_box
from synth.documents.real_wording import KIND_OF, RealWording

MIN_EVIDENCE_PAGES = 2


@dataclass(frozen=True, slots=True)
class Court:
    """What a judgement needs: the stored PDF, what PDFium read in it, how the images were drawn, and the wording of the question's
    language.
    """

    pdf: bytes
    document: RealDocument
    sheets: tuple[Sheet, ...]
    wording: RealWording

    def judge(self, asked: Turn, answered: Turn) -> Verdict:
        """The verdict over one question and its answer."""
        fault = self._fault(asked, answered)
        return Verdict(answered.task, not fault, fault or "derived again from the PDF with PDFium", "artefact")

    def _fault(self, asked: Turn, answered: Turn) -> str:
        """What is wrong, or nothing."""
        proof = answered.proof
        if proof is None or answered.task not in KIND_OF:
            return f"no proof, or an unknown question type {answered.task!r}"
        if strange := [
            text for text in leaf_texts(proof.program) if squeeze(text) not in squeeze(asked.text) and not _is_near(proof.program, text)
        ]:
            return f"the program looks for {strange[0]!r}, which the question does not name"
        try:
            value = evaluate(proof.program, self.document)
        except ProofError as error:
            return f"not derivable: {error}"
        answer, values = as_answer(value)
        if not _same(answer, proof.answer):
            return f"the proof says {proof.answer!r:.80}, the PDF gives {answer!r:.80}"
        if not self.wording.says(answered.task, answered.text, values):
            return f"the answer reads {answered.text!r:.80}, the PDF gives {answer!r:.80}"
        return "" if answer == "absent" else self._evidence_fault(proof, value)

    def _evidence_fault(self, proof: Proof, value: Value) -> str:
        if strange := [e.image for e in proof.evidence if e.image is None or not 0 <= e.image < len(self.sheets)]:
            return f"evidence names image {strange[0]}, and there are {len(self.sheets)}"
        pages = sorted({self.sheets[e.image].page for e in proof.evidence if e.image is not None})
        if len(pages) < MIN_EVIDENCE_PAGES:
            return f"evidence on {len(pages)} page(s); two are the least"
        if (page := unnecessary_page(proof.program, self.document, value, pages)) is not None:
            return f"PDF page {page + 1} is not needed for the answer"
        if (page := single_page_answer(proof.program, proof.answer, self.document)) is not None:
            return f"PDF page {page + 1} alone prints what is asked about and the answer"
        return next((fault for item in proof.evidence if (fault := self._box_fault(item))), "")

    def _box_fault(self, item: Evidence) -> str:
        if item.image is None or item.box_px is None:
            return "evidence without an image and a box"
        sheet = self.sheets[item.image]
        x0, y0, x1, y1 = (side * 72 / sheet.dpi for side in item.box_px)
        return (
            ""
            if squeeze(text_in_box(self.pdf, sheet.page, (x0, y0, x1, y1)))
            else f"nothing is printed in the evidence box on PDF page {sheet.page + 1}"
        )


def as_answer(value: Value) -> tuple[Json, tuple[str, ...]]:
    """A program's value as stored JSON, and as printed."""
    if isinstance(value, list):
        parts = [part.title if isinstance(part, Heading) else part.text if isinstance(part, Caption) else part for part in value]
        return list(parts), tuple(str(part) for part in parts)
    if isinstance(value, Heading | Caption):
        return as_answer(value.title if isinstance(value, Heading) else value.text)
    return value, () if value == "absent" else (str(value),)


def _is_near(program: Json, text: str) -> bool:
    """Whether a text is only the near miss of an absence proof, which a question need not name."""
    return isinstance(program, dict) and program.get("op") == "absent" and text != program.get("text")


def _same(one: Json, two: Json) -> bool:
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(_same(a, b) for a, b in zip(one, two, strict=True))
    if isinstance(one, str) and isinstance(two, str):
        return squeeze(one) == squeeze(two)
    return type(one) is type(two) and one == two


def agrees(program: Json, answer: Json, pages: Sequence[int], document: RealDocument) -> bool:
    """Whether the second reader derives this answer, needs every page, and finds no page that gives it away alone."""
    try:
        value = evaluate(program, document)
    except ProofError:
        return False
    if not _same(as_answer(value)[0], answer):
        return False
    return unnecessary_page(program, document, value, pages) is None and single_page_answer(program, answer, document) is None

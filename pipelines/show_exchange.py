"""One question with its answer and verdict, and how to say in words what was asked, where it is proved from, and how.

Serves the HTML page, the text for a terminal, and the statistics. Nothing here draws.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.sample import Evidence, Json, Sample, Turn, Verdict

LINE = 100
"""Longest line of a program in print (chosen: fits the page without scrolling)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question with its answer and verdict. `number` counts from 0 within the sample and picks the colour."""

    number: int
    question: Turn
    answer: Turn
    verdict: Verdict | None

    @property
    def label(self) -> str:
        """`Q1` for the first."""
        return f"Q{self.number + 1}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the answer rests on; of a refusal, what the question nearly matches."""
        return self.answer.proof.evidence if self.answer.proof else ()

    @property
    def refusal(self) -> dict[str, Json] | None:
        """The program that proves that there is no answer: `absent`, which families over documents share; None for other answers."""
        program = self.answer.proof.program if self.answer.proof else None
        return program if isinstance(program, dict) and program.get("op") == "absent" else None


def exchanges(sample: Sample, task: str | None = None) -> list[Exchange]:
    """The sample's questions and answers, in order; only those of `task` if given."""
    verdicts = iter(sample.verdicts)
    pairs = [(asked, answered) for asked, answered in zip(sample.turns, sample.turns[1:], strict=False) if answered.role == "assistant"]
    found = [Exchange(number, asked, answered, next(verdicts, None)) for number, (asked, answered) in enumerate(pairs)]
    return [exchange for exchange in found if task in (None, exchange.answer.task)]


def plain(question: str) -> str:
    """A question without its media placeholders and what labels them: the last paragraph after the last placeholder."""
    text = question.replace("<video>", "<image>").rpartition("<image>")[2]
    return text.strip() or question.strip()


def places(evidence: Sequence[Evidence], most: int = 4) -> list[str]:
    """Where evidence lies, for people: a text for each image or time, with at most so many notes; image numbers count from 1."""
    notes: dict[str, list[str]] = {}
    for item in evidence:
        notes.setdefault(_where(item), []).append(item.note)
    said = []
    for where, here in notes.items():
        different = _shortened(list(dict.fromkeys(note for note in here if note)))
        rest = f" and {len(different) - most} more" if len(different) > most else ""
        said.append(", ".join(part for part in (where, *different[:most]) if part) + rest)
    return said


def _where(evidence: Evidence) -> str:
    image = "" if evidence.image is None else f"image {evidence.image + 1}"
    time = "" if evidence.time_s is None else f"{evidence.time_s[0]:.2f} to {evidence.time_s[1]:.2f} s"
    return ", ".join(part for part in (image, time) if part)


def _shortened(notes: list[str]) -> list[str]:
    """The notes, those after the first without what they all say before a colon."""
    shared = {note.rpartition(": ")[0] for note in notes}
    return [*notes[:1], *(note.rpartition(": ")[2] for note in notes[1:])] if len(shared) == 1 else notes


def proved(verdict: Verdict | None) -> str:
    """What a verifier found, in one line."""
    if verdict is None:
        return "not verified"
    how = "from the stored bytes" if verdict.how == "artefact" else "against the stored truth"
    return f"{'proved' if verdict.passed else 'NOT proved'} {how}: {verdict.reason}"


def absence(program: dict[str, Json]) -> str:
    """What a refusal's program says is not there, in one line.

    Args:
        program: `absent` with `never`, lists of texts that no page holds together, or `text`, which no page holds; `query`, programs that
            find nothing; and `near`, what the question nearly matches.
    """
    never, query, near = program.get("never"), program.get("query"), program.get("near")
    missing = [_quoted(texts) for texts in never if isinstance(texts, list)] if isinstance(never, list) else []
    missing += [_quoted([program["text"]])] if "text" in program else []
    said = [f"No page holds {text}." for text in missing] or (["What it asks for is looked up, and nothing is found."] if query else [])
    said += [f"It nearly matches {_quoted([near])}."] if isinstance(near, str) else []
    return " ".join(said)


def _quoted(texts: Iterable[Json]) -> str:
    return " together with ".join(f"“{text}”" for text in texts)


def formula(program: Json, indent: str = "") -> str:
    """A program as nested calls, `cell(table="Table 2", row="K-104", column="2021")`; long ones over several lines."""
    flat = _flat(program)
    if len(indent) + len(flat) <= LINE or not isinstance(program, (dict, list)):
        return flat
    deeper = indent + "  "
    if isinstance(program, list):
        return "[\n" + "".join(f"{deeper}{formula(item, deeper)},\n" for item in program) + indent + "]"
    parts = "".join(f"{deeper}{key}={formula(value, deeper)},\n" for key, value in _arguments(program))
    return f"{program.get('op', '')}(\n{parts}{indent})"


def _flat(program: Json) -> str:
    if isinstance(program, list):
        return "[" + ", ".join(map(_flat, program)) + "]"
    if isinstance(program, dict):
        return f"{program.get('op', '')}(" + ", ".join(f"{key}={_flat(value)}" for key, value in _arguments(program)) + ")"
    return json.dumps(program, ensure_ascii=False)


def _arguments(program: dict[str, Json]) -> list[tuple[str, Json]]:
    return [(key, value) for key, value in program.items() if key != "op"]

"""What judges a model's answers from the stored bytes: the families' verifiers, and their comparisons of what programs and pages draw.

The model may not import families, nor families the model; `assay evaluate` brings them together here. Code that a model wrote runs in the
families' own sandboxes. Where a machine has none, the family is left out, and `left_out` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipelines.report import family_of
from schemas.errors import DataError, UserError
from schemas.family import ScoresAnswers
from schemas.sample import Sample
from synth.make import truth_adapter


@dataclass(frozen=True, slots=True)
class Judges:
    """Judges of `model.evaluate.judged`.

    Attributes:
        left_out: Why the answers of a family, or of one of its samples, are not judged on this machine, by its name.
    """

    left_out: dict[str, str] = field(default_factory=dict)

    def prove(self, sample: Sample, answers: Sequence[tuple[int, str]]) -> list[bool | None]:
        """Put each (turn, text) answer alone in the place of the sample's own and let its family verify it; None if it cannot be done here.

        Alone, since what is right in one turn may rest on another: an edit changes the code that was answered before.
        """
        family = family_of(sample)
        truth = truth_adapter(family).validate_json(sample.truth)
        order = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant"]
        passed: list[bool | None] = []
        found: dict[tuple[str, ...], dict[int, bool]] = {}  # answers that are the sample's own make one conversation
        try:
            for turn, text in answers:
                turns = (*sample.turns[:turn], replace(sample.turns[turn], text=text), *sample.turns[turn + 1 :])
                if (said := tuple(one.text for one in turns)) not in found:
                    verdicts = family.verify(sample.stored, turns, truth)
                    found[said] = {number: verdict.passed for number, verdict in zip(order, verdicts, strict=True)}
                passed.append(found[said][turn])
        except UserError as error:
            self.left_out[sample.family] = f"{error.what}; {error.todo}"
            return [None] * len(answers)
        return passed

    def compare(self, sample: Sample, answers: Sequence[tuple[int, str]]) -> list[dict[str, float]]:
        """Scores of what (turn, text) answers draw beside what the sample's own draw; none where a family compares nothing."""
        family = family_of(sample)
        if not isinstance(family, ScoresAnswers):
            return [{}] * len(answers)
        try:
            return family.score_answers(sample.stored, sample.turns, answers)
        except UserError as error:
            self.left_out[sample.family] = f"{error.what}; {error.todo}"
        except DataError as error:  # the sample's own answer, since those of a model never raise it
            self.left_out[f"{sample.family} ({sample.sample_id})"] = str(error)
        return [{}] * len(answers)

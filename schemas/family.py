"""What a family is: four methods from a random stream to proved answers, and the loader that finds a family by its YAML name.

A family is a frozen dataclass in one module below `synth`; its fields are its parameters and the YAML name is the module path
(`documents.report` -> `synth.documents.report`). The module holds exactly one class with a `version`. There is no registry and no base
class.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

from numpy.random import Generator

from schemas.sample import AssetUse, BoxPx, Rendering, Stored, Turn, Verdict

Truth = TypeVar("Truth")
Landed = TypeVar("Landed")


class Family(Protocol[Truth, Landed]):
    """Turns a random stream into a sample whose answers can be proved again.

    `Truth` is a frozen dataclass tree (pydantic can serialise it); `Landed` is where its parts landed in the media and is not stored.
    """

    version: ClassVar[int]
    """Raised whenever the same seed would give another sample."""

    def sample_truth(self, index: int, rng: Generator) -> Truth:
        """Draw the structured world. Families over real inputs read asset number `index`."""
        ...

    def render(self, truth: Truth, rng: Generator) -> Rendering[Landed]:
        """Encode the media and say where each part landed."""
        ...

    def write_turns(self, truth: Truth, rendering: Rendering[Landed], rng: Generator) -> tuple[Turn, ...]:
        """Write the conversation; every assistant turn carries a `Proof`."""
        ...

    def verify(self, stored: Stored, turns: tuple[Turn, ...], truth: Truth) -> tuple[Verdict, ...]:
        """Re-derive each answer from the stored bytes: one verdict an assistant turn, in order. Never uses the generator's code."""
        ...


@runtime_checkable
class HasAssets(Protocol):
    """A family over real inputs: it names every file it reads, so that the fingerprint of a data set covers their contents.

    Its field `pinned` holds the list of files as it was when the run was planned. The plan and the manifest keep it; samples do not, since
    verifying needs none of the files.
    """

    def assets(self) -> tuple[AssetUse, ...]:
        """The files behind the family's parameters, with their hashes and licences, in a fixed order."""
        ...

    def pin(self) -> "HasAssets":
        """The same family with its list of files fixed: one that goes away or changes later fails its own samples and no others."""
        ...


@runtime_checkable
class FindsEvidence(Protocol):
    """A family whose evidence can be found again in the stored bytes, so that `assay stats` can say how well the stated boxes fit."""

    def find_evidence(self, stored: Stored, turns: tuple[Turn, ...]) -> tuple[tuple[BoxPx, BoxPx], ...]:
        """Pairs (stated box, box found again), in pixels of the same image, for the evidence that is text; without the generator's code."""
        ...


@runtime_checkable
class ScoresAnswers(Protocol):
    """A family whose answers are programs or pages: what an answer draws can be compared with what the right one draws."""

    def score_answers(self, stored: Stored, turns: tuple[Turn, ...], answers: Sequence[tuple[int, str]]) -> list[dict[str, float]]:
        """Scores from 0 to 1 by name, of each of the (number of the turn, text) answers; none for answers that are not compared so.

        An answer that draws nothing scores 0 in all; `runs` says whether it drew.

        Raises:
            UserError: Nothing can be run on this machine.
        """
        ...


AnyFamily: TypeAlias = Family[Any, Any]
"""A family whose truth type is not known statically, as the pipelines see it."""

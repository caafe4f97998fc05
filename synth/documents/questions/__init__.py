"""Questions about laid-out documents: each needs at least two pages, has one answer, and carries a program that derives it again.

The answers are computed here from the worlds in plain Python; `synth.documents.proof` derives them from the stored pages and shares no
code with this package. One small function writes one type of question; `compose` picks types evenly.
"""

from synth.documents.questions.compose import compose
from synth.documents.questions.context import Context
from synth.documents.questions.draft import Question

__all__ = ["Context", "Question", "compose"]

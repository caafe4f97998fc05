"""The words that decide what an answer says, read from `wording/questions/<language>.yaml`: yes, no, and the ways to say that there is no
answer.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from schemas.errors import UserError

FOLDER = Path(__file__).parent / "wording" / "questions"


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """How answers of one language begin when they say yes or no, and phrases that only refusals hold."""

    affirm: tuple[str, ...]
    deny: tuple[str, ...]
    refusals: tuple[str, ...]

    def says(self, text: str) -> bool | None:
        """True for a text that begins with yes, False for no, None otherwise."""
        start = text.strip().casefold()
        if any(start.startswith(word.casefold()) for word in self.affirm):
            return True
        return False if any(start.startswith(word.casefold()) for word in self.deny) else None


@lru_cache
def answer_words(language: str) -> AnswerWords:
    """The answer words of a language (BCP 47).

    Raises:
        UserError: There is no wording for the language.
    """
    path = FOLDER / f"{language}.yaml"
    if not path.is_file():
        raise UserError(
            f"no question wording for {language!r}",
            where=str(path.name),
            todo=f"choose one of {sorted(p.stem for p in FOLDER.glob('*.yaml'))}",
        )
    words = yaml.safe_load(path.read_text(encoding="utf-8"))["answer_words"]
    return AnswerWords(tuple(words["affirm"]), tuple(words["deny"]), tuple(words["refusals"]))

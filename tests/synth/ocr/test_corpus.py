"""The text of a language does not depend on which languages were asked for before it in the same process."""

import re
import subprocess
import sys
from pathlib import Path

import phonenumbers
import pytest
from numpy.random import PCG64, Generator

from schemas.languages import load_languages
from synth.ocr.corpus import LONGEST_SENTENCE, Writer, _shortened, load_corpus
from synth.ocr.names import made_name, territory
from synth.ocr.sources import declaration
from synth.render.breaks import WORD_BROKEN, graphemes, tokens

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from numpy.random import PCG64, Generator
from synth.ocr.corpus import LONGEST_SENTENCE, Writer, _shortened, load_corpus
told = {}
for code in sys.argv[1:]:
    writer = Writer(code, Generator(PCG64(5)))
    kinds = ("date", "time", "price", "number", "person", "company", "address", "word", "sentence")
    told[code] = (load_corpus(code).words, [getattr(writer, kind)() for _ in range(8) for kind in kinds])
print([told[code] for code in sorted(told)])
"""


def test_text_does_not_depend_on_what_was_asked_before() -> None:
    """Catches tables that babel shares between locales: Azerbaijani months among Afrikaans words."""
    codes = ["az", "sw", "af", "th", "uz", "ceb"]
    found = [
        subprocess.run([sys.executable, "-c", SCRIPT, *order], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for order in (codes, codes[::-1])
    ]
    assert found[0] == found[1]


def test_untranslated_messages_are_not_text_of_the_language() -> None:
    english = {*load_corpus("en").sentences}
    assert not [text for text in load_corpus("vi").sentences if text in english and " " in text]


@pytest.mark.parametrize("code", list(load_languages()))
def test_names_are_of_the_language_and_can_be_drawn(code: str) -> None:
    """Catches a language without names of its own, whose people would be called by two words of running text."""
    writer = Writer(code, Generator(PCG64(2)))
    for kind in ("person", "company", "address"):
        made = [writer.localised(made_name(code, kind, writer.rng, lambda: "12")) for _ in range(16)]
        drawn = [text for text in made if text and writer._usable(text) and writer._usable.mostly_native(text)]
        assert len(drawn) >= 8, (kind, [text for text in made if text not in drawn][:3])
    assert len({writer.person() for _ in range(16)}) > 8


@pytest.mark.parametrize("code", list(load_languages()))
def test_telephone_numbers_are_of_the_country(code: str) -> None:
    writer = Writer(code, Generator(PCG64(3)))
    region = territory(code)
    for _ in range(12):
        text = writer.phone()
        plain = "".join(str(int(char)) if char.isdigit() else char for char in text)
        assert phonenumbers.is_possible_number(
            phonenumbers.parse(plain if "+" in plain or not writer._usable.rtl else _prefixed(plain), region)
        )


def _prefixed(plain: str) -> str:
    """A number of a right-to-left language, which has lost its plus: it had one if it begins with the country's code."""
    return plain if plain.startswith("0") else f"+{plain}"


def test_a_country_is_found_for_scripts_of_a_language() -> None:
    assert [territory(code) for code in ("zh-Hans", "zh-Hant", "en", "ur", "km")] == ["CN", "TW", "US", "PK", "KH"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("สิทธิมนุษยชนของทุกคน", ["สิทธิ", "มนุษย", "ชน", "ของ", "ทุก", "คน"]),
        ("សិទ្ធិមនុស្ស", ["សិទ្ធិមនុស្ស"]),
        ("ໄດ້ ຮັບ 12", ["ໄດ້", " ", "ຮັບ", " ", "12"]),
        ("နှင့်တကွ", ["နှင့်", "တကွ"]),
        ("no change, 1.5 km", ["no", " ", "change,", " ", "1.5", " ", "km"]),
    ],
)
def test_lines_break_between_words(text: str, words: list[str]) -> None:
    assert tokens(text) == words


@pytest.mark.parametrize("code", [code for code, row in load_languages().items() if row.script in WORD_BROKEN])
def test_no_word_is_cut_inside_a_cluster(code: str) -> None:
    for text in load_corpus(code).sentences:
        assert "".join(tokens(text)) == text
        assert [part for token in tokens(text) for part in graphemes(token)] == graphemes(text)


def test_asat_joins_nothing() -> None:
    assert graphemes("\u1000\u103a:\u1000\u103a\u1000") == ["\u1000\u103a", ":", "\u1000\u103a", "\u1000"]
    assert graphemes("\u1019\u1039\u1018") == ["\u1019\u1039\u1018"]


@pytest.mark.parametrize("code", ["ur", "ar", "fa", "he"])
def test_prices_and_times_say_what_they_are(code: str) -> None:
    """Catches bare numbers where CLDR's own form has Latin letters."""
    writer = Writer(code, Generator(PCG64(4)))
    assert all(any(not (char.isdigit() or char in " .,٫٬") for char in writer.price()) for _ in range(20))
    assert all(":" in writer.time() for _ in range(20))


def test_no_word_begins_or_ends_with_what_cannot_be_seen() -> None:
    """Catches Faker's Nepali towns that begin with a joiner, which no reader could find in the picture."""
    usable = Writer("ne", Generator(PCG64(0)))._usable
    assert usable("\u0930\u0941\u0915\u0941\u092e")
    assert not usable("\u200d\u0930\u0941\u0915\u0941\u092e")
    assert not usable("\u0930\u0941 \u0915\u0941\u200d")
    joiners = [
        text for code in load_languages() for text in load_corpus(code).sentences if text[0] in "\u200c\u200d" or text[-1] in "\u200c\u200d"
    ]
    assert joiners == []


@pytest.mark.parametrize("code", ["ceb", "th", "my", "ar"])
def test_long_sentences_are_cut_and_nothing_is_lost(code: str) -> None:
    texts, spaced = declaration(code), load_languages()[code].spaced
    parts = list(_shortened(texts, spaced))
    assert "".join("".join(parts).split()) == "".join("".join(texts).split())
    assert all(len(re.findall("[;,:،؛၊]+ ", part)) == 0 for part in parts if len(part) > LONGEST_SENTENCE and spaced)
    assert sum(len(part) > LONGEST_SENTENCE for part in parts) < sum(len(text) > LONGEST_SENTENCE for text in texts)
    assert set(parts) >= {text for text in texts if len(text) <= LONGEST_SENTENCE}

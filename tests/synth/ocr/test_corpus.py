"""The text of a language does not depend on which languages were asked for before it in the same process."""

import subprocess
import sys
from pathlib import Path

from synth.ocr.corpus import load_corpus

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from numpy.random import PCG64, Generator
from synth.ocr.corpus import Writer, load_corpus
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

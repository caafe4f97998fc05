"""Texts that a picture does not hold but might: words with one cluster changed, dropped or doubled, and other words of the language.

What would be drawn alike is no near miss. Nothing here knows pictures or questions.
"""

import unicodedata
from collections.abc import Collection, Sequence

from fontTools.unicodedata import script as unicode_script
from numpy.random import Generator

from schemas.errors import DataError
from schemas.text_layer import Word
from synth.ocr.redraw import font_of
from synth.ocr.spelling import canonical
from synth.render.breaks import graphemes
from synth.render.fonts import load_face
from synth.render.shape import FontChain, chain_of, shape_token

TRIES = 20


def respelled(word: Word, language: str, known: Collection[str], letters_of: Sequence[str], rng: Generator) -> str | None:
    """A word's text with one cluster changed; None if nothing new comes of it.

    Args:
        word: As it is drawn.
        language: Its BCP 47 tag.
        known: Texts that must not come out.
        letters_of: Words whose clusters may take the place of another.
        rng: Draws place and change.
    """
    parts = graphemes(word.text)
    for _ in range(TRIES):
        at = int(rng.integers(len(parts)))
        if not any(char.isalnum() for char in parts[at]):
            continue
        kind = int(rng.integers(4))
        if kind == 0 and len(parts) > 2:
            changed = "".join([*parts[:at], *parts[at + 1 :]])
        elif kind == 1:
            changed = "".join([*parts[: at + 1], *parts[at:]])
        else:
            other = graphemes(letters_of[int(rng.integers(len(letters_of)))])
            swap = other[int(rng.integers(len(other)))]
            if not _of_one_kind(swap[0], parts[at][0]):
                continue
            changed = "".join([*parts[:at], swap, *parts[at + 1 :]])
        new = changed not in known and graphemes(changed) != parts and canonical(language, changed) == changed
        if new and looks_different(word, changed, language):
            return changed
    return None


def other_word(like: str, known: Collection[str], words: Sequence[str], rng: Generator) -> str | None:
    """A word of the language about as long as another that is no part of known texts, nor they of it; None if few tries find none."""
    for _ in range(TRIES):
        word = words[int(rng.integers(len(words)))]
        if abs(len(word) - len(like)) <= 3 and not any(word in text or text in word for text in known):
            return word
    return None


def looks_different(word: Word, text: str, language: str) -> bool:
    """Whether a text, in the fonts of a word and drawable with them, has other glyphs than the word."""
    files = tuple(dict.fromkeys(file for run in word.runs if (file := font_of(run))))
    chain, rtl = chain_of(files, language), word.runs[0].rtl
    if any(not any(ord(char) in load_face(file).coverage for file in files) for char in text if unicodedata.category(char) != "Cf"):
        return False
    try:
        return _glyphs(chain, text, rtl) != _glyphs(chain, word.text, rtl)
    except DataError:  # a mark without a letter to sit on
        return False


def _glyphs(chain: FontChain, text: str, rtl: bool) -> list[object]:
    shaped = shape_token(chain, text, rtl)
    return [(run.face.file, [cluster.parts for cluster in run.clusters]) for run in shaped]


def _of_one_kind(one: str, other: str) -> bool:
    """Whether characters are of one script and category: a Cyrillic letter in a Latin word could not be seen to be wrong."""
    return unicode_script(one) == unicode_script(other) and unicodedata.category(one) == unicodedata.category(other)

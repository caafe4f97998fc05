"""Precision and recall of duplicates by kind and threshold, on planted truth: texts made from those of data sets.

    python -m bench.dedup_planted DIR… [--texts N] [--pictures N]

Texts are those of the data sets' samples, cut to at most 800 words. Of each, copies of every kind of `TEXT_DUPLICATES` must be found and
those of `TEXT_TWINS` must not be; nor must two different texts. Prints a table a kind and threshold, with Wilson intervals of 95 %.
Pictures, and pages of PDFs rendered at 96 dpi, are treated alike (`bench/dedup_pictures.py`).
"""

import argparse
import re
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.random import Generator

from bench.dedup_pictures import measure_pictures
from filters.duplicates import TextRule, TextSketch, alike, band_keys, sketch_text
from pipelines.dedup_features import written
from schemas.shard import Dataset

WORDS = 800
LEAST_WORDS = 60
SYNONYMS = dict(
    pair.split("/")
    for pair in (
        "the/this and/plus of/from in/within to/towards for/on is/remains was/had with/having by/via are/stay which/that report/paper "
        "year/period total/sum number/count shows/gives table/list section/part system/setup install/put file/document use/employ "
        "will/shall can/may should/must before/until after/following large/big small/little und/sowie der/dieser die/diese von/aus"
    ).split()
)
"""Common words and others in their place: a paraphrase keeps names and numbers."""


def paraphrase(text: str, rng: Generator) -> str:
    """Every common word reworded with a chance of one half, and one in ten of all other plain words left out."""
    out = []
    for word in text.split(" "):
        other = SYNONYMS.get(word.lower())
        if other and rng.random() < 0.5:
            out.append(other)
        elif not (word.isalpha() and word.islower() and rng.random() < 0.1):
            out.append(word)
    return " ".join(out)


def reorder(text: str, rng: Generator) -> str:
    """Its parts of 60 words, as paragraphs or pages, in another order."""
    words = text.split(" ")
    parts = [words[at : at + 60] for at in range(0, len(words), 60)]
    return " ".join(word for part in rng.permutation(len(parts)) for word in parts[part])


def respace(text: str, rng: Generator) -> str:
    """Other case, other spaces, no full stops."""
    return re.sub(r"\. ", "  ", text).upper() if rng.random() < 0.5 else text.replace(" ", "\n")


def extend(text: str, rng: Generator) -> str:
    """With a notice in front and behind."""
    return f"Copy for internal use only, do not pass on. {text} End of the copy, with thanks to all who helped."


def cut(text: str, rng: Generator) -> str:
    """Without a tenth at one end."""
    words = text.split(" ")
    gone = len(words) // 10
    return " ".join(words[gone:] if rng.random() < 0.5 else words[:-gone])


def change_numbers(text: str, rng: Generator) -> str:
    """A fifth of its numbers, at least one, changed."""
    places = [match.span() for match in re.finditer(r"\d+", text)]
    chosen = rng.choice(len(places), max(1, len(places) // 5), replace=False)
    for at in sorted(chosen, reverse=True):
        start, end = places[at]
        text = f"{text[:start]}{int(rng.integers(10**6, 10**7))}{text[end:]}"
    return text


def other_values(text: str, rng: Generator) -> str:
    """Another filling of the template: every number and half of the names others."""
    text = re.sub(r"\d+", lambda match: str(int(rng.integers(10 ** len(match[0][:6]), 10 ** (len(match[0][:6]) + 1)))), text)
    return re.sub(r"(?<=[a-z,] )[A-Z][a-z]+", lambda match: match[0][::-1].title() if rng.random() < 0.5 else match[0], text)


def translate(text: str, rng: Generator) -> str:
    """The same numbers in another language, as far as words go: every word another one, the same for the same."""
    return re.sub(r"[^\W\d]+", lambda match: "".join(chr(0x0430 + (ord(char) * 7) % 32) for char in match[0].lower()), text)


Plant = Callable[[str, Generator], str]
TEXT_DUPLICATES: dict[str, Plant] = {"re-spaced": respace, "paraphrase": paraphrase, "reordered": reorder, "extended": extend, "cut": cut}
TEXT_TWINS: dict[str, Plant] = {"changed numbers": change_numbers, "template twin": other_values, "translated": translate}


def wilson(hits: int, of: int) -> str:
    """`0.98 (0.97-0.99)`: a share with its interval (E. B. Wilson, 1927)."""
    if not of:
        return "-"
    z, p = 1.96, hits / of
    middle, half = (p + z * z / 2 / of) / (1 + z * z / of), z / (1 + z * z / of) * sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return f"{p:.3f} ({max(0.0, middle - half):.3f}-{min(1.0, middle + half):.3f})"


def found(one: TextSketch, other: TextSketch, rule: TextRule) -> bool:
    """Whether the join would compare the two, and find them alike."""
    keys = [band_keys(sketch.signature[None], rule)[0] for sketch in (one, other)]
    together = bool((keys[0] == keys[1]).any()) and min(one.words, other.words) >= rule.words
    return together and bool(alike(one, other.signature[None], other.numbers[None], other.names[None], rule)[0])


def texts_of(folders: list[Path], most: int) -> list[str]:
    """Texts of samples with enough words and a number, each once."""
    texts: dict[str, None] = {}
    for sample in (sample for folder in folders for sample in Dataset(folder)):
        words = written(sample).split()
        for start in range(0, len(words), WORDS):
            part = words[start : start + WORDS]
            if len(part) >= LEAST_WORDS and any(char.isdigit() for word in part for char in word):
                texts[" ".join(part)] = None
        if len(texts) >= most:
            break
    return list(texts)[:most]


def measure_texts(texts: list[str], seed: int = 1) -> None:
    """Print recall of each kind of duplicate and the share of each kind of twin that is taken for one, by threshold."""
    base = TextRule()
    rng = np.random.default_rng(seed)
    sketches = [sketch_text(text, base) for text in texts]
    planted = {kind: [sketch_text(plant(text, rng), base) for text in texts] for kind, plant in (TEXT_DUPLICATES | TEXT_TWINS).items()}
    print(f"{len(texts)} texts of {min(s.words for s in sketches)} to {max(s.words for s in sketches)} words; shingles of {base.shingle}")
    for similar in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        rule = TextRule(similar=similar)
        hits = {kind: sum(found(one, other, rule) for one, other in zip(sketches, copies, strict=True)) for kind, copies in planted.items()}
        chance = sum(found(sketches[i], sketches[j], rule) for i in range(len(texts)) for j in range(i))
        right, wrong = sum(hits[kind] for kind in TEXT_DUPLICATES), sum(hits[kind] for kind in TEXT_TWINS) + chance
        print(f"similar {similar}:  recall {wilson(right, len(texts) * len(TEXT_DUPLICATES))}  precision {wilson(right, right + wrong)}")
        for kind, number in hits.items():
            print(f"    {kind:16} {'found' if kind in TEXT_DUPLICATES else 'WRONGLY found'} {wilson(number, len(texts))}")
        print(f"    {'other texts':16} WRONGLY found {chance} of {len(texts) * (len(texts) - 1) // 2} pairs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--texts", type=int, default=200, help="0: none")
    parser.add_argument("--pictures", type=int, default=0)
    options = parser.parse_args()
    if options.texts:
        measure_texts(texts_of(options.folders, options.texts))
    if options.pictures:
        measure_pictures(options.folders, options.pictures, wilson)

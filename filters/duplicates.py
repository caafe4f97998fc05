"""What of a text decides whether another is its near-duplicate: a MinHash of its word pairs, and sketches of its numbers and of its names.

Two texts are near-duplicates when they share most word pairs (MinHash: A. Broder, "On the resemblance and containment of documents",
1997; permutations of `datasketch`), and when one's numbers and names are found in the other: two forms of one template share nearly all
words and say different things. Nothing here knows samples, files or pairs of shards; `pipelines.dedup_join` finds whom to compare.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import datasketch
import numpy as np
from numpy.typing import NDArray

NUMBERS, NAMES = 96, 48
"""Numbers and names kept of a text: those with the smallest hashes (bottom-k sketches), so that two texts keep the same of what they share.
A text with fewer keeps all."""
EMPTY = np.uint32(0xFFFFFFFF)
"""Fills sketches of texts with fewer."""
CHUNK_CHARS = 1 << 20
"""Characters looked at together, which bounds memory for texts of any length; a word pair across a seam does not count."""
_CACHED_WORDS = 1 << 18
_UNSPACED = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
"""A run of letters and digits; of scripts that set no spaces between words (Thai to Khmer, kana, Han) one character."""
_NUMBER, _NAME = np.int64(1 << 32), np.int64(1 << 33)

Hashes = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class TextRule:
    """When two texts are near-duplicates.

    Attributes:
        shingle: Words that are hashed together. Two: a reworded sentence keeps half of its pairs where it would keep few runs of five.
        bands: Bands of the signature; texts that agree in all rows of one are compared.
        rows: Rows of a band.
        similar: Least share of shingles that both have, of those that either has (Jaccard index), as the signatures estimate it.
        numbers: Least share of the numbers of the text with fewer that the other must have, of those that the sketches reach.
        names: The same for names, where there are at least `some_names`.
        words: Shorter texts are not compared: a line of a form is no document.
    """

    shingle: int = 2
    bands: int = 32
    rows: int = 4
    similar: float = 0.5
    numbers: float = 0.98
    names: float = 0.75
    some_names: int = 4
    words: int = 32

    @property
    def permutations(self) -> int:
        """Length of a signature."""
        return self.bands * self.rows


@dataclass(frozen=True, slots=True)
class TextSketch:
    """A text: its signature, uint32 (permutations,); numbers (NUMBERS,) and names (NAMES,), uint32, ascending; how many words it has."""

    signature: Hashes
    numbers: Hashes
    names: Hashes
    words: int


def sketch_text(text: str, rule: TextRule) -> TextSketch:
    """The sketch of `text`; equal texts up to case, width of letters, space and punctuation have equal ones."""
    signature = np.full(rule.permutations, EMPTY, np.uint32)
    numbers, names, plain, words = [], [], [], 0
    for chunk in _chunks(text):
        found = _words(chunk)
        hashes = found.astype(np.uint32)
        words += len(found)
        numbers.append(hashes[(found & _NUMBER) != 0])
        names.append(hashes[(found & _NAME) != 0])
        plain.append(hashes[(found & _NAME) == 0])
        np.minimum(signature, minhash(_shingles(hashes, rule.shingle), rule.permutations), out=signature)
    called = np.setdiff1d(np.concatenate(names), np.concatenate(plain)) if names else np.empty(0, np.uint32)
    return TextSketch(signature, _bottom(_numbered(numbers), NUMBERS), _bottom(_mix(called), NAMES), words)


def minhash(shingles: Hashes, permutations: int) -> Hashes:
    """uint32 (permutations,): the least value of each permutation over hashed shingles, any number of them; `EMPTY` for none.

    The same as `datasketch.MinHash(permutations, hashfunc=int)` of its scheme `affine32`, without its loop over items.
    """
    a, b = _permutations(permutations)
    mixed = _mix(shingles)
    least = np.full(permutations, EMPTY, np.uint32)
    for start in range(0, len(mixed), 512):  # of a size that stays in the processor's cache
        np.minimum(least, (mixed[start : start + 512, None] * a + b).min(axis=0), out=least)
    return least


def band_keys(signatures: Hashes, rule: TextRule) -> NDArray[np.uint64]:
    """uint64 (texts, bands): equal for two texts in one band if, but for accidents of 2^-64, their rows there are."""
    parts = signatures.reshape(len(signatures), rule.bands, rule.rows)
    keys = np.broadcast_to(np.arange(rule.bands, dtype=np.uint64) + np.uint64(1), parts.shape[:2]).copy()
    for row in range(rule.rows):
        keys = _mix64(keys ^ parts[:, :, row])
    return keys


def alike(one: TextSketch, signatures: Hashes, numbers: Hashes, names: Hashes, rule: TextRule) -> NDArray[np.bool_]:
    """Which of some texts, given as arrays of their sketches (texts, …), are near-duplicates of `one`: bool (texts,)."""
    similar = (signatures == one.signature).mean(axis=1) >= rule.similar
    found: NDArray[np.bool_] = (
        similar & _contained(one.numbers, numbers, rule.numbers, 1) & _contained(one.names, names, rule.names, rule.some_names)
    )
    return found


def _contained(one: Hashes, others: Hashes, least: float, some: int) -> NDArray[np.bool_]:
    """Whether, bool (texts,), `least` of what the text with fewer holds is in the other, among those whose hashes both sketches reach."""
    reach = np.minimum(one[-1], others[:, -1])  # EMPTY where neither sketch is full
    mine = (one != EMPTY) & (one <= reach[:, None])  # (texts, k)
    theirs = (others != EMPTY) & (others <= reach[:, None])
    shared = (np.isin(others, one) & theirs).sum(axis=1)
    fewer = np.minimum(mine.sum(axis=1), theirs.sum(axis=1))
    enough: NDArray[np.bool_] = (fewer < some) | (shared >= least * fewer)
    return enough


def _chunks(text: str) -> Iterator[str]:
    """The text in parts of at most `CHUNK_CHARS`, each to the last space in it, if there is one."""
    start = 0
    while start < len(text):
        end = min(len(text), start + CHUNK_CHARS)
        if end < len(text) and (space := text.rfind(" ", start, end)) > start:
            end = space
        yield text[start:end]
        start = end


class _Words(dict[str, int]):
    """Word to the CRC-32 of its folded form, with a bit if it holds a digit and one if it begins with a capital."""

    def __missing__(self, word: str) -> int:
        folded = word.casefold() if word.isascii() else unicodedata.normalize("NFKC", word).casefold()
        code = zlib.crc32(folded.encode("utf-8", "surrogatepass"))
        if any(map(str.isdecimal, folded)):
            code |= int(_NUMBER)
        elif word[0].isupper():
            code |= int(_NAME)
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[word] = code
        return code


_KNOWN = _Words()


def _words(text: str) -> NDArray[np.int64]:
    found = _WORD.findall(text)
    return np.fromiter(map(_KNOWN.__getitem__, found), np.int64, len(found))


def _shingles(words: Hashes, size: int) -> Hashes:
    """Hashes of runs of `size` words; of a shorter text that of all its words."""
    size = min(size, len(words))
    count = len(words) - size + 1 if size else 0
    keys = np.zeros(count, np.uint64)
    for place in range(size):
        keys = _mix64(keys + words[place : place + count])
    return (keys >> np.uint64(32)).astype(np.uint32)


def _numbered(parts: list[Hashes]) -> Hashes:
    """Hashes of numbers with how often they came before, so that two of one number count as two."""
    found = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.uint32)
    _, first, counts = np.unique(found, return_index=True, return_counts=True)
    before = np.arange(len(found)) - np.repeat(first, counts)
    return (_mix64(found.astype(np.uint64) << np.uint64(32) | before.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)


def _bottom(hashes: Hashes, size: int) -> Hashes:
    kept = np.unique(hashes)[:size]
    return np.concatenate([kept, np.full(size - len(kept), EMPTY, np.uint32)])


def _mix(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3 for 32 bits (A. Appleby), which `datasketch` applies before it permutes."""
    values = (values ^ values >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    values = (values ^ values >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return values ^ values >> np.uint32(16)


def _mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


@lru_cache(maxsize=8)
def _permutations(number: int) -> tuple[Hashes, Hashes]:
    a, b = datasketch.MinHash(number, scheme="affine32").permutations
    return np.asarray(a, np.uint32), np.asarray(b, np.uint32)

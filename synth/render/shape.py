"""Shaping: a token of text in one direction -> positioned clusters of glyphs, each from the first font of a chain that has its characters.

A `Cluster` is the smallest piece of text with a glyph picture of its own (a letter, a Devanagari syllable, an Arabic ligature): one code in
the PDF, whose text the reader gets back. Results are cached a process, because documents repeat their words. Knows nothing of lines or PDF.
"""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import uharfbuzz as hb
from fontTools.unicodedata import script as unicode_script

from schemas.errors import DataError
from synth.render.breaks import graphemes
from synth.render.fonts import Face, FontFile, load_face

Part = tuple[int, int, int]
"""A glyph of the font and its x and y offset from the cluster's origin, in font units, y up."""

SIMPLE_SCRIPTS = frozenset({"Latn", "Cyrl", "Grek", "Armn", "Geor", "Hani", "Hira", "Kana", "Hang", "Bopo", "Zyyy", "Zinh"})
"""Scripts in which a character is a glyph; ligatures are off there, so that every letter keeps a box of its own."""
_NO_LIGATURES = {"liga": False, "clig": False, "calt": False}
_DOTTED_CIRCLE = "\u25cc"
_CACHED_TOKENS = 1 << 12

_LEAST_WIDTH = 12
"""Font units below which a cluster is widened: a hundredth of an em, which readers tell from nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """One picture with one text; the same picture and text of a face are one object. `width` is its advance in font units."""

    parts: tuple[Part, ...]
    width: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """A run of clusters in one face, from left to right.

    Attributes:
        text: The run's text in logical order.
        clusters: From left to right.
        kerns: Font units to add after each cluster.
        width_em: Advance with kerning, in ems.
        rtl: Whether the text runs from the last cluster to the first.
        is_space: Whether there is nothing to see.
    """

    face: Face
    text: str
    clusters: tuple[Cluster, ...]
    kerns: tuple[int, ...]
    width_em: float
    rtl: bool
    is_space: bool


class FontChain:
    """Fonts to try for the text of one language, first choice first. One object a process, so that it is found by identity in caches."""

    __slots__ = ("_faces", "files", "first", "language")

    def __init__(self, files: tuple[FontFile, ...], language: str) -> None:
        self.files, self.language = files, language
        self.first = load_face(files[0])
        self._faces: dict[str, Face] = {}

    def face(self, part: str) -> Face:
        """The first font that has a grapheme; DataError `missing_glyph` if none has."""
        face = self._faces.get(part)
        if face is None:
            face = self._faces[part] = _first_face(part, self.files)
        return face


chain_of = cache(FontChain)
"""The chain of font files and a language (BCP 47, for regional letter forms)."""


@lru_cache(maxsize=_CACHED_TOKENS)
def shape_token(chain: FontChain, text: str, rtl: bool, before: str = "", after: str = "") -> tuple[Shaped, ...]:
    """Shape text of one direction without breaks inside; one run a font, in logical order.

    Args:
        chain: Fonts and language, from `chain_of`.
        text: The token.
        rtl: Whether it runs right to left.
        before: Text to the left in logical order that letters join with but that is shaped elsewhere.
        after: The same on the other side.

    Raises:
        DataError: `missing_glyph` if no font has a character; `broken_cluster` if a mark has nothing to sit on.
    """
    runs = _runs(text, chain)
    shaped: list[Shaped] = []
    for i, (face, script, part) in enumerate(runs):
        context = (runs[i - 1][2] if i else before, runs[i + 1][2] if i + 1 < len(runs) else after)
        shaped.append(_shape(face, script, part, rtl, chain.language, context))
    return tuple(shaped)


def _runs(text: str, chain: FontChain) -> list[tuple[Face, str, str]]:
    """Cut text into (face, script, text) runs. Common characters go with the run before them where its font has them."""
    scripts = {script_in(char) for char in text}
    scripts.discard("Zyyy")
    if len(scripts) < 2 and chain.first.coverage.issuperset(map(ord, text)):
        return [(chain.first, next(iter(scripts), "Zyyy"), text)]
    runs: list[tuple[Face, str, str]] = []
    for part in graphemes(text):
        script = script_in(part)
        if runs and script == "Zyyy" and _has(runs[-1][0], part):
            face, script = runs[-1][0], runs[-1][1]
        else:
            face = chain.face(part)
        if runs and runs[-1][0] is face and (runs[-1][1] == script or runs[-1][1] == "Zyyy"):
            runs[-1] = (face, script, runs[-1][2] + part)
        else:
            runs.append((face, script, part))
    return runs


@cache
def script_in(part: str) -> str:
    """ISO 15924 script of a grapheme: of its first character that has one."""
    for char in part:
        name = str(unicode_script(char))
        if name not in ("Zyyy", "Zinh", "Zzzz"):
            return name
    return "Zyyy"


@cache
def _ignorable(char: str) -> bool:
    """Characters that need no glyph: format controls and variation selectors."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _has(face: Face, part: str) -> bool:
    return all(ord(char) in face.coverage or _ignorable(char) for char in part)


def _first_face(part: str, chain: Sequence[FontFile]) -> Face:
    for file in chain:
        face = load_face(file)
        if _has(face, part):
            return face
    names = ", ".join(f"U+{ord(char):04X} {unicodedata.name(char, 'unnamed')}" for char in part)
    todo = "use other text, or add a font to synth/render/fonts.py"
    raise DataError("missing_glyph", f"no font has {part!r} ({names}); tried {len(chain)} fonts: {todo}")


def _shape(face: Face, script: str, text: str, rtl: bool, language: str, context: tuple[str, str]) -> Shaped:
    """Run HarfBuzz over one run and collect its clusters from left to right."""
    before, after = context
    buffer = hb.Buffer()
    buffer.add_str(before + text + after, len(before), len(text))
    buffer.direction = "rtl" if rtl else "ltr"
    # Fonts have spaces of another width for Korean, which HarfBuzz finds under the script of the letters around them only.
    buffer.script = "Hang" if language == "ko" and text.isspace() else script
    buffer.language = language
    buffer.cluster_level = hb.BufferClusterLevel.CHARACTERS if face.is_cff else hb.BufferClusterLevel.MONOTONE_GRAPHEMES
    hb.shape(face.font, buffer, _NO_LIGATURES if script in SIMPLE_SCRIPTS else {})
    clusters: list[Cluster] = []
    kerns: list[int] = []
    for parts, advance, part in _gathered(buffer, text):
        if len(parts) == 1 and parts[0][1] == parts[0][2] == 0:
            # A glyph at its natural place is kerned by moving what follows; anything else becomes a picture.
            cluster = _letter(face, parts[0][0], part)
            kern = advance - cluster.width
        else:
            cluster, kern = _picture(face, tuple(parts), advance, part), 0
        if cluster.width < _LEAST_WIDTH and kerns:
            cluster, pull = _widened(face, cluster)
            kerns[-1] += pull
        clusters.append(cluster)
        kerns.append(kern)
    width = math.fsum([*(cluster.width for cluster in clusters), *kerns])
    return Shaped(face, text, tuple(clusters), tuple(kerns), width / face.upem, rtl, text.isspace())


def _gathered(buffer: hb.Buffer, text: str) -> Iterator[tuple[list[Part], int, str]]:
    """Shaped glyphs by cluster, from left to right: (parts, advance, text)."""
    numbers: list[int] = []
    parts: list[list[Part]] = []
    pens: list[int] = []
    last = -1
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        x_offset, y_offset, advance, _ = place.position
        before, last = last, info.cluster
        if last == before:
            parts[-1].append((info.codepoint, pens[-1] + x_offset, y_offset))
            pens[-1] += advance
        else:
            numbers.append(last)
            parts.append([(info.codepoint, x_offset, y_offset)])
            pens.append(advance)
    starts = sorted(numbers)
    first = starts[0]
    ends = dict(zip(starts, [*starts[1:], first + len(text)], strict=True))
    return zip(parts, pens, [text[number - first : ends[number] - first] for number in numbers], strict=True)


@cache
def _letter(face: Face, glyph: int, text: str) -> Cluster:
    """The cluster of a glyph at its natural place and width."""
    _check_glyphs(face, (glyph,), text)
    return _cluster(face, ((glyph, 0, 0),), face.font.get_glyph_h_advance(glyph), text)


@cache
def _picture(face: Face, parts: tuple[Part, ...], width: int, text: str) -> Cluster:
    """The cluster of several glyphs, or of one that is moved."""
    _check_glyphs(face, tuple(glyph for glyph, _, _ in parts), text)
    if face.is_cff:
        raise DataError("unsupported_cluster", f"{text!r} needs several glyphs, which CFF font {face.file.path} cannot hold as one")
    return _cluster(face, parts, width, text)


@cache
def _cluster(face: Face, parts: tuple[Part, ...], width: int, text: str) -> Cluster:
    """The one cluster of a face with these values. `face` is in the cache's key only."""
    return Cluster(parts, width, text)


def _check_glyphs(face: Face, glyphs: Sequence[int], text: str) -> None:
    if 0 in glyphs:
        raise DataError("missing_glyph", f"{face.file.path} has no glyph for {text!r} after shaping")
    if face.dotted_circle in glyphs and _DOTTED_CIRCLE not in text:
        raise DataError("broken_cluster", f"a mark in {text!r} has no letter to sit on in {face.file.path}")


def _widened(face: Face, cluster: Cluster) -> tuple[Cluster, int]:
    """A cluster of the least width with its picture in the same place, and the (negative) kern before it.

    Kerning can pull a narrow letter's advance to zero or below (ra in Amiri). A font cannot hold that, and readers that sort letters by
    where they stand would swap it with the next one.
    """
    pull = cluster.width - _LEAST_WIDTH
    return _cluster(face, tuple((glyph, x - pull, y) for glyph, x, y in cluster.parts), _LEAST_WIDTH, cluster.text), pull

"""Shaping: a token of text in one direction -> positioned clusters of glyphs, each from the first font of a chain that has its characters.

A `Cluster` is the smallest piece of text with a glyph picture of its own (a letter, a Devanagari syllable, an Arabic ligature): one code in
the PDF, whose text the reader gets back. Results are cached a process, because documents repeat their words. Knows nothing of lines or PDF.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import uharfbuzz as hb
from fontTools.unicodedata import script as unicode_script

from schemas.errors import DataError
from synth.render.breaks import graphemes
from synth.render.fonts import Face, FontFile, load_face

Part = tuple[int, int, int]
"""A glyph of the font and its x and y offset from the cluster's origin, in font units, y up."""

_SIMPLE_SCRIPTS = frozenset({"Latn", "Cyrl", "Grek", "Armn", "Geor", "Hani", "Hira", "Kana", "Hang", "Bopo", "Zyyy", "Zinh"})
"""Scripts in which a character is a glyph; ligatures are off there, so that every letter keeps a box of its own."""
_DOTTED_CIRCLE = "\u25cc"
_CACHED_TOKENS = 1 << 17


_LEAST_WIDTH = 12
"""Font units below which a cluster is widened: a hundredth of an em, which readers tell from nothing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One picture with one text. `width` is its advance in font units."""

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


@lru_cache(maxsize=_CACHED_TOKENS)
def shape_token(chain: tuple[FontFile, ...], text: str, rtl: bool, language: str, before: str = "", after: str = "") -> tuple[Shaped, ...]:
    """Shape text of one direction without breaks inside; one run a font, in logical order.

    Args:
        chain: Fonts to try, first choice first.
        text: The token.
        rtl: Whether it runs right to left.
        language: BCP 47 tag, for regional letter forms.
        before: Text to the left in logical order that letters join with but that is shaped elsewhere.
        after: The same on the other side.

    Raises:
        DataError: `missing_glyph` if no font has a character; `broken_cluster` if a mark has nothing to sit on.
    """
    runs = _runs(text, chain)
    shaped: list[Shaped] = []
    for i, (face, script, part) in enumerate(runs):
        context = (runs[i - 1][2] if i else before, runs[i + 1][2] if i + 1 < len(runs) else after)
        shaped.append(_shape(face, script, part, rtl, language, context))
    return tuple(shaped)


def _runs(text: str, chain: Sequence[FontFile]) -> list[tuple[Face, str, str]]:
    """Cut text into (face, script, text) runs. Common characters go with the run before them where its font has them."""
    runs: list[tuple[Face, str, str]] = []
    for part in graphemes(text):
        script = _script(part)
        if runs and script == "Zyyy" and _has(runs[-1][0], part):
            face, script = runs[-1][0], runs[-1][1]
        else:
            face = _first_face(part, chain)
        if runs and runs[-1][0] is face and (runs[-1][1] == script or runs[-1][1] == "Zyyy"):
            runs[-1] = (face, script, runs[-1][2] + part)
        else:
            runs.append((face, script, part))
    return runs


@cache
def _script(part: str) -> str:
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
    buffer.script = "Zyyy" if script == "Hani" else script
    buffer.language = language
    buffer.cluster_level = hb.BufferClusterLevel.CHARACTERS if face.is_cff else hb.BufferClusterLevel.MONOTONE_GRAPHEMES
    simple = script in _SIMPLE_SCRIPTS
    hb.shape(face.font, buffer, {"liga": False, "clig": False, "calt": False} if simple else {})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    offset = min(info.cluster for info in infos)
    starts = sorted({info.cluster - offset for info in infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    clusters: list[Cluster] = []
    kerns: list[int] = []
    i = 0
    while i < len(infos):
        start, parts, pen = infos[i].cluster - offset, [], 0
        while i < len(infos) and infos[i].cluster - offset == start:
            parts.append((infos[i].codepoint, pen + positions[i].x_offset, positions[i].y_offset))
            pen += positions[i].x_advance
            i += 1
        cluster, kern = _cluster(face, parts, pen, text[start : ends[start]])
        if cluster.width < _LEAST_WIDTH and kerns:
            cluster, pull = _widened(cluster)
            kerns[-1] += pull
        clusters.append(cluster)
        kerns.append(kern)
    width = sum(cluster.width for cluster in clusters) + sum(kerns)
    return Shaped(face, text, tuple(clusters), tuple(kerns), width / face.upem, rtl, text.isspace())


def _widened(cluster: Cluster) -> tuple[Cluster, int]:
    """A cluster of the least width with its picture in the same place, and the (negative) kern before it.

    Kerning can pull a narrow letter's advance to zero or below (ra in Amiri). A font cannot hold that, and readers that sort letters by
    where they stand would swap it with the next one.
    """
    pull = cluster.width - _LEAST_WIDTH
    return Cluster(tuple((glyph, x - pull, y) for glyph, x, y in cluster.parts), _LEAST_WIDTH, cluster.text), pull


def _cluster(face: Face, parts: list[Part], advance: int, text: str) -> tuple[Cluster, int]:
    """A cluster and the kern after it. A glyph at its natural place is kerned by moving what follows; anything else becomes a picture."""
    if any(glyph == 0 for glyph, _, _ in parts):
        raise DataError("missing_glyph", f"{face.file.path} has no glyph for {text!r} after shaping")
    if face.dotted_circle is not None and _DOTTED_CIRCLE not in text and any(glyph == face.dotted_circle for glyph, _, _ in parts):
        raise DataError("broken_cluster", f"a mark in {text!r} has no letter to sit on in {face.file.path}")
    if len(parts) == 1 and parts[0][1:] == (0, 0):
        natural = face.font.get_glyph_h_advance(parts[0][0])
        return Cluster(tuple(parts), natural, text), advance - natural
    if face.is_cff:
        raise DataError("unsupported_cluster", f"{text!r} needs several glyphs, which CFF font {face.file.path} cannot hold as one")
    return Cluster(tuple(parts), advance, text), 0

"""Content streams: drawn lines and their fonts -> the operators of a page (ISO 32000-1, 9.4), and each cluster used -> an embedded font.

Text goes into the stream in reading order. MuPDF keeps the stream's order within a line; PDFium takes one TJ as visual order; poppler
sorts. All three read right-to-left text alike when each of its clusters is shown by itself, from right to left. Knows nothing of documents.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from synth.render.embed import embed_face
from synth.render.fonts import Face
from synth.render.pdf_objects import PdfObjects, number
from synth.render.shape import Cluster, Shaped
from synth.render.typeset import Fragment, Line

Rgb: TypeAlias = tuple[float, float, float]
_MIN_KERN = 0.05
"""Thousandths of an em below which a pen is where it should be; 0.0006 pt at 12 pt."""


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A drawn line: where its left end and baseline are in PDF coordinates (y up), and its baseline's direction (cosine, sine)."""

    fragments: tuple[Fragment, ...]
    x: float
    y: float
    cos: int = 1
    sin: int = 0


class _Shown(NamedTuple):
    """The inside of a TJ string in one PDF font, and where the pen starts and ends, in ems from the run's left end."""

    font: str
    body: str
    start_em: float
    end_em: float


class PdfFonts:
    """The fonts of one document: collects the clusters its lines use, embeds them, and then encodes runs."""

    def __init__(self) -> None:
        self._used: dict[Shaped, None] = {}
        self._codes: dict[Face, dict[Cluster, tuple[str, str]]] = {}  # name of the PDF font, and the code in hexadecimal
        self._encoded: dict[Shaped, tuple[_Shown, ...]] = {}

    @property
    def faces(self) -> tuple[Face, ...]:
        """Faces in order of first use."""
        return tuple(dict.fromkeys([shaped.face for shaped in self._used]))

    def use(self, line: Line) -> None:
        """Note what a line needs."""
        for fragment in line.fragments:
            self._used.update(dict.fromkeys(fragment.shapes))

    def embed(self, objects: PdfObjects) -> str:
        """Write all fonts; returns the font resource dictionary."""
        resources: list[str] = []
        used: dict[Face, dict[Cluster, None]] = {}
        for shaped in self._used:
            used.setdefault(shaped.face, {}).update(dict.fromkeys(shaped.clusters))
        for i, (face, clusters) in enumerate(used.items()):
            tag = "".join(chr(ord("A") + i // 26**k % 26) for k in range(5, -1, -1))  # six capitals (9.6.4)
            planes, codes = embed_face(objects, face, list(clusters), f"{tag}+Assay{i}")
            names = [f"F{len(resources) + k}" for k in range(len(planes))]
            self._codes[face] = {cluster: (names[code.plane], f"{code.glyph:04X}") for cluster, code in codes.items()}
            resources += [f"/{name} {plane} 0 R" for name, plane in zip(names, planes, strict=True)]
        return f"<<{''.join(resources)}>>"

    def encode(self, shaped: Shaped) -> tuple[_Shown, ...]:
        """A run as strings to show in reading order: one a PDF font, or one a cluster where it runs right to left."""
        held = self._encoded.get(shaped)
        if held is None:
            held = self._encoded[shaped] = tuple(self._encode(shaped))
        return held

    def _encode(self, shaped: Shaped) -> Iterator[_Shown]:
        codes, upem = self._codes[shaped.face], shaped.face.upem
        body: list[str] = []
        held, first, end, kern = "", 0, 0, 0
        for cluster, start, kerned in _reading_order(shaped):
            font, code = codes[cluster]
            if body and (font != held or shaped.rtl):
                yield _Shown(held, "".join(body), first / upem, end / upem)
                body = []
            if not body:
                held, first = font, start
            elif kern:
                body.append(f">{number(-kern * 1000 / upem)}<")
            body.append(code)
            end, kern = start + cluster.width, kerned
        yield _Shown(held, "".join(body), first / upem, end / upem)


def _reading_order(shaped: Shaped) -> list[tuple[Cluster, int, int]]:
    """Clusters with their left end in font units and the kern after them, first read first."""
    placed: list[tuple[Cluster, int, int]] = []
    x = 0
    for cluster, kern in zip(shaped.clusters, shaped.kerns, strict=True):
        placed.append((cluster, x, kern))
        x += cluster.width + kern
    return placed[::-1] if shaped.rtl else placed


class ContentEncoder:
    """Turns the operations of a page into its content stream, remembering font and colour."""

    def __init__(self, fonts: PdfFonts) -> None:
        self._fonts = fonts
        self._color: Rgb = (0.0, 0.0, 0.0)
        self._font: tuple[str, float] = ("", 0.0)
        self._words: dict[tuple[Shaped, float], str] = {}

    def encode(self, operations: Sequence[str | PlacedLine]) -> bytes:
        """The content stream of one page."""
        self._color, self._font = (0.0, 0.0, 0.0), ("", 0.0)
        out: list[str] = []
        for operation in operations:
            if isinstance(operation, str):
                out.append(operation)
            elif operation.fragments:
                out.append("BT")
                for fragment in sorted(operation.fragments, key=attrgetter("order")):
                    self._fragment(out, operation, fragment)
                out.append("ET")
        return "\n".join(out).encode("latin-1")

    def _fragment(self, out: list[str], line: PlacedLine, fragment: Fragment) -> None:
        """Show a fragment: a Tm and TJ for each stretch in one PDF font, and for each right-to-left run."""
        style = fragment.style
        size = style.size_pt
        if style.color != self._color:
            self._color = style.color
            out.append(f"{rgb(style.color)} rg")
        body: list[str] = []
        pen, font = 0.0, ""
        for shaped, x in zip(fragment.shapes, fragment.lefts_pt, strict=True):
            shown = self._fonts.encode(shaped)
            if shaped.rtl and not shaped.face.is_cff:
                _show(out, body)
                self._start(out, line, shown[0].font, size, x + shown[0].start_em * size, style.rise_pt)
                out.append(self._backwards(shaped, shown, size))
                body, font = [], ""
                continue
            for piece in shown:
                at = x + piece.start_em * size
                if piece.font != font:
                    _show(out, body)
                    self._start(out, line, piece.font, size, at, style.rise_pt)
                    body, pen, font = [], at, piece.font
                gap = (at - pen) * 1000 / size
                if abs(gap) > _MIN_KERN:
                    body.append(f">{number(-gap)}<")
                body.append(piece.body)
                pen = x + piece.end_em * size
        _show(out, body)

    def _backwards(self, shaped: Shaped, shown: Sequence[_Shown], size_pt: float) -> str:
        """A right-to-left run as one Tj a cluster, each moved to by Td; a TrueType face has one PDF font."""
        key = (shaped, size_pt)
        held = self._words.get(key)
        if held is None:
            moves = [f"<{shown[0].body}>Tj"]
            for before, after in pairwise(shown):
                moves.append(f"{number((after.start_em - before.start_em) * size_pt)} 0 Td<{after.body}>Tj")
            held = self._words[key] = "\n".join(moves)
        return held

    def _start(self, out: list[str], line: PlacedLine, font: str, size_pt: float, x: float, rise: float) -> None:
        if (font, size_pt) != self._font:
            self._font = (font, size_pt)
            out.append(f"/{font} {number(size_pt)} Tf")
        cos, sin = line.cos, line.sin
        place = f"{number(line.x + cos * x - sin * rise)} {number(line.y + sin * x + cos * rise)}"
        out.append(f"{cos} {sin} {-sin} {cos} {place} Tm")


def _show(out: list[str], body: Sequence[str]) -> None:
    if body:
        out.append(f"[<{''.join(body)}>]TJ")


def rgb(color: Rgb) -> str:
    """Three colour components as operands."""
    return " ".join(number(part) for part in color)

"""The text of a clean rendering, as a PDF's text layer is for a page: what stands where, in which order, set in which font.

A sample of text in pictures stores, for image number n, the attachments `clean-n.png` (text alone, black on white, before it got
colours, a ground and wear) and `text-n.json` (this layer). A verifier draws the runs again and compares ink; a filter crops lines and reads
them back. Lines are in reading order, text is in logical order and NFC. Boxes hold ink: (x0, y0, x1, y1) in pixels of the clean rendering,
origin top left, y down, x1 and y1 exclusive.
"""

from dataclasses import dataclass
from typing import Any

from schemas.canonical import canonical_json, parse_json
from schemas.sample import Attachment, BoxPx, Stored

MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The smallest piece of text with a picture of its own: a letter, a Devanagari syllable, an Arabic ligature."""

    text: str
    box_px: BoxPx


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring text of one word in one font and direction.

    Attributes:
        text: In logical order.
        font: Name of the font's `AssetUse` in the sample's provenance, which has its hash.
        face: Number of the face in a collection.
        axes: Variation axes that are pinned, such as (("wght", 700.0),).
        size_px: Pixels an em.
        x_px: Where the pen starts: the left end of the advance, for horizontal text of either direction; the middle of the column for
            vertical text.
        y_px: The baseline; for vertical text the top of the first advance.
        rtl: Whether the text runs from right to left.
        vertical: Whether it runs downwards.
        ligatures: Whether letters that are separate in simple scripts may join (`liga`, `clig`, `calt`).
    """

    text: str
    font: str
    face: int
    axes: tuple[tuple[str, float], ...]
    size_px: float
    x_px: float
    y_px: float
    rtl: bool = False
    vertical: bool = False
    ligatures: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """Text between spaces, which in scripts without spaces may be a whole line.

    Attributes:
        text: In logical order.
        box_px: Its ink.
        clusters: In logical order; joined, their texts are the word's.
        runs: In logical order.
        hidden: Whether it cannot be read in the picture, where something lies over it or its ink is smeared; the clean rendering has it.
    """

    text: str
    box_px: BoxPx
    clusters: tuple[Cluster, ...]
    runs: tuple[Run, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line (or column, in vertical text). `text` holds its spaces; its words are in logical order.

    Attributes:
        role: What it belongs to, such as `heading`, `body`, `item`, `cell`, `key`, `value`.
        block: Number of the block it belongs to, in reading order.
    """

    text: str
    language: str
    box_px: BoxPx
    words: tuple[Word, ...]
    role: str = "body"
    block: int = 0
    rtl: bool = False
    vertical: bool = False


@dataclass(frozen=True, slots=True)
class TextLayer:
    """All text of one clean rendering, in reading order."""

    width_px: int
    height_px: int
    lines: tuple[TextLine, ...]

    @property
    def words(self) -> list[Word]:
        """All words in reading order."""
        return [word for line in self.lines for word in line.words]


def clean_name(image: int) -> str:
    """Attachment name of image number `image`'s clean rendering."""
    return f"clean-{image}.png"


def layer_name(image: int) -> str:
    """Attachment name of image number `image`'s text layer."""
    return f"text-{image}.json"


def write_layer(layer: TextLayer, image: int = 0) -> Attachment:
    """The layer as an attachment; equal layers give equal bytes."""
    data = {"width_px": layer.width_px, "height_px": layer.height_px, "lines": [_line_fields(line) for line in layer.lines]}
    return Attachment.of(layer_name(image), MEDIA_TYPE, canonical_json(data, text_keys=True).encode())


def _line_fields(line: TextLine) -> dict[str, Any]:
    """Names and values, as they are: `asdict` would copy each of them."""
    return {
        "text": line.text,
        "language": line.language,
        "box_px": line.box_px,
        "words": [_word_fields(word) for word in line.words],
        "role": line.role,
        "block": line.block,
        "rtl": line.rtl,
        "vertical": line.vertical,
    }


def _word_fields(word: Word) -> dict[str, Any]:
    # A page has thousands of clusters: a row each.
    clusters = [(cluster.text, *cluster.box_px) for cluster in word.clusters]
    fields = {"text": word.text, "box_px": word.box_px, "clusters": clusters, "runs": [_run_fields(run) for run in word.runs]}
    return {**fields, "hidden": True} if word.hidden else fields


def _run_fields(run: Run) -> dict[str, Any]:
    return {
        "text": run.text,
        "font": run.font,
        "face": run.face,
        "axes": run.axes,
        "size_px": run.size_px,
        "x_px": run.x_px,
        "y_px": run.y_px,
        "rtl": run.rtl,
        "vertical": run.vertical,
        "ligatures": run.ligatures,
    }


def read_layer(stored: Stored, image: int = 0) -> TextLayer:
    """The inverse of `write_layer`. KeyError if image `image` has no layer, ValueError if it is none."""
    data: Any = parse_json(stored.attachment(layer_name(image)).data.decode())
    return TextLayer(data["width_px"], data["height_px"], tuple(_line(line) for line in data["lines"]))


def _line(data: dict[str, Any]) -> TextLine:
    return TextLine(**{**data, "box_px": _box(data["box_px"]), "words": tuple([_word(word) for word in data["words"]])})


def _word(data: dict[str, Any]) -> Word:
    clusters = tuple([Cluster(text, (x0, y0, x1, y1)) for text, x0, y0, x1, y1 in data["clusters"]])
    return Word(data["text"], _box(data["box_px"]), clusters, tuple([_run(run) for run in data["runs"]]), data.get("hidden", False))


def _run(data: dict[str, Any]) -> Run:
    return Run(**{**data, "axes": tuple([(tag, value) for tag, value in data["axes"]])})


def _box(values: list[float]) -> BoxPx:
    x0, y0, x1, y1 = values
    return (x0, y0, x1, y1)

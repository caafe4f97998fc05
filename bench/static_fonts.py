"""Static instances of Assay's fonts in a folder of their own, with a fontconfig file that shows programs nothing else.

Browsers find variable fonts of a system by named instances and print them as Type 3 fonts, which cost a reader much; nobody who prints
documents in numbers would have it so.
"""

import io
from pathlib import Path

import uharfbuzz as hb
from fontTools.ttLib import TTFont

from synth.render.fonts import FontFile, load_face

STYLE_NAMES = ("Regular", "Bold", "Italic", "Bold Italic")
_FAMILY, _STYLE, _FULL, _POSTSCRIPT, _TYPO_FAMILY, _TYPO_STYLE = 1, 2, 4, 6, 16, 17  # OpenType 1.9.1, name IDs


def write_config(folder: Path) -> Path:
    """A fontconfig file for the fonts in `folder` alone."""
    path = folder / "fonts.conf"
    path.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>", encoding="utf-8")
    return path


def install(name: str, files: tuple[FontFile, ...], folder: Path) -> None:
    """Write the regular, bold, italic and bold italic of a family, each file once."""
    for number, file in enumerate(files):
        path = folder / f"{name} {STYLE_NAMES[number]}.otf"
        if file in files[:number] or path.exists():
            continue
        font = TTFont(io.BytesIO(_instance(file)), lazy=True, recalcBBoxes=False, recalcTimestamp=False)
        _rename(font, name, number)
        saved = io.BytesIO()
        font.save(saved)
        path.write_bytes(saved.getvalue())


def _instance(file: FontFile) -> bytes:
    """The font at its design point, with every glyph and feature."""
    face = load_face(file)
    wanted = hb.SubsetInput()
    wanted.keep_everything()
    wanted.flags = hb.SubsetFlags.DOWNGRADE_CFF2
    for axis, value in file.axes:
        wanted.pin_axis_location(face.hb_face, axis, value)
    return bytes(hb.subset(face.hb_face, wanted).blob.data)


def _rename(font: TTFont, name: str, number: int) -> None:
    style = STYLE_NAMES[number]
    names = {_FAMILY: name, _STYLE: style, _FULL: f"{name} {style}", _POSTSCRIPT: f"{name}-{style}".replace(" ", "")}
    table = font["name"]
    table.names = [record for record in table.names if record.nameID not in (*names, _TYPO_FAMILY, _TYPO_STYLE)]
    for key, text in names.items():
        table.setName(text, key, 3, 1, 0x409)
    bold, italic = number in (1, 3), number in (2, 3)
    font["OS/2"].usWeightClass = 700 if bold else 400
    font["OS/2"].fsSelection = bold << 5 | italic | (not (bold or italic)) << 6  # bits 5 bold, 0 italic, 6 regular
    font["head"].macStyle = bold | italic << 1

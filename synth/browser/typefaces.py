"""The fonts that the browser sees: Assay's own by their own names, and none of the system's.

Each file appears in the browser's view at a path of its own, and a fontconfig file names that folder alone, so that a page may say
`font-family: Roboto, sans-serif` as any page does and is set the same on every machine.
"""

from functools import cache
from pathlib import Path

from schemas.sample import AssetUse
from synth.render.fonts import TYPEFACES, FontFile, asset_use, font_path, load_face

FOLDER = "/fonts"
"""Where the fonts lie in the browser's view."""
GENERIC = {
    "sans-serif": ("Noto Sans",),
    "system-ui": ("Noto Sans",),
    "serif": ("Noto Serif",),
    "monospace": ("JetBrains Mono",),
}
"""What the names of CSS stand for."""


@cache
def font_files() -> tuple[FontFile, ...]:
    """Every font file once, in a fixed order."""
    found: dict[tuple[str, str], FontFile] = {}
    for typeface in TYPEFACES.values():
        for file in (typeface.regular, typeface.bold, typeface.italic, typeface.bold_italic):
            found.setdefault((file.distribution, file.path), file)
    return tuple(found[key] for key in sorted(found))


@cache
def font_uses() -> tuple[AssetUse, ...]:
    """The fonts as parts of a fingerprint; only those of packages need naming beside their versions, but all are hashed."""
    return tuple(asset_use(file) for file in font_files())


def font_view() -> list[tuple[str, Path]]:
    """(path in the browser's view, file outside) of every font."""
    return [(f"{FOLDER}/{number:03d}-{file.path.rpartition('/')[2]}", font_path(file)) for number, file in enumerate(font_files())]


def font_config() -> str:
    """The fontconfig file: one folder, a cache in memory, and the generic names."""
    aliases = "".join(
        f'<match target="pattern"><test name="family"><string>{name}</string></test>'
        f'<edit name="family" mode="assign" binding="strong">{"".join(f"<string>{each}</string>" for each in families)}</edit></match>'
        for name, families in GENERIC.items()
    )
    return f'<?xml version="1.0"?><fontconfig><dir>{FOLDER}</dir><cachedir>/tmp/fontconfig</cachedir>{aliases}</fontconfig>'


@cache
def drawable() -> frozenset[int]:
    """Code points that some font has a glyph for."""
    return frozenset().union(*(load_face(file).coverage for typeface in TYPEFACES.values() for file in {typeface.regular}))

"""Which fonts Assay sets text in, and the loaded faces: (language, look, family, weight, slope) -> chain of `Face`, first choice first.

Every font comes from a PyPI package with the font files unmodified inside, or from the folder `typefaces` beside this module where no
package has it, so that text is set the same on every machine; its hash, licence and package version are reported as an `AssetUse`. This
module knows nothing of shaping, lines or PDF.
To add a script: add its typeface to `TYPEFACES` and to `SCRIPT_SANS`. To add a look: add a row to `LOOKS`.
"""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

import uharfbuzz as hb

from schemas.errors import UserError
from schemas.sample import AssetUse

FontFamily = Literal["sans", "serif", "mono"]
Axes = tuple[tuple[str, float], ...]

OWN = ""
"""The distribution of fonts in `typefaces`."""
OWN_FOLDER = Path(__file__).with_name("typefaces")
OWN_SOURCE = "Debian fonts-noto-core 20201225-1, subset as synth/render/typefaces/README.md says"
DEJAVU_FOLDER = "mpl-data/fonts/ttf"
NASTALIQ = frozenset({"ur"})
"""Languages that are printed in Nastaliq as well as in the book hand of Arabic: ISO 15924 calls that script `Aran`."""
REGULAR, BOLD = 400.0, 700.0  # OpenType `wght` values of the CSS keywords normal and bold (CSS Fonts 4, 2.2)


@dataclass(frozen=True, slots=True)
class FontFile:
    """One font at one design point: a file of a distribution (`OWN`: of ours), the face inside it, and the variation axes to pin."""

    distribution: str
    path: str
    axes: Axes = ()
    index: int = 0
    licence: str = "OFL-1.1"


@dataclass(frozen=True, slots=True)
class Typeface:
    """The four styles of one design. A design without italics repeats its upright files."""

    regular: FontFile
    bold: FontFile
    italic: FontFile
    bold_italic: FontFile

    def file(self, bold: bool, italic: bool) -> FontFile:
        """The file for a style."""
        if italic:
            return self.bold_italic if bold else self.italic
        return self.bold if bold else self.regular


def _variable(distribution: str, upright: str, italic: str = "", *, others: Axes = (), index: int = 0) -> Typeface:
    """A design with a weight axis; `others` pins its other axes."""

    def at(path: str, weight: float) -> FontFile:
        return FontFile(distribution, path, (("wght", weight), *others), index)

    slanted = italic or upright
    return Typeface(at(upright, REGULAR), at(upright, BOLD), at(slanted, REGULAR), at(slanted, BOLD))


def _static(distribution: str, regular: str, bold: str, italic: str = "", bold_italic: str = "") -> Typeface:
    """A design with one file a style."""
    return Typeface(*(FontFile(distribution, path) for path in (regular, bold, italic or regular, bold_italic or bold)))


def _own(regular: str, bold: str) -> Typeface:
    """A design in the folder beside this module."""
    return _static(OWN, regular, bold)


def _dejavu(name: str) -> Typeface:
    """DejaVu, which matplotlib brings along."""
    files = [FontFile("matplotlib", f"{DEJAVU_FOLDER}/{name}{style}.ttf", licence="Bitstream-Vera") for style in ("", "-Bold")]
    return Typeface(*files, *files)


def _noto_script(name: str) -> Typeface:
    return _variable("manimgx-fonts", f"NotoSans{name}[wght].ttf")


def _noto_cjk(index: int) -> Typeface:
    return _variable("manimgx-fonts-cjk", "NotoSansCJK-VF.otf.ttc", index=index)


SCRIPT_SANS: Mapping[str, str] = {
    "Arab": "Arabic", "Armn": "Armenian", "Beng": "Bengali", "Deva": "Devanagari", "Ethi": "Ethiopic", "Geor": "Georgian",
    "Gujr": "Gujarati", "Guru": "Gurmukhi",
    "Hebr": "Hebrew", "Khmr": "Khmer", "Knda": "Kannada", "Laoo": "Lao", "Mlym": "Malayalam", "Mymr": "Myanmar",
    "Orya": "Oriya", "Sinh": "Sinhala", "Taml": "Tamil", "Telu": "Telugu", "Thai": "Thai",
}  # fmt: skip
"""ISO 15924 script -> the word in the Noto Sans file name."""

OWN_SERIFS = ("Khmr", "Laoo", "Mymr", "Gujr", "Guru", "Knda", "Mlym", "Sinh", "Ethi")
"""Scripts with a serif in `typefaces`."""

CJK_FACES: Mapping[str, str] = {"Jpan": "cjk-jp", "Kore": "cjk-kr", "Hans": "cjk-sc", "Hant": "cjk-tc"}
"""ISO 15924 script of a language -> regional Noto Sans CJK typeface. The regions draw shared code points differently."""

TYPEFACES: Mapping[str, Typeface] = {
    "noto-sans": _variable("manimgx-fonts", "NotoSans[wght].ttf", "NotoSans-Italic[wght].ttf"),
    "noto-symbols": _noto_script("Symbols"),
    **{f"noto-{script}": _noto_script(name) for script, name in SCRIPT_SANS.items()},
    "cjk-jp": _noto_cjk(0),
    "cjk-kr": _noto_cjk(1),
    "cjk-sc": _noto_cjk(2),
    "cjk-tc": _noto_cjk(3),
    "noto-serif": _variable(
        "fontpkg-noto-serif", "files/NotoSerif[wdth,wght].ttf", "files/NotoSerif-Italic[wdth,wght].ttf", others=(("wdth", 100.0),)
    ),
    "source-serif": _variable(
        "fontpkg-source-serif-4", "files/SourceSerif4[opsz,wght].ttf", "files/SourceSerif4-Italic[opsz,wght].ttf", others=(("opsz", 11.0),)
    ),
    "roboto": _variable("fontpkg-roboto", "files/Roboto[wdth,wght].ttf", "files/Roboto-Italic[wdth,wght].ttf", others=(("wdth", 100.0),)),
    "jetbrains-mono": _variable("fontpkg-jetbrains-mono", "files/JetBrainsMono[wght].ttf", "files/JetBrainsMono-Italic[wght].ttf"),
    "amiri": _static(
        "fontpkg-amiri", "files/Amiri-Regular.ttf", "files/Amiri-Bold.ttf", "files/Amiri-Italic.ttf", "files/Amiri-BoldItalic.ttf"
    ),
    "plex-arabic": _static("fontpkg-ibm-plex-sans-arabic", "files/IBMPlexSansArabic-Regular.ttf", "files/IBMPlexSansArabic-Bold.ttf"),
    "mukta": _static("fontpkg-mukta", "files/Mukta-Regular.ttf", "files/Mukta-Bold.ttf"),
    "baloo": _variable("fontpkg-baloo-2", "files/Baloo2[wght].ttf"),
    # Faces of the OCR families beside those of documents.
    "open-sans": _variable(
        "fontpkg-open-sans", "files/OpenSans[wdth,wght].ttf", "files/OpenSans-Italic[wdth,wght].ttf", others=(("wdth", 100.0),)
    ),
    "lora": _variable("fontpkg-lora", "files/Lora[wght].ttf", "files/Lora-Italic[wght].ttf"),
    "cairo": _variable("fontpkg-cairo", "files/Cairo[slnt,wght].ttf", others=(("slnt", 0.0),)),
    "kufi": _variable("fontpkg-noto-kufi-arabic", "files/NotoKufiArabic[wght].ttf"),
    "heebo": _variable("fontpkg-heebo", "files/Heebo[wght].ttf"),
    "rubik": _variable("fontpkg-rubik", "files/Rubik[wght].ttf", "files/Rubik-Italic[wght].ttf"),
    "frank-ruhl": _variable("fontpkg-frank-ruhl-libre", "files/FrankRuhlLibre[wght].ttf"),
    "sarabun": _static(
        "fontpkg-sarabun", "files/Sarabun-Regular.ttf", "files/Sarabun-Bold.ttf", "files/Sarabun-Italic.ttf", "files/Sarabun-BoldItalic.ttf"
    ),
    "kanit": _static(
        "fontpkg-kanit", "files/Kanit-Regular.ttf", "files/Kanit-Bold.ttf", "files/Kanit-Italic.ttf", "files/Kanit-BoldItalic.ttf"
    ),
    "hind-siliguri": _static("fontpkg-hind-siliguri", "files/HindSiliguri-Regular.ttf", "files/HindSiliguri-Bold.ttf"),
    "catamaran": _variable("fontpkg-catamaran", "files/Catamaran[wght].ttf"),
    "anek-telugu": _variable("fontpkg-anek-telugu", "files/AnekTelugu[wdth,wght].ttf", others=(("wdth", 100.0),)),
    "ramabhadra": _static("fontpkg-ramabhadra", "files/Ramabhadra-Regular.ttf", "files/Ramabhadra-Regular.ttf"),
    "nanum": _static("koreanize-matplotlib", "fonts/NanumGothic.ttf", "fonts/NanumGothicBold.ttf"),
    "ipaex": Typeface(*(FontFile("matplotlib-fontja", "fonts/ipaexg.ttf", licence="IPA") for _ in range(4))),
    # Scripts of which packages have one family only; `typefaces/` has the serif.
    "dejavu-sans": _dejavu("DejaVuSans"),
    "dejavu-serif": _dejavu("DejaVuSerif"),
    **{
        f"serif-{script}": _own(f"NotoSerif{SCRIPT_SANS[script]}-Regular.ttf", f"NotoSerif{SCRIPT_SANS[script]}-Bold.ttf")
        for script in OWN_SERIFS
    },
    "nastaliq": _own("NotoNastaliqUrdu-Regular.ttf", "NotoNastaliqUrdu-Regular.ttf"),
    "cjk-serif": _static("mplfonts", "fonts/NotoSerifCJKsc-Regular.otf", "fonts/NotoSerifCJKsc-Regular.otf"),
}

_MONO: Mapping[str, str] = {"Latn": "jetbrains-mono"}
_SERIFS: Mapping[str, str] = {"Armn": "dejavu-serif", "Geor": "dejavu-serif", **{script: f"serif-{script}" for script in OWN_SERIFS}}
_DEJAVU: Mapping[str, str] = dict.fromkeys(("Armn", "Geor", "Laoo"), "dejavu-sans")
_OFFICE: Mapping[str, str] = {"Taml": "catamaran", "Telu": "anek-telugu"}
_PRESS: Mapping[str, str] = {
    "Hebr": "rubik", "Thai": "kanit", "Deva": "mukta", "Beng": "hind-siliguri", "Taml": "catamaran", "Telu": "ramabhadra",
    "Kore": "nanum", "Jpan": "ipaex", "Hans": "cjk-serif", "Hant": "cjk-serif",
}  # fmt: skip
LOOKS: Mapping[str, Mapping[FontFamily, Mapping[str, str]]] = {
    "noto": {"sans": {"Latn": "noto-sans"}, "serif": {"Latn": "noto-serif", "Arab": "amiri", **_SERIFS}, "mono": _MONO},
    "office": {
        "sans": {"Latn": "roboto", "Arab": "plex-arabic", "Deva": "mukta", "Hebr": "heebo", "Thai": "sarabun", **_DEJAVU, **_OFFICE},
        "serif": {"Latn": "source-serif", "Arab": "amiri", "Deva": "mukta", "Hebr": "frank-ruhl", "Thai": "sarabun", **_SERIFS, **_OFFICE},
        "mono": _MONO,
    },
    "book": {
        "sans": {"Latn": "noto-sans", "Arab": "plex-arabic", "Aran": "nastaliq", "Deva": "baloo"},
        "serif": {"Latn": "source-serif", "Arab": "amiri", "Aran": "nastaliq", "Deva": "baloo", **_SERIFS},
        "mono": _MONO,
    },
    "press": {
        "sans": {"Latn": "open-sans", "Arab": "cairo", **_SERIFS, **_PRESS},
        "serif": {"Latn": "lora", "Arab": "kufi", "Aran": "nastaliq", **_SERIFS, **_PRESS, "Hebr": "frank-ruhl"},
        "mono": _MONO,
    },
}
"""Look -> family -> script -> typeface. `Latn` also covers Cyrillic and Greek. A script not named is set in Noto Sans.

Hind and Poppins are left out on purpose: they draw Devanagari digits as Western ones, so that pixels and text layer would differ.
"""


class Face:
    """A loaded font at one design point.

    Attributes:
        file: Where it came from.
        upem: Font units an em.
        ascent_em, descent_em: Vertical extent as PDF readers report it (the `hhea` table), both positive, in ems.
        is_cff: Whether outlines are CFF, which cannot hold composite glyphs.
        coverage: Code points the font has a glyph for.
    """

    __slots__ = ("ascent_em", "coverage", "descent_em", "dotted_circle", "file", "font", "hb_face", "is_cff", "upem")

    def __init__(self, file: FontFile) -> None:
        self.file = file
        self.hb_face = hb.Face(hb.Blob.from_file_path(str(font_path(file))), file.index)
        self.font = hb.Font(self.hb_face)
        self.font.set_variations(dict(file.axes))
        self.upem = self.hb_face.upem
        self.coverage = frozenset(self.hb_face.unicodes)
        self.is_cff = "glyf" not in self.hb_face.table_tags
        self.dotted_circle = self.font.get_nominal_glyph(0x25CC)
        hhea = bytes(self.hb_face.reference_table("hhea").data)  # OpenType 1.9.1 hhea: ascender and descender are int16 at offsets 4 and 6
        self.ascent_em = int.from_bytes(hhea[4:6], "big", signed=True) / self.upem
        self.descent_em = -int.from_bytes(hhea[6:8], "big", signed=True) / self.upem


def font_path(file: FontFile) -> Path:
    """Where the file lies; UserError if its package is not installed."""
    if file.distribution == OWN:
        return OWN_FOLDER / file.path
    spec = importlib.util.find_spec(file.distribution.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise UserError(f"font package {file.distribution} is not installed", where=file.path, todo=f"pip install {file.distribution}")
    return Path(spec.origin).parent / file.path


@cache
def load_face(file: FontFile) -> Face:
    """The face of a file, loaded once a process."""
    return Face(file)


@cache
def asset_use(file: FontFile) -> AssetUse:
    """Content hash, licence and package version of a font file."""
    with font_path(file).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name = file.path.rpartition("/")[2]
    source = OWN_SOURCE if file.distribution == OWN else f"{file.distribution} {metadata.version(file.distribution)}"
    return AssetUse(name, digest, file.licence, source)


def font_script(language: str, script: str) -> str:
    """The script by which a language's fonts are chosen: its own, or `Aran` where it is also printed in Nastaliq."""
    return "Aran" if language in NASTALIQ else script


def font_chain(script: str, look: str, family: FontFamily, bold: bool, italic: bool) -> tuple[FontFile, ...]:
    """Font files to try for a character, first choice first: the script's own and the look's Latin, then every Noto script.

    Args:
        script: ISO 15924 code of the language's writing system (`Latn`, `Hans`, `Jpan`, `Arab`, ...), from `font_script`.
        look: A key of `LOOKS`.
        family: Sans, serif or mono. Only scripts that the look names have more than sans.
        bold: Weight 700 instead of 400.
        italic: Italic where the design has one.
    """
    if look not in LOOKS:
        raise UserError(f"no look {look!r}", where="look", todo=f"choose one of {', '.join(LOOKS)}")
    named = LOOKS[look][family]
    if script == "Aran" and script not in named:
        script = "Arab"
    own = named.get(script) or CJK_FACES.get(script) or (f"noto-{script}" if script in SCRIPT_SANS else named["Latn"])
    others = (f"noto-{code}" for code in SCRIPT_SANS)
    first = (named["Latn"], own) if family == "mono" else (own, named["Latn"])  # code is Latin in every language
    order = (*first, "noto-sans", *others, *_cjk_order(script), "noto-symbols")
    return tuple(TYPEFACES[name].file(bold, italic) for name in dict.fromkeys(order))


def _cjk_order(script: str) -> tuple[str, ...]:
    own = CJK_FACES.get(script, "cjk-sc")
    return (own, *(name for name in CJK_FACES.values() if name != own))

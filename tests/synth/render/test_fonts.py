"""What every typeface must be able to do: capitals that differ from small letters, and the digits of its script."""

import pytest
import uharfbuzz as hb

from schemas.languages import load_languages
from synth.ocr.letters import exemplars, national
from synth.render.fonts import LOOKS, OWN_FOLDER, TYPEFACES, Face, FontFile, asset_use, font_chain, font_script, load_face

PAIRS = tuple(zip("abdefghijlmnqrt", "ABDEFGHIJLMNQRT", strict=True))
"""Letters whose capital has another shape, and not only another size, in any text face."""
Outline = tuple[tuple[str, tuple[float, ...]], ...]


def outline(face: Face, char: str) -> Outline:
    """The glyph of a character as drawing commands, in font units."""
    glyph = face.font.get_nominal_glyph(ord(char))
    parts: list[tuple[str, tuple[float, ...]]] = []
    pen = hb.DrawFuncs()
    pen.set_move_to_func(lambda x, y, to: to.append(("M", (x, y))))
    pen.set_line_to_func(lambda x, y, to: to.append(("L", (x, y))))
    pen.set_quadratic_to_func(lambda *at: at[-1].append(("Q", at[:-1])))
    pen.set_cubic_to_func(lambda *at: at[-1].append(("C", at[:-1])))
    face.font.draw_glyph(glyph, pen, parts)
    return tuple(parts)


def scaled(shape: Outline) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The outline stretched into a box of 20 by 20, so that small capitals look like capitals."""
    points = [at[i : i + 2] for _, at in shape for i in range(0, len(at), 2)]
    left, low = (min(point[axis] for point in points) for axis in (0, 1))
    wide, high = (max(point[axis] for point in points) - least or 1.0 for axis, least in ((0, left), (1, low)))
    return tuple(
        (kind, tuple(round(20 * (value - (low if i % 2 else left)) / (high if i % 2 else wide)) for i, value in enumerate(at)))
        for kind, at in shape
    )


def shared(face: Face) -> list[str]:
    """Letters whose small form is drawn as the capital is."""
    both = [(small, capital) for small, capital in PAIRS if {ord(small), ord(capital)} <= face.coverage]
    return [small for small, capital in both if scaled(outline(face, small)) == scaled(outline(face, capital))]


@pytest.mark.parametrize("name", list(TYPEFACES))
def test_capitals_are_not_drawn_as_small_letters(name: str) -> None:
    for bold in (False, True):
        assert shared(load_face(TYPEFACES[name].file(bold, italic=False))) == []


def test_a_font_of_capitals_only_is_found_out() -> None:
    pytest.importorskip("fontpkg_bebas_neue")
    face = load_face(FontFile("fontpkg-bebas-neue", "files/BebasNeue-Regular.ttf"))
    assert len(shared(face)) == len(PAIRS)


@pytest.mark.parametrize("name", list(TYPEFACES))
def test_digits_of_a_script_are_not_drawn_as_western_ones(name: str) -> None:
    face = load_face(TYPEFACES[name].regular)
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0x1040):
        for digit in (2, 3, 8):  # an Arabic one, a Persian nine and a Devanagari zero may be the same shape as the Western digit
            if {zero + digit, 0x30 + digit} <= face.coverage:
                assert outline(face, chr(zero + digit)) != outline(face, str(digit))


def first_outlines(code: str, *, bold: bool) -> set[Outline]:
    """The pictures that the looks give the first letter of a language, in both families."""
    letter = next(iter((*exemplars(code), *national(code), "\u4e00")))[0]
    script = font_script(code, load_languages()[code].script)
    chains = [font_chain(script, look, family, bold, italic=False) for look in LOOKS for family in ("sans", "serif")]
    return {outline(next(face for face in map(load_face, chain) if ord(letter) in face.coverage), letter) for chain in chains}


@pytest.mark.parametrize("code", list(load_languages()))
def test_every_language_has_two_families_and_two_weights(code: str) -> None:
    """Catches a look that is forgotten for a script, and a fallback that draws every look with the same font."""
    assert len(first_outlines(code, bold=False)) >= 2
    assert first_outlines(code, bold=True) - first_outlines(code, bold=False)


def test_urdu_alone_is_set_in_nastaliq() -> None:
    nastaliq = TYPEFACES["nastaliq"].regular
    firsts = {
        code: {font_chain(font_script(code, "Arab"), look, "serif", False, False)[0] for look in LOOKS} for code in ("ur", "ar", "fa")
    }
    assert [nastaliq in files for files in firsts.values()] == [True, False, False]


def test_fonts_of_our_own_are_small_licensed_and_all_used() -> None:
    files = {path.name: path.stat().st_size for path in OWN_FOLDER.glob("*.ttf")}
    used = [face.file(bold, italic=False) for face in TYPEFACES.values() for bold in (False, True)]
    assert {asset_use(file).name for file in used if not file.distribution} == set(files)
    assert sum(files.values()) < 2_000_000
    assert "SIL OPEN FONT LICENSE" in (OWN_FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert all(name.partition("-")[0] in (OWN_FOLDER / "README.md").read_text(encoding="utf-8") for name in files)

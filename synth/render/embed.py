"""Embedding: the clusters a document uses from one face -> a small font inside the PDF, one code a cluster, each code mapped to its text.

Readers differ in how they undo shaping, so shaped text is not left to them: where a cluster is more than a glyph at its natural place, a
composite TrueType glyph of the shaped parts is added to the subset, and ToUnicode gives the cluster's characters. Two texts with the same
picture get two codes. CFF fonts (Chinese, Japanese, Korean) cannot hold composites; a second text there goes to a further PDF font.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import uharfbuzz as hb
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent

from synth.render.fonts import Face
from synth.render.pdf_objects import PdfObjects, number, utf16_hex
from synth.render.shape import Cluster

_DROPPED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "VORG", "MATH", "DSIG", "cmap", "name", "OS/2", "gasp", "kern", "meta")
_ROUND_XY = 0x0002 | 0x0004  # OpenType glyf: ARGS_ARE_XY_VALUES | ROUND_XY_TO_GRID
_MAX_CMAP_ROWS = 100  # CMap specification: at most 100 entries in a bfchar block


@dataclass(frozen=True, slots=True)
class Code:
    """Where a cluster went: which PDF font of its face, and its two-byte code."""

    plane: int
    glyph: int


def subset_face(face: Face, glyphs: Iterable[int]) -> tuple[bytes, dict[int, int]]:
    """A static font of the glyphs at the face's design point, and old glyph -> new glyph."""
    wanted = hb.SubsetInput()
    wanted.glyph_set.update(set(glyphs))
    flags = hb.SubsetFlags
    wanted.flags = flags.NO_LAYOUT_CLOSURE | flags.NO_HINTING | flags.NOTDEF_OUTLINE | flags.DOWNGRADE_CFF2 | flags.CFF_IDENTITY_CHARSET
    wanted.drop_table_tag_set.update([int.from_bytes(tag.encode(), "big") for tag in _DROPPED])
    for axis, value in face.file.axes:
        wanted.pin_axis_location(face.hb_face, axis, value)
    plan = hb.SubsetPlan(face.hb_face, wanted)
    return bytes(plan.execute().blob.data), dict(plan.old_to_new_glyph_mapping)


def embed_face(objects: PdfObjects, face: Face, clusters: Sequence[Cluster], name: str) -> tuple[tuple[int, ...], dict[Cluster, Code]]:
    """Write the fonts a face needs.

    Args:
        objects: Where to write.
        face: The face.
        clusters: What the document uses, without repeats, in order of first use.
        name: A tag of six capitals and the font's name, unique in the document.

    Returns:
        The object number of each PDF font (one, rarely more), and the code of each cluster.
    """
    data, new_glyph = subset_face(face, (glyph for cluster in clusters for glyph, _, _ in cluster.parts))
    codes: dict[Cluster, Code] = {}
    pictures: list[Cluster] = []
    taken: dict[int, int] = {}
    for cluster in clusters:
        glyph = new_glyph[cluster.parts[0][0]]
        plain = len(cluster.parts) == 1 and cluster.parts[0][1:] == (0, 0)
        plane = taken.get(glyph, 0)
        if plain and (plane == 0 or face.is_cff):
            codes[cluster] = Code(plane, glyph)
            taken[glyph] = plane + 1
        else:
            pictures.append(cluster)
    if pictures:
        data, first = _add_composites(data, pictures, new_glyph)
        codes.update({cluster: Code(0, first + i) for i, cluster in enumerate(pictures)})
    return _write_fonts(objects, face, data, codes, name), codes


def _add_composites(data: bytes, clusters: Sequence[Cluster], new_glyph: Mapping[int, int]) -> tuple[bytes, int]:
    """Append one composite glyph a cluster; returns the font and the first new glyph's number."""
    font = TTFont(io.BytesIO(data), lazy=False, recalcTimestamp=False)
    order = font.getGlyphOrder()
    table, metrics, first = font["glyf"], font["hmtx"].metrics, len(order)
    names = [f"cluster{i}" for i in range(len(clusters))]
    for name, cluster in zip(names, clusters, strict=True):
        glyph = Glyph()
        glyph.numberOfContours = -1
        glyph.components = [_component(order[new_glyph[part]], x, y) for part, x, y in cluster.parts]
        table.glyphs[name] = glyph
    full = [*order, *names]
    font.setGlyphOrder(full)
    table.glyphOrder = full
    for name, cluster in zip(names, clusters, strict=True):
        table.glyphs[name].recalcBounds(table)
        metrics[name] = (cluster.width, getattr(table.glyphs[name], "xMin", 0))
    font["post"].formatType = 3.0  # no glyph names
    out = io.BytesIO()
    font.save(out)
    return out.getvalue(), first


def _component(name: str, x: int, y: int) -> GlyphComponent:
    component = GlyphComponent()
    component.glyphName, component.x, component.y, component.flags = name, x, y, _ROUND_XY
    return component


def _write_fonts(objects: PdfObjects, face: Face, data: bytes, codes: Mapping[Cluster, Code], name: str) -> tuple[int, ...]:
    """Font program, descriptor, and a Type0 font a plane (ISO 32000-1, 9.7)."""
    built = hb.Font(hb.Face(hb.Blob(data)))
    scale = 1000 / face.upem
    widths = " ".join(number(built.get_glyph_h_advance(glyph) * scale) for glyph in range(built.face.glyph_count))
    program = objects.add_stream(data, "/Subtype/OpenType" if face.is_cff else f"/Length1 {len(data)}")
    ascent, descent = number(face.ascent_em * 1000), number(-face.descent_em * 1000)
    box = f"[-1000 {descent} 3000 {ascent}]"
    descriptor = objects.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox{box}/ItalicAngle 0/Ascent {ascent}/Descent {descent}"
        f"/CapHeight 700/StemV 80/FontFile{3 if face.is_cff else 2} {program} 0 R>>"
    )
    kind = "/CIDFontType0" if face.is_cff else "/CIDFontType2/CIDToGIDMap/Identity"
    descendant = objects.add(
        f"<</Type/Font/Subtype{kind}/BaseFont/{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/DW 1000/W[0[{widths}]]>>"
    )
    fonts: list[int] = []
    for plane in range(1 + max((code.plane for code in codes.values()), default=0)):
        texts = {code.glyph: cluster.text for cluster, code in codes.items() if code.plane == plane}
        unicode_map = objects.add_stream(_to_unicode(texts))
        fonts.append(
            objects.add(
                f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
                f"/DescendantFonts[{descendant} 0 R]/ToUnicode {unicode_map} 0 R>>"
            )
        )
    return tuple(fonts)


def _to_unicode(texts: Mapping[int, str]) -> bytes:
    """A ToUnicode CMap (ISO 32000-1, 9.10.3)."""
    rows = [f"<{code:04X}> <{utf16_hex(text)}>" for code, text in sorted(texts.items())]
    blocks = [rows[i : i + _MAX_CMAP_ROWS] for i in range(0, len(rows), _MAX_CMAP_ROWS)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\nendcmap\n"
        "CMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()

"""The rival's copy of a report: its blocks as HTML with the page sizes, margins, type size, leading, columns and fonts that Assay chose.

The fonts are static instances of the same files, found through fontconfig like a system's fonts, so that the browser downloads nothing and
embeds ordinary outlines. What only Assay prints is left out: running heads, folios, page labels in contents lists, texts over charts.
"""

import base64
import html
import io
from collections import Counter
from dataclasses import dataclass, replace

import pymupdf
from PIL import Image

from schemas.seeds import stream
from synth.documents.blocks import Block, Cell, Contents, Document, Figure, Heading, Inline, LaidOut, Listing, Paragraph, Section, Table
from synth.documents.figures import CHART_ASPECT, TEXT_SCALE, USUAL_WIDTH_EM
from synth.documents.layout import MARGIN_SCALE, PAGE_PT, SLIDE_MARGINS_PT
from synth.documents.looks import Look, draw_look
from synth.documents.report import Report
from synth.documents.setting import SCALE
from synth.render.charts import draw_chart
from synth.render.fonts import FontFamily, FontFile, font_chain
from synth.render.typeset import Style, Typesetter, script_of

STYLES = ((False, False), (True, False), (False, True), (True, True))
"""(bold, italic) of the four styles of a family."""
HEADING_LEADING, TABLE_LEADING = 1.45, 1.5
"""Greatest line pitch in ems of headings (`Setter.heading`) and tables (`_Painter._pitch`)."""
FIXED_STYLE = (
    "h1,h2,h3,h4{break-after:avoid;margin:1.2em 0 .4em}ul,ol{padding-inline-start:1.5em}.wide{column-span:all}"
    "table{border-collapse:collapse;margin-block:.3em 1.2em}td,th{text-align:start}.end{text-align:end}.center{text-align:center}"
    ".caption{font-size:.92em;break-after:avoid;margin-top:1.2em}.note{font-size:.88em}.lead{font-size:1.12em}.foot{font-size:.82em;margin:0}"
    ".title{font-size:2.6em;line-height:1.3}.subtitle{font-size:1.45em}img{display:block;margin-top:1.2em}"
)
"""What no look changes: the sizes and spaces of `synth.documents.setting`."""
LEAST_SPANNING_COLUMNS = 5
"""Tables of so many columns cross the columns of their page (chosen)."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What Assay printed: a document, the look as it was fitted to the pages wanted, and the result."""

    document: Document
    look: Look
    laid_out: LaidOut


def printed(family: Report, index: int, seed: int) -> Printed:
    """The document that `make_sample` prints for an index and its derived seed."""
    landed = family.render(family.sample_truth(index, stream(seed, "truth")), stream(seed, "render")).landed
    document, laid_out = landed.written[0].document, landed.laid_out[0]
    look = draw_look(document.language, stream(seed, "render"))  # the first that `render` draws
    return Printed(document, replace(look, size_pt=_body_size(laid_out)), laid_out)


def _body_size(laid_out: LaidOut) -> float:
    """The commonest type size in paragraphs and lists, as if on A4."""
    sizes: Counter[float] = Counter()
    kinds = {size: name for name, size in PAGE_PT.items()}
    with pymupdf.open(stream=laid_out.pdf, filetype="pdf") as pdf:
        for number, info in enumerate(laid_out.pages):
            size = (info.width_pt, info.height_pt)
            scale = SCALE[kinds.get(size) or kinds[size[1], size[0]]]
            boxes = [pymupdf.Rect(p.box_pt) for p in laid_out.pieces if p.page == number and p.kind in ("paragraph", "list")]
            for block in pdf[number].get_text("dict")["blocks"]:
                for span in (span for line in block.get("lines", ()) for span in line["spans"]):
                    if any(pymupdf.Point(span["origin"]) in box for box in boxes):
                        sizes[round(span["size"] / scale, 2)] += len(span["text"])
    return sizes.most_common(1)[0][0]


def families(item: Printed) -> dict[FontFamily, dict[str, tuple[FontFile, ...]]]:
    """Family of the look -> CSS family name -> its four styles, first choice first; only fonts that the PDF has."""
    used = {asset.name for asset in item.laid_out.assets}
    out: dict[FontFamily, dict[str, tuple[FontFile, ...]]] = {}
    script = script_of(item.document.language)
    for family in dict.fromkeys((item.look.family, item.look.heading.family)):
        chains = [font_chain(script, item.look.font, family, bold, italic) for bold, italic in STYLES]
        designs = [files for files in zip(*chains, strict=True) if used & {file.path.rpartition("/")[2] for file in files}]
        out[family] = {css_name(files[0]): files for files in designs}
    return out


def css_name(file: FontFile) -> str:
    """A name for a family of which this is the regular style."""
    return f"bench {file.path.rpartition('/')[2].partition('.')[0].partition('[')[0]} {file.index}".lower().replace("-", " ")


def as_html(item: Printed) -> str:
    """The whole document. Spare text is in where Assay printed it."""
    document = item.document
    text = "\n".join(piece.text for piece in item.laid_out.pieces)
    sections = "".join(_section(section, item, text) for section in document.sections)
    notes = "".join(f'<p class="foot">{_inline(note)}</p>' for note in document.footnotes.values())
    direction = "rtl" if script_of(document.language) == "Arab" else "ltr"
    head = f'<!doctype html><html lang="{document.language}" dir="{direction}"><meta charset="utf-8"><style>{_style(item)}</style>'
    return f"{head}<body>{sections}<div class=notes>{notes}</div></body></html>"


def _style(item: Printed) -> str:
    look = item.look
    fonts = {family: ",".join(f"'{name}'" for name in names) for family, names in families(item).items()}
    pages = "".join(_page_rule(name, turned, look) for name in PAGE_PT for turned in (False, True))
    scales = "".join(
        f"h{n + 1}{{font-size:{scale}em;line-height:{min(look.leading, HEADING_LEADING)}}}" for n, scale in enumerate(look.heading.scale)
    )
    table, heading = look.table, look.heading
    rule = {"grid": "td,th{border:.5pt solid}", "rows": "tr{border-bottom:.5pt solid}"}.get(table.style, "table{border-block:1pt solid}")
    return (
        f"{pages}{scales}{rule}body{{margin:0;font-family:{fonts[look.family]};line-height:{look.leading};orphans:2;widows:2}}"
        f"h1,h2,h3,h4{{font-family:{fonts[heading.family]};font-weight:{700 if heading.bold else 400}}}"
        f"p{{text-align:{'justify' if look.justify else 'start'}}}p,ul,ol{{margin:{0 if look.indent else 0.55}em 0}}"
        f"p.body+p.body{{text-indent:{1.2 if look.indent else 0}em}}"
        f"table{{font-size:{table.scale}em;line-height:{min(look.leading, TABLE_LEADING)};width:{'100%' if table.full_width else 'auto'}}}"
        f"td,th{{padding:{table.pad_y_pt}pt {table.pad_x_pt}pt}}.notes{{page:a4;font-size:{look.size_pt}pt}}{FIXED_STYLE}"
    )


def _page_rule(name: str, turned: bool, look: Look) -> str:
    """The page box of a page kind, and the type size of its sections."""
    width, height = PAGE_PT[name][::-1] if turned else PAGE_PT[name]
    margins = SLIDE_MARGINS_PT if name == "slide" else tuple(MARGIN_SCALE[name] * margin for margin in look.margins_pt)
    kind = name + "-turned" * turned
    sides = " ".join(f"{margin:.2f}pt" for margin in margins)
    fill = "balance" if look.balance else "auto"
    return (
        f"@page {kind}{{size:{width}pt {height}pt;margin:{sides}}}.{kind}{{page:{kind};break-before:page;"
        f"font-size:{SCALE[name] * look.size_pt:.2f}pt;column-gap:{look.column_gap_pt}pt;column-fill:{fill}}}"
    )


def _section(section: Section, item: Printed, printed_text: str) -> str:
    """One section; slides begin at each heading that does not follow a heading."""
    spare = [block for block in section.spare if _opening(block) and _opening(block) in printed_text]
    blocks = [*section.blocks, *([section.spare_head] if spare and section.spare_head else []), *spare]
    kind = section.page + "-turned" * (section.landscape and section.page != "slide")
    parts = [_block(block, section, item) for block in blocks]
    if section.page != "slide":
        return f'<div class="{kind}" style="columns:{section.columns}">{"".join(parts)}</div>'
    starts = [n for n, block in enumerate(blocks) if n == 0 or (_is_head(block) and not _is_head(blocks[n - 1]))]
    slides = ("".join(parts[start:end]) for start, end in zip(starts, [*starts[1:], len(parts)], strict=True))
    return "".join(f'<div class="{kind}" style="columns:{section.columns}">{slide}</div>' for slide in slides)


def _is_head(block: Block) -> bool:
    return isinstance(block, Heading) and block.level <= 2


def _opening(block: Block) -> str:
    """The first words of spare text, by which it is found on the pages."""
    inlines = block.inlines if isinstance(block, Paragraph) else block.items[0] if isinstance(block, Listing) else ()
    return "".join(text.text for text in inlines)[:24]


def _block(block: Block, section: Section, item: Printed) -> str:
    match block:
        case Heading():
            wide = " class=wide" if block.level == 1 and item.look.heading.spans else ""
            return f"<h{block.level}{wide}>{html.escape(f'{block.number} {block.text}')}</h{block.level}>"
        case Paragraph():
            return f'<p class="{block.role}">{_inline(block.inlines)}</p>'
        case Listing():
            tag = "ol" if block.ordered else "ul"
            return f"<{tag}>" + "".join(f"<li>{_inline(entry)}</li>" for entry in block.items) + f"</{tag}>"
        case Table():
            return _table(block)
        case Figure():
            return _figure(block, section, item)
        case Contents():
            return (
                f"<h2>{html.escape(block.title)}</h2><ul>"
                + "".join(f"<li>{html.escape(text)}</li>" for text in _entries(block, item))
                + "</ul>"
            )


def _table(block: Table) -> str:
    wide = "wide" if sum(cell.colspan for cell in block.head[0]) >= LEAST_SPANNING_COLUMNS else ""
    head = "".join(f"<tr>{_cells(row, 'th')}</tr>" for row in block.head)
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in block.body)
    caption = f"<p class=caption>{html.escape(block.label)} {_inline(block.caption)}</p>"
    note = f"<p class=note>{_inline(block.note)}</p>" if block.note else ""
    return f'<div class="{wide}">{caption}<table><thead>{head}</thead><tbody>{body}</tbody></table>{note}</div>'


def _figure(block: Figure, section: Section, item: Printed) -> str:
    """The chart as Assay draws it, at about its size, packed as PNGs usually are."""
    size, width = SCALE[section.page] * item.look.size_pt, PAGE_PT[section.page][section.landscape and section.page != "slide"]
    width = min(USUAL_WIDTH_EM * size, (width - 130.0) / section.columns - 15.0)
    typesetter = Typesetter(item.document.language, look=item.look.font)
    height = max(110.0, CHART_ASPECT * width)
    drawn = draw_chart(block.chart, item.look.chart, typesetter, Style(TEXT_SCALE * size * 0.7), max(width, 300.0), max(height, 160.0))
    packed = io.BytesIO()
    Image.open(io.BytesIO(drawn.png)).save(packed, "PNG")
    source = base64.b64encode(packed.getvalue()).decode()
    caption = f"<p>{html.escape(block.label)} {_inline(block.caption)}</p>"
    return f'<img style="width:{width:.0f}pt;height:{height:.0f}pt" src="data:image/png;base64,{source}">{caption}'


def _entries(block: Contents, item: Printed) -> list[str]:
    """Texts of a contents list."""
    blocks = [entry for section in item.document.sections for entry in section.blocks]
    if block.kind == "sections":
        return [f"{entry.number} {entry.text}" for entry in blocks if isinstance(entry, Heading) and entry.in_contents]
    wanted = Table if block.kind == "tables" else Figure
    return [f"{entry.label} {''.join(text.text for text in entry.caption)}" for entry in blocks if isinstance(entry, wanted)]


def _cells(row: tuple[Cell, ...], tag: str) -> str:
    return "".join(f'<{tag} colspan={cell.colspan} class="{cell.align}">{_inline(cell.inlines)}</{tag}>' for cell in row)


def _inline(inlines: Inline) -> str:
    return "".join(f"<b>{html.escape(text.text)}</b>" if text.bold else html.escape(text.text) for text in inlines)

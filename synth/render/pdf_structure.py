"""Parts of a PDF beside its text: pictures, the outline, page labels (ISO 32000-1, 8.9, 12.3.3, 12.4.2).

Knows nothing of what is on the pages.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from synth.render.pdf_objects import PdfObjects, text_string


def add_image(objects: PdfObjects, data: bytes) -> int:
    """An image XObject of 8-bit grey or RGB samples, with a soft mask if the picture is transparent."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        alpha = "A" in opened.getbands() or "transparency" in opened.info
        pixels = np.asarray(opened.convert("RGBA" if alpha else "L" if opened.mode in ("1", "L") else "RGB"))
    height, width = pixels.shape[:2]
    size = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8"
    if pixels.ndim == 2:
        return objects.add_stream(pixels.tobytes(), f"{size}/ColorSpace/DeviceGray")
    mask = ""
    if alpha:
        mask = f"/SMask {objects.add_stream(pixels[:, :, 3].tobytes(), f'{size}/ColorSpace/DeviceGray')} 0 R"
    return objects.add_stream(pixels[:, :, :3].tobytes(), f"{size}/ColorSpace/DeviceRGB{mask}")


def write_outline(objects: PdfObjects, entries: Sequence[tuple[int, str, int]], pages: Sequence[int]) -> str:
    """Outline items linked to parent, neighbours and children (ISO 32000-1, 12.3.3); returns the catalogue's entry."""
    if not entries:
        return ""
    root = objects.reserve()
    items = [objects.reserve() for _ in entries]
    children: dict[int, list[int]] = {root: []}
    parents: list[int] = []
    path = [root]
    for (level, _, _), item in zip(entries, items, strict=True):
        del path[level:]
        parents.append(path[-1])
        children[path[-1]].append(item)
        children[item] = []
        path.append(item)
    for (_, title, page), item, parent in zip(entries, items, parents, strict=True):
        siblings = children[parent]
        place = siblings.index(item)
        links = f"/Prev {siblings[place - 1]} 0 R" if place else ""
        links += f"/Next {siblings[place + 1]} 0 R" if place + 1 < len(siblings) else ""
        objects.put(
            item, f"<</Title {text_string(title)}/Parent {parent} 0 R/Dest[{pages[page]} 0 R/Fit]{links}{_family(children, item)}>>"
        )
    objects.put(root, f"<</Type/Outlines{_family(children, root)}>>")
    return f"/Outlines {root} 0 R/PageMode/UseOutlines"


def _family(children: dict[int, list[int]], item: int) -> str:
    """First, Last and Count of an outline item; all levels are open."""
    own = children[item]
    if not own:
        return ""

    def count(number: int) -> int:
        return sum(1 + count(child) for child in children[number])

    return f"/First {own[0]} 0 R/Last {own[-1]} 0 R/Count {count(item)}"


def label_tree(rules: Sequence[tuple[int, str, int]]) -> str:
    """The page label number tree (ISO 32000-1, 12.4.2)."""
    if not rules:
        return ""
    rows = "".join(f"{page}<<{f'/S/{style}' if style else ''}/St {first}>>" for page, style, first in rules)
    return f"/PageLabels<</Nums[{rows}]>>"

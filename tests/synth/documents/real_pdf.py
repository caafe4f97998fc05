"""A small real-looking PDF for tests: bookmarks, numbered headings, links to sections, table captions, terms, page labels."""

from pathlib import Path

import pymupdf

CHAPTERS = (
    ("Ground rules", ("Safety first", "Working hours", "Badges and keys")),
    ("Machines", ("Lathe", "Milling centre", "Laser cutter", "Saw")),
    ("Materials", ("Steel sheets", "Acrylic plates")),
    ("Closing time", ("Cleaning", "Lost property", "Alarm system")),
)
TERMS = {"TX-900": (1, 4, 7), "key_card": (0, 2, 5, 9), "FireStop": (3, 8), "LaserLock": (5, 6, 10), "dust-bag": (2, 5, 6)}
CAPTIONS = {2: "Table 1.1. Opening hours by weekday", 6: "Table 2.1. Feeds and speeds", 9: "Table 3.1. Stock of plates"}
FILLER = (
    "The workshop is open to all members who have passed the short course and signed the list at the door. Ask the warden when in doubt."
)


def write_pdf(path: Path, *, contents: bool = False) -> Path:
    """Write the PDF to `path`; each section has a page of its own, chapters start on the page of their first section."""
    document = pymupdf.open()
    outline: list[tuple[int, str, int]] = []
    starts: dict[str, int] = {}
    for chapter, (title, sections) in enumerate(CHAPTERS, 1):
        for number, section in enumerate(sections, 1):
            page = document.new_page(width=420, height=595)
            index = page.number
            y = 90.0
            if number == 1:
                page.insert_text((50, y), f"{chapter} {title}", fontsize=18)
                outline.append((1, title, index + 1))
                starts[str(chapter)] = index
                y += 40
            page.insert_text((50, y), f"{chapter}.{number} {section}", fontsize=13)
            outline.append((2, section, index + 1))
            starts[f"{chapter}.{number}"] = index
            words = [term for term, pages in TERMS.items() if index in pages]
            page.insert_textbox(
                (50, y + 20, 370, y + 200), f"{FILLER} Note on {section.lower()}: {' and '.join(words) or 'nothing'}.", fontsize=10
            )
            if index in CAPTIONS:
                page.insert_text((50, 400), CAPTIONS[index], fontsize=10)
            page.insert_text((205, 575), str(index + 1), fontsize=9)
    _link(document, 1, "2.3", "How the beam is switched off is told in Section", starts)
    _link(document, 8, "1.3", "Whoever needs a locker finds more about it in Section", starts)
    if contents:
        _contents(document, starts)
        outline = [(level, title, page + 1) for level, title, page in outline]
    document.set_toc(outline)
    first = 1 if contents else 0
    document.set_page_labels([{"startpage": first, "prefix": "", "style": "D", "firstpagenum": 1}])
    document.save(path, no_new_id=True)
    return path


def _link(document: pymupdf.Document, page: int, number: str, lead: str, starts: dict[str, int]) -> None:
    target = document[page]
    target.insert_text((50, 450), f"{lead} {number}.", fontsize=10)
    (box,) = target.search_for(f"{lead} {number}")
    width = pymupdf.get_text_length(number, fontsize=10)
    target.insert_link(
        {
            "kind": pymupdf.LINK_GOTO,
            "from": pymupdf.Rect(box.x1 - width - 0.5, box.y0, box.x1 + 0.5, box.y1),
            "page": starts[number],
            "to": pymupdf.Point(0, 0),
        }
    )


def _contents(document: pymupdf.Document, starts: dict[str, int]) -> None:
    page = document.new_page(0, width=420, height=595)
    page.insert_text((50, 90), "Contents", fontsize=18)
    y = 120.0
    for chapter, (title, sections) in enumerate(CHAPTERS, 1):
        for number, name in ((str(chapter), title), *((f"{chapter}.{n}", s) for n, s in enumerate(sections, 1))):
            page.insert_text((50, y), f"{number} {name} . . . . . . . . {starts[number] + 1}", fontsize=10)
            y += 16

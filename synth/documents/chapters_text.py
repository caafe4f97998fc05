"""All text of a document in the order in which it is printed. Nothing here knows worlds or words."""

from collections.abc import Iterator

from synth.documents.blocks import Block, Document, Figure, Heading, Inline, Listing, Paragraph, Table, Text


def prose(document: Document) -> Iterator[str]:
    """The text of every paragraph, list item and footnote, in document order with spare ones, footnotes last."""
    for section in document.sections:
        for block in (*section.blocks, *section.spare):
            if isinstance(block, Paragraph | Listing):
                yield from _texts(block)
    yield from ("".join(text.text for text in inlines) for inlines in document.footnotes.values())


def everything(document: Document) -> Iterator[str]:
    """All text that is printed once: headings, paragraphs, items, captions, cells, notes and footnotes, in document order."""
    for section in document.sections:
        head = (section.spare_head,) if section.spare_head else ()
        for block in (*section.blocks, *head, *section.spare):
            yield from _texts(block)
    yield from ("".join(text.text for text in inlines) for inlines in document.footnotes.values())


def _texts(block: Block) -> Iterator[str]:
    inlines: tuple[Inline, ...] = ()
    if isinstance(block, Heading):
        yield f"{block.number} {block.text}"
    elif isinstance(block, Paragraph):
        inlines = (block.inlines,)
    elif isinstance(block, Listing):
        inlines = block.items
    elif isinstance(block, Figure):
        inlines = ((Text(f"{block.label} "), *block.caption),)
    elif isinstance(block, Table):
        cells = (cell.inlines for row in (*block.head, *block.body) for cell in row)
        inlines = ((Text(f"{block.label} "), *block.caption), *cells, block.note)
    yield from ("".join(text.text for text in runs) for runs in inlines)

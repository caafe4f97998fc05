"""The numbers before headings, given once all sections of a document are written."""

from collections.abc import Sequence
from dataclasses import replace

from synth.documents.blocks import Heading, Section
from synth.documents.numerals import localise_digits


def number_headings(sections: Sequence[Section], numerals: str) -> list[Section]:
    """Number chapters, sub-sections and their parts: `3`, `3.2`, `3.2.1`."""
    counts = [0, 0, 0]

    def numbered(heading: Heading) -> Heading:
        counts[heading.level - 1] += 1
        counts[heading.level :] = [0] * (3 - heading.level)
        number = ".".join(str(count) for count in counts[: heading.level] if count)
        return replace(heading, number=localise_digits(number, numerals))

    out = []
    for section in sections:
        blocks = tuple(numbered(block) if isinstance(block, Heading) else block for block in section.blocks)
        head = section.spare_head
        out.append(replace(section, blocks=blocks, spare_head=numbered(head) if head and head.level <= len(counts) else head))
    return out

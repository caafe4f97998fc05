"""Sets headings, paragraphs, lists, captions, contents and footnotes into strips of a given width, in one document's look.

`Setter` holds what all setters share: typesetter, look, the page kind's scale, and the numbers of footnotes. Tables and figures have
modules of their own. Nothing here knows where on a page a strip will land.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from synth.documents.blocks import Contents, Heading, Inline, Listing, Paragraph
from synth.documents.looks import BLACK, WHITE, Look
from synth.documents.numerals import localise_digits
from synth.documents.strips import MARK_PREFIX, Color, LabelOp, Op, Part, RectOp, RuleOp, Strip, TextOp, line_box, notes_in
from synth.render.typeset import Align, Line, Span, Style, Typesetter

SCALE = {"a4": 1.0, "letter": 1.0, "a5": 0.88, "slide": 1.72}
"""Type size by page kind, times the look's size; slides are read from afar (chosen)."""

MARK_SIZE, MARK_RISE = 0.62, 0.36
"""Size and rise of footnote marks in ems of the text around them (common values of text processors are 0.58 to 0.66 and 0.33 to 0.4)."""

MARK_GAP_EM = 0.06
"""Gap before a footnote mark (chosen: a hair). The no-break space there is drawn into the word: readers that go by characters find it, so
that the mark is no digit of the word, and people see the mark close to the sentence it belongs to."""

STOPS = "。．！？"
"""Full-width ends of sentences: a mark stands before them, since the blank in them would part it from its sentence."""

BASELINE_EM = 0.34
"""A baseline lies this far below the middle of its line pitch: half of the height of capitals and of CJK ink, near enough for both."""

UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Kore"})
"""Scripts whose words are not set apart, so that lines break within them."""

MIN_JUSTIFIED_EM = {"de": 44, "ru": 46}
OTHER_JUSTIFIED_EM = 20
"""Text between spaces is set ragged in columns narrower than this many ems, by language and for all others: nothing is hyphenated, so that
lines gape where words are long. Measured on the sentences of the wording files: from here on one line in ten in German, and one in eight in
Russian, opens its spaces by more than half an em; at 20 em every second one did, in Arabic one in twenty and in English one in three."""

WHOLE_LINES = 6
"""A list of at most so many lines is not broken over columns (chosen)."""

SLIDE_ENTRY_PITCHES = 1.3
"""Pitch of contents entries on slides in line pitches, with the space between them (chosen)."""

LEAST_ENTRY = 0.72
"""Least type of contents entries on slides in terms of body type (chosen)."""

LABEL_EM = 2.6
"""Room kept for page labels in contents lists; holds `xxviii` and four digits."""


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets blocks in one look at one scale.

    Attributes:
        marks: Footnote key -> number, in order of first mark in the document.
        numerals: CLDR numbering system of the document's numbers.
        memo: What setters of blocks have measured, by their own keys.
    """

    typesetter: Typesetter
    look: Look
    page: str
    numerals: str
    marks: Mapping[str, int]
    memo: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size_pt(self) -> float:
        """Size of body text."""
        return self.look.size_pt * SCALE[self.page]

    @property
    def pitch_pt(self) -> float:
        """Line pitch of body text."""
        return self.size_pt * self.look.leading

    @property
    def is_rtl(self) -> bool:
        """Whether lines run from right to left."""
        return self.typesetter.direction == "rtl"

    def style(self, scale: float = 1.0, *, bold: bool = False, italic: bool = False, color: Color = BLACK) -> Style:
        """Body style at `scale` times the body size."""
        return Style(round(self.size_pt * scale, 2), bold, italic, self.look.family, color)

    def spans(self, inlines: Inline, style: Style, anchor: str = "") -> list[Span]:
        """Spans of a run of text; text without an anchor of its own gets `anchor`.

        Footnote marks follow behind a no-break space without its width, and stand before the stop in Chinese and Japanese.
        """
        out: list[Span] = []
        for text in inlines:
            own = style
            if (text.bold and not style.bold) or (text.italic and not style.italic):
                own = replace(style, bold=style.bold or text.bold, italic=style.italic or text.italic)
            said = text.text.rstrip(STOPS) if text.note else text.text
            out.append(Span(said, own, text.anchor or anchor))
            if text.note:
                small = replace(own, size_pt=round(own.size_pt * MARK_SIZE, 2), rise_pt=round(own.size_pt * MARK_RISE, 2), bold=False)
                kern = MARK_GAP_EM * own.size_pt - self.typesetter.width([Span("\u00a0", small)])
                out.append(Span("\u00a0" + self.mark(text.note), replace(small, kern_pt=kern), MARK_PREFIX + text.note))
            out.append(Span(text.text[len(said) :], own, text.anchor or anchor))
        return [span for span in out if span.text]

    def mark(self, note: str) -> str:
        """Printed number of a footnote."""
        return localise_digits(str(self.marks[note]), self.numerals)

    def set_lines(
        self,
        spans: Sequence[Span],
        width_pt: float,
        part: Part,
        *,
        x_pt: float = 0.0,
        align: Align = "start",
        indent_pt: float = 0.0,
        pitch_pt: float = 0.0,
    ) -> list[Strip]:
        """One strip a line. The first two and the last two lines of a paragraph stay together (no widows, no orphans)."""
        if not spans:
            return []
        pitch = pitch_pt or spans[0].style.size_pt * self.look.leading
        lines = self.typesetter.lines(spans, width_pt, align=align, first_indent_pt=indent_pt)
        texts = slices("".join(span.text for span in spans), lines)
        last = len(lines) - 1
        baseline = pitch / 2 + BASELINE_EM * spans[0].style.size_pt
        return [
            Strip(
                height_pt=pitch,
                ops=(TextOp(line, x_pt, baseline),),
                box_pt=line_box(line, x_pt, baseline),
                keep=number < last and number in (0, last - 1),
                notes=notes_in((line,)),
                part=replace(part, text=text),
            )
            for number, (line, text) in enumerate(zip(lines, texts, strict=True))
        ]

    def paragraph(self, block: Paragraph, width_pt: float, number: int, *, after_heading: bool, cover: Align | None = None) -> list[Strip]:
        """Running text in its role; `cover` is how the lines of a cover are aligned."""
        if block.role in ("title", "subtitle", "imprint"):
            return self._display(block, width_pt, number, cover)
        body = block.role == "body"
        scale = {"lead": 1.12, "note": 0.88}.get(block.role, 1.0)
        spans = self.spans(block.inlines, self.style(scale, italic=block.role == "lead" and self.look.indent))
        script = self.typesetter.script
        least = MIN_JUSTIFIED_EM.get(self.typesetter.language.split("-")[0], OTHER_JUSTIFIED_EM)
        wide = script in UNSPACED or width_pt >= least * scale * self.size_pt
        align: Align = "justify" if self.look.justify and self.page != "slide" and wide else "start"
        align = cover if cover in ("center", "end") else align
        # Two characters in Chinese, one in Japanese (JLREQ 3.1.2), where a chapter's first paragraph is indented too; elsewhere it is not.
        indent = self.size_pt * {"Hans": 2.0, "Hant": 2.0, "Jpan": 1.0}.get(script, 1.2)
        indented = self.look.indent and body and (script in UNSPACED or not after_heading)
        hang = self.size_pt * (2.0 if script in UNSPACED else 1.4) if block.role == "entry" else 0.0
        inset = self.size_pt if block.role == "note" else hang
        strips = self.set_lines(
            spans,
            width_pt - inset,
            Part("paragraph", number),
            x_pt=0.0 if self.is_rtl else inset,
            align=align,
            indent_pt=indent if indented else -hang,
        )
        gap = 0.25 * self.pitch_pt if hang else 0.0 if self.look.indent and body else 0.55 * self.pitch_pt
        return spaced(strips, gap, gap)

    def _display(self, block: Paragraph, width_pt: float, number: int, cover: Align | None) -> list[Strip]:
        """Title, subtitle and imprint of a cover."""
        scale, gap = {"title": (2.6, 1.5), "subtitle": (1.45, 1.0), "imprint": (0.95, 0.5)}[block.role]
        color = self.look.accent if block.role == "title" else BLACK
        style = self.style(scale, bold=block.role == "title", color=color)
        spans = self.spans(block.inlines, self.fitted(style, "".join(text.text for text in block.inlines), width_pt))
        align: Align = cover or ("center" if self.look.heading.centered else "start")
        pitch = scale * self.size_pt * min(self.look.leading, 1.5)
        strips = self.set_lines(spans, width_pt, Part("paragraph", number), align=align, pitch_pt=pitch)
        return spaced(strips, gap * self.pitch_pt, gap * self.pitch_pt)

    def heading(self, block: Heading, width_pt: float, number: int) -> list[Strip]:
        """A heading with its number, rule or band; it stays with what follows."""
        look = self.look.heading
        level = max(1, min(4, block.level))
        pad = self._heading_pad(level)
        style = self.fitted(self._heading_style(level), heading_text(block), width_pt - 2 * pad)
        strips = self.set_lines(
            [Span(heading_text(block), style, f"heading/{block.key}")],
            width_pt - 2 * pad,
            Part("heading", number, level=level),
            x_pt=pad,
            align="center" if look.centered and level <= 2 else "start",
            pitch_pt=style.size_pt * min(self.look.leading, 1.45),
        )
        dressed = (self._dress(strip, level, width_pt, n, len(strips)) for n, strip in enumerate(strips))
        strips = [replace(strip, keep=True, ops=(*ops, *strip.ops)) for ops, strip in zip(dressed, strips, strict=True)]
        before, after = (1.9, 0.9) if level == 1 else (1.4, 0.5) if level == 2 else (1.0, 0.35)
        return spaced(strips, before * self.pitch_pt, after * self.pitch_pt)

    def heading_fits(self, block: Heading, width_pt: float) -> bool:
        """Whether no word of a heading is wider than its line."""
        level = max(1, min(4, block.level))
        style = self._heading_style(level)
        return self.fitted(style, heading_text(block), width_pt - 2 * self._heading_pad(level)) is style

    def _heading_style(self, level: int) -> Style:
        look = self.look.heading
        color = WHITE if look.rule == "band" and level == 1 else look.color
        scale = look.scale[level - 1] * (0.85 if self.page == "slide" else 1.0)
        return replace(self.style(scale, bold=look.bold or level > 2, color=color), family=look.family)

    def _heading_pad(self, level: int) -> float:
        """Space between a heading's band or bar and its text."""
        rule = self.look.heading.rule
        return 0.75 * self.size_pt if (rule == "band" and level == 1) or (rule == "bar" and level <= 2) else 0.0

    def fitted(self, style: Style, text: str, width_pt: float) -> Style:
        """The style, smaller where a word would be wider than the line: display type is not broken within a word."""
        words = text.split(" ")  # the only space that lines break at
        if self.typesetter.script in UNSPACED or max(map(len, words), default=0) * style.size_pt < width_pt:
            return style  # no letter is wider than an em
        widest = max(self.typesetter.width([Span(word, style)]) for word in words)
        return style if widest <= width_pt else replace(style, size_pt=math.floor(100 * style.size_pt * width_pt / widest) / 100)

    def _dress(self, strip: Strip, level: int, width_pt: float, line: int, lines: int) -> tuple[Op, ...]:
        """Rule, bar or band of one line of a heading."""
        look = self.look.heading
        if look.rule == "band" and level == 1:
            top, foot = (0.0 if line else -2.0), strip.height_pt + (2.0 if line == lines - 1 else 0.0)
            return (RectOp((0.0, top, width_pt, foot), fill=self.look.accent),)
        if look.rule == "bar" and level <= 2:
            x = width_pt - 3.0 if self.is_rtl else 0.0
            return (RectOp((x, 1.0, x + 3.0, strip.height_pt - 1.0), fill=self.look.accent),)
        if look.rule == "below" and level == 1 and line == lines - 1:
            return (RuleOp(0.0, strip.height_pt + 1.5, width_pt, strip.height_pt + 1.5, self.look.accent, 0.8),)
        if look.rule == "above" and level <= 2 and line == 0:
            return (RuleOp(0.0, -2.0, width_pt, -2.0, self.look.accent, 1.2 if level == 1 else 0.6),)
        return ()

    def listing(self, block: Listing, width_pt: float, number: int) -> list[Strip]:
        """A list with hanging markers. No column begins or ends with one item alone, and a list of few lines stays whole."""
        items: list[list[Strip]] = []
        style = self.style()
        hang = 1.9 * self.size_pt if block.ordered else 1.25 * self.size_pt
        for index, inlines in enumerate(block.items):
            text = localise_digits(f"{index + 1}.", self.numerals) if block.ordered else self.look.bullet
            (marker,) = self.typesetter.lines([Span(text, style)], hang)
            part = Part("list", number, item=index)
            spans = self.spans(inlines, style, f"item/{block.key}/{index}")
            strips = self.set_lines(spans, width_pt - hang, part, x_pt=0.0 if self.is_rtl else hang)
            if strips:
                baseline = self.pitch_pt / 2 + BASELINE_EM * style.size_pt
                x = width_pt - hang if self.is_rtl else 0.0
                strips[0] = replace(strips[0], ops=(TextOp(marker, x, baseline), *strips[0].ops))
                items.append(spaced(strips, 0.12 * self.pitch_pt, 0.12 * self.pitch_pt))
        whole = sum(map(len, items)) <= WHOLE_LINES
        for index, strips in enumerate(items[:-1]):
            if whole or index in (0, len(items) - 2):
                strips[-1] = held(strips[-1])
        return spaced([strip for strips in items for strip in strips], 0.5 * self.pitch_pt, 0.5 * self.pitch_pt)

    def caption(self, label: str, inlines: Inline, anchor: str, width_pt: float, number: int, *, align: Align = "start") -> list[Strip]:
        """Caption of a table or figure: label, separator, text, all under the anchor of the text."""
        look = self.look.table
        style = self.style(0.92, bold=look.caption_bold, color=look.caption_color)
        plain = replace(style, bold=False, italic=look.caption_italic, color=BLACK)
        anchor = next((text.anchor for text in inlines if text.anchor), anchor)
        spans = [Span(self.caption_label(label, inlines), style, anchor), *self.spans(inlines, plain, anchor)]
        return [replace(strip, keep=True) for strip in self.set_lines(spans, width_pt, Part("caption", number), align=align)]

    def caption_label(self, label: str, inlines: Inline) -> str:
        """The label with its separator. A text that begins with a number is never told apart by mere space (`Table 1  2024`)."""
        if not inlines:
            return label
        blank = not self.look.separator.strip() and inlines[0].text[:1].isdigit()
        return label + (": " if blank else self.look.separator)

    def contents(
        self, block: Contents, entries: Sequence[tuple[int, str, str, str]], width_pt: float, column_pt: float, number: int
    ) -> list[Strip]:
        """A contents list from (level, text, target anchor, entry anchor). Room for labels is fixed, so lines do not depend on them.

        On slides it is set smaller where that keeps it on one.
        """
        look = self.look.heading
        share = 1.0 if self.is_rtl or self.page == "slide" else self.look.contents.share
        align: Align = "center" if self.look.contents.centered and share == 1.0 else "start"
        title = replace(self.style(look.scale[0] * 0.9, bold=look.bold, color=look.color), family=look.family)
        out = self.set_lines([Span(block.title, title)], width_pt, Part("heading", number, level=1), align=align)
        out = spaced([replace(strip, keep=True) for strip in out], 1.2 * self.pitch_pt, 0.9 * self.pitch_pt)
        if self.page == "slide":
            room = (column_pt - stack(out)[0]) / (SLIDE_ENTRY_PITCHES * self.pitch_pt * max(1, len(entries)))
            scale = min(1.0, max(LEAST_ENTRY, room))
            smaller = replace(self, look=replace(self.look, size_pt=scale * self.look.size_pt))
            return [*map(held, out), *smaller._entries(entries, width_pt, number, whole=scale > LEAST_ENTRY)]
        return [*out, *self._entries(entries, share * width_pt, number, whole=False)]

    def _entries(self, entries: Sequence[tuple[int, str, str, str]], width_pt: float, number: int, *, whole: bool) -> list[Strip]:
        """The entries of a contents list; no column begins or ends with one of them alone."""
        out: list[Strip] = []
        for index, (level, text, target, anchor) in enumerate(entries):
            strips = self._entry(level, text, target, anchor, width_pt, number)
            if index < len(entries) - 1 and (whole or index in (0, len(entries) - 2)):
                strips[-1] = held(strips[-1])
            out.extend(strips)
        return out

    def _entry(self, level: int, text: str, target: str, anchor: str, width_pt: float, number: int) -> list[Strip]:
        look = self.look.contents
        style = self.style(1.0 if self.page == "slide" else look.scale, bold=level == 1 and look.bold)
        inset = (level - 1) * look.indent_em * self.size_pt
        kept = LABEL_EM * style.size_pt
        part = Part("list", number)
        strips = self.set_lines([Span(text, style, anchor)], width_pt - inset - kept, part, x_pt=kept if self.is_rtl else inset)
        box = strips[-1].box_pt
        label = LabelOp(
            target=target,
            anchor=anchor,
            text_pt=box[0] if self.is_rtl else box[2],
            edge_pt=0.0 if self.is_rtl else width_pt,
            baseline_pt=strips[-1].height_pt / 2 + BASELINE_EM * style.size_pt,
            style=replace(style, bold=False),
            leader=look.leader,
            link_pt=(0.0, 0.0, width_pt, strips[-1].height_pt),
        )
        low = strips[-1].height_pt
        ruled = look.rule == "all" or (look.rule == "first" and level == 1)
        rule = (RuleOp(0.0, low, width_pt, low, self.look.accent, 0.4),) if ruled else ()
        strips[-1] = replace(strips[-1], ops=(*rule, *strips[-1].ops, label), keep=False)
        strips = [replace(strip, keep=n < len(strips) - 1) for n, strip in enumerate(strips)]
        extra = 0.0 if self.page == "slide" else look.spread
        gap = (0.45 if level == 1 else 0.1) + extra
        return spaced(strips, gap * self.pitch_pt, (0.1 + extra / 2) * self.pitch_pt)

    def footnote(self, key: str, inlines: Inline, width_pt: float, number: int) -> list[Strip]:
        """A footnote: its number, then its text under `footnote/<key>`."""
        style = self.style(0.82)
        small = replace(style, size_pt=round(style.size_pt * 0.7, 2), rise_pt=round(style.size_pt * 0.3, 2))
        spans = [Span(self.mark(key) + "\u00a0", small), *self.spans(inlines, style, f"footnote/{key}")]
        return self.set_lines(spans, width_pt, Part("footnote", number), pitch_pt=style.size_pt * min(self.look.leading, 1.45))


def held(strip: Strip) -> Strip:
    """The strip held to the next."""
    return replace(strip, keep=True)


def spaced(strips: Sequence[Strip], before_pt: float, after_pt: float) -> list[Strip]:
    """The strips with at least this space before the first and after the last."""
    out = list(strips)
    if out:
        out[0] = replace(out[0], before_pt=max(before_pt, out[0].before_pt))
        out[-1] = replace(out[-1], after_pt=max(after_pt, out[-1].after_pt))
    return out


def slices(source: str, lines: Sequence[Line]) -> list[str]:
    """The stretch of `source` each line stands for, with the white space up to the next line: joined, they give the source back."""
    starts, at = [], 0
    for line in lines:
        found = source.find(line.text, at)
        at = at if found < 0 else found
        starts.append(at)
        at += len(line.text)
    ends = [*starts[1:], len(source)]
    return [source[start:end] for start, end in zip(starts, ends, strict=True)]


def stack(strips: Sequence[Strip]) -> tuple[float, tuple[tuple[float, Strip], ...]]:
    """Strips under each other with their spaces, from 0: total height, and (top, strip)."""
    y, placed, gap = 0.0, [], 0.0
    for number, strip in enumerate(strips):
        y += max(gap, strip.before_pt) if number else 0.0
        placed.append((y, strip))
        y += strip.height_pt
        gap = strip.after_pt
    return y, tuple(placed)


def heading_text(heading: Heading) -> str:
    """Number and text of a heading as printed."""
    return f"{heading.number}\u2002{heading.text}" if heading.number else heading.text

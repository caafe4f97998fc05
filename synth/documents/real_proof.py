"""Small programs over a real document, and their interpreter: how an answer about a real PDF is derived again from the stored bytes.

A program is JSON: `{"op": name, …}` whose other values are texts, page numbers (counted from 1, as people do) or programs. What cannot be
found is a `ProofError`, so that a program fails when a page it needs is taken away. Programs see only a `RealDocument`; nothing here
knows how questions are made.

    heading{title}  numbered{number}  next{of}  previous{of}  next_same{of}  children{of}  headings_on{first, last}     -> heading(s)
    title{of}  titles{of}  page{of}                                                                                     -> text, texts, page
    reference{lead}  contents_label{title}  page_labelled{label}  pages_with{term}                                      -> text or page(s)
    captions{}  next_caption{label}  caption_text{of}  absent{text, near}                                               -> caption(s),
    text, "absent" count{of}  sub{a, b}  min{of}  max{of}  intersect{a, b}                                                             ->
    number, pages
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

from schemas.sample import Json
from synth.documents.real_reading import NUMBER, Caption, Heading, RealDocument, squeeze

Value: TypeAlias = "Heading | Caption | str | int | list[Heading] | list[Caption] | list[str] | list[int]"
Program: TypeAlias = dict[str, Json]


class ProofError(Exception):
    """A program found nothing, or more than one thing, where it needs exactly one."""


def evaluate(program: Json, document: RealDocument) -> Value:
    """The value of a program.

    Raises:
        ProofError: The document does not hold what the program looks for, or the program is malformed.
    """
    if not isinstance(program, dict) or not isinstance(program.get("op"), str) or program["op"] not in _OPS:
        raise ProofError(f"not a program: {program!r:.80}")
    return _OPS[cast(str, program["op"])](program, document)


def unnecessary_page(program: Json, document: RealDocument, answer: Value, pages: Sequence[int]) -> int | None:
    """The first of `pages` without which the program still gives `answer`; None if each is needed."""
    for page in pages:
        try:
            if evaluate(program, document.without(page)) == answer:
                return page
        except ProofError:
            continue
    return None


def single_page_answer(program: Json, answer: Json, document: RealDocument) -> int | None:
    """A page that alone prints both what the question names and the answer, so that the other pages are not needed; None if there is none.

    Only texts can be found this way. Case and white space are ignored, because running heads repeat headings in capitals.
    """
    answers = answer if isinstance(answer, list) else [answer]
    if answer == "absent" or not all(isinstance(part, str) for part in answers):
        return None
    wanted = [squeeze(text).casefold() for text in (*leaf_texts(program), *cast(list[str], answers))]
    for page, text in enumerate(document.squeezed):
        folded = text.casefold()
        if all(part in folded for part in wanted):
            return page
    return None


def leaf_texts(program: Json) -> list[str]:
    """The words of the question that a program holds: titles, terms, leads and labels."""
    if not isinstance(program, dict):
        return []
    own = [value for key, value in program.items() if key in ("title", "term", "lead", "label", "text") and isinstance(value, str)]
    return own + [text for value in program.values() for text in leaf_texts(value)]


def _argument(program: Program, key: str, document: RealDocument) -> Value:
    return evaluate(program.get(key), document)


def _text(program: Program, key: str) -> str:
    value = program.get(key)
    if not isinstance(value, str) or not value:
        raise ProofError(f"{program.get('op')} needs a text {key!r}, not {value!r}")
    return value


def _heading(program: Program, document: RealDocument) -> Heading:
    wanted = squeeze(_text(program, "title"))
    found = [h for h in document.headings if squeeze(h.title) == wanted]
    return _only(found, f"heading {program['title']!r}")


def _numbered(program: Program, document: RealDocument) -> Heading:
    number = _argument(program, "number", document)
    return _only([h for h in document.headings if h.number == number], f"heading numbered {number!r}")


def _only(found: list[Heading], what: str) -> Heading:
    if len(found) != 1:
        raise ProofError(f"{len(found)} matches for {what}")
    return _printed(found[0])


def _printed(heading: Heading) -> Heading:
    if heading.number == "?":
        raise ProofError(f"the bookmark {heading.title!r} is not printed on its page")
    return heading


def _listed(document: RealDocument) -> tuple[Heading, ...]:
    """All headings, where the bookmarks are complete and no printed contents list gives the structure away on one page."""
    if document.unlisted:
        raise ProofError(f"the bookmarks leave out {document.unlisted[0][1]!r}")
    if document.contents:
        raise ProofError("a contents list prints the whole structure on one page")
    return document.headings


def _of(program: Program, document: RealDocument) -> Heading:
    value = _argument(program, "of", document)
    if not isinstance(value, Heading):
        raise ProofError(f"{program['op']} needs a heading, not {value!r:.60}")
    return value


def _following(program: Program, document: RealDocument) -> tuple[Heading, tuple[Heading, ...]]:
    heading, headings = _of(program, document), _listed(document)
    return heading, headings[headings.index(heading) + 1 :]


def _next(program: Program, document: RealDocument) -> Heading:
    _, after = _following(program, document)
    if not after:
        raise ProofError("no heading follows")
    return _printed(after[0])


def _previous(program: Program, document: RealDocument) -> Heading:
    heading, headings = _of(program, document), _listed(document)
    position = headings.index(heading)
    if position == 0:
        raise ProofError("no heading comes before")
    return _printed(headings[position - 1])


def _next_same(program: Program, document: RealDocument) -> Heading:
    heading, after = _following(program, document)
    for other in after:
        if other.level < heading.level:
            break
        if other.level == heading.level:
            return _printed(other)
    raise ProofError("no heading of the same level follows under the same parent")


def _children(program: Program, document: RealDocument) -> list[Heading]:
    heading, after = _following(program, document)
    end = next((n for n, other in enumerate(after) if other.level <= heading.level), None)
    if end is None:
        raise ProofError(f"the end of {heading.title!r} is not in these pages")
    return [_printed(other) for other in after[:end] if other.level == heading.level + 1]


def _headings_on(program: Program, document: RealDocument) -> list[Heading]:
    first, last = program.get("first"), program.get("last")
    if not isinstance(first, int) or not isinstance(last, int):
        raise ProofError("headings_on needs page numbers")
    return [_printed(h) for h in _listed(document) if first <= h.page + 1 <= last]


def _titles(program: Program, document: RealDocument) -> list[str]:
    value = _argument(program, "of", document)
    if not isinstance(value, list):
        raise ProofError("titles needs a list of headings")
    return [item.title for item in value if isinstance(item, Heading)]


def _reference(program: Program, document: RealDocument) -> str:
    lead = squeeze(_text(program, "lead"))
    found = [match[1] for text in document.squeezed for match in re.finditer(rf"{re.escape(lead)}({NUMBER})", text)]
    if len(found) != 1 or sum(text.count(lead) for text in document.squeezed) != 1:
        raise ProofError(f"{len(found)} references after {program['lead']!r}")
    return found[0]


def _contents_label(program: Program, document: RealDocument) -> str:
    wanted = squeeze(_text(program, "title"))
    found = {label for title, label in document.contents if squeeze(title) == wanted}
    if len(found) != 1:
        raise ProofError(f"{len(found)} contents entries for {program['title']!r}")
    return found.pop()


def _page_labelled(program: Program, document: RealDocument) -> int:
    label = _argument(program, "label", document)
    found = [number for number, page in enumerate(document.pages) if page.folio == label]
    if len(found) != 1:
        raise ProofError(f"{len(found)} pages carry the printed number {label!r}")
    return found[0] + 1


def _pages_with(program: Program, document: RealDocument) -> list[int]:
    pages = [page + 1 for page in document.pages_with(_text(program, "term"))]
    if not pages:
        raise ProofError(f"{program['term']!r} occurs nowhere")
    return pages


def _next_caption(program: Program, document: RealDocument) -> Caption:
    wanted = squeeze(_text(program, "label"))
    found = [number for number, caption in enumerate(document.captions) if squeeze(caption.label) == wanted]
    if len(found) != 1 or found[0] + 1 == len(document.captions):
        raise ProofError(f"{len(found)} captions {program['label']!r}, or none after it")
    return document.captions[found[0] + 1]


def _caption_text(program: Program, document: RealDocument) -> str:
    value = _argument(program, "of", document)
    if not isinstance(value, Caption):
        raise ProofError("caption_text needs a caption")
    return value.text


def _absent(program: Program, document: RealDocument) -> str:
    """`absent` if `text` is nowhere in the document although `near`, the thing it could be mistaken for, is."""
    folded = "\0".join(document.squeezed).casefold()
    if squeeze(_text(program, "text")).casefold() in folded:
        raise ProofError(f"{program['text']!r} does occur")
    if squeeze(_text(program, "near")).casefold() not in folded:
        raise ProofError(f"the near miss {program['near']!r} does not occur")
    return "absent"


def _count(program: Program, document: RealDocument) -> int:
    value = _argument(program, "of", document)
    if not isinstance(value, list) or not value:
        raise ProofError("there is nothing to count")
    return len(value)


def _numbers(program: Program, key: str, document: RealDocument) -> list[int]:
    value = _argument(program, key, document)
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        raise ProofError(f"{program['op']} needs numbers, not {value!r:.60}")
    return cast(list[int], numbers)


def _page(program: Program, document: RealDocument) -> int:
    value = _argument(program, "of", document)
    if not isinstance(value, Heading | Caption):
        raise ProofError("page needs a heading or a caption")
    return value.page + 1


def _intersect(program: Program, document: RealDocument) -> list[int]:
    other = set(_numbers(program, "b", document))
    common = [page for page in _numbers(program, "a", document) if page in other]
    if not common:
        raise ProofError("no common pages")
    return common


_OPS: Mapping[str, Callable[[Program, RealDocument], Value]] = {
    "heading": _heading,
    "numbered": _numbered,
    "next": _next,
    "previous": _previous,
    "next_same": _next_same,
    "children": _children,
    "headings_on": _headings_on,
    "title": lambda program, document: _of(program, document).title,
    "titles": _titles,
    "page": _page,
    "reference": _reference,
    "contents_label": _contents_label,
    "page_labelled": _page_labelled,
    "pages_with": _pages_with,
    "captions": lambda _, document: list(document.captions),
    "next_caption": _next_caption,
    "caption_text": _caption_text,
    "absent": _absent,
    "count": _count,
    "sub": lambda program, document: _numbers(program, "a", document)[0] - _numbers(program, "b", document)[0],
    "min": lambda program, document: min(_numbers(program, "of", document)),
    "max": lambda program, document: max(_numbers(program, "of", document)),
    "intersect": _intersect,
}

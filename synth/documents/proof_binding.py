"""Whether a program answers the words of its question: the question is read back, and the program must be of the shape that such a
question has, with the names, periods, units and labels that it mentions and no others.

A program is a claim of whoever wrote the answer, so a right value of a wrong program proves nothing. Nothing here knows how questions are
made; `proof_shapes` says what programs must be, and texts that a question does not print are held against captions and passages.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import cast

from schemas.sample import Json
from synth.documents.proof_leaves import Artefact
from synth.documents.proof_questions import Asked, read_question
from synth.documents.proof_shapes import HIDDEN, LIMIT, PARTS, RESTS_ON, SHAPES, Shape
from synth.documents.proof_values import ProofError, folded
from synth.documents.question_words import column_heads, limit_sentences, question_wording
from synth.documents.reading import ReadDocument, squeeze
from synth.documents.reading_structure import caption_text, captions
from synth.documents.reading_tables import best_caption, table_parts

SENTENCE_END = re.compile(r"[。！？।؟]|[.!?](?=\s+[^\W\d_a-z])")
"""Where a sentence ends; a full stop also stands in numbers and abbreviations, which no capital letter follows."""

BEFORE_CHARS = 40
"""How far before the end of a list's introduction, which a program keeps, its sentence may begin (chosen)."""

UNIT_CHARS = 16
"""The longest unit, without spaces, that may stand beside a number (the wording files' longest is 15)."""

NO_LEAF: Mapping[str, Json] = MappingProxyType({})

PATTERNS = "=~><@^&*#"
"""What patterns begin with (see `proof_shapes`)."""

ANYTHING = ("doc", "as")
"""Arguments that no shape lists: the document, which is checked for all at once, and how a cell is read."""


def read_back(text: str, program: Json, artefact: Artefact) -> Asked | None:
    """The question as it reads where the program answers it, None when the program answers none that the words can mean."""
    language = artefact.documents[0].language
    for asked in read_question(text, language, tuple(dict.fromkeys(texts_of(program)))):
        binding = _Binding(asked, artefact, language)
        if binding.absence(program) if _is_absent(program) else binding.holds(program):
            return asked
    return None


def _is_absent(program: Json) -> bool:
    return isinstance(program, dict) and program.get("op") == "absent"


def texts_of(program: Json) -> Iterator[str]:
    """All texts of a program but the names of its operations."""
    if isinstance(program, str):
        yield program
    elif isinstance(program, list):
        for item in program:
            yield from texts_of(item)
    elif isinstance(program, dict):
        for key, value in program.items():
            if key not in ("op", "as", "relation"):
                yield from texts_of(value)


def _parts(program: Json, name: str) -> list[dict[str, Json]]:
    """All operations of a name within a program."""
    if isinstance(program, list):
        return [found for item in program for found in _parts(item, name)]
    if not isinstance(program, dict):
        return []
    inner = [found for value in program.values() for found in _parts(value, name)]
    return [program, *inner] if program.get("op") == name else inner


@dataclass(frozen=True)
class _Binding:
    """One reading of a question, held against programs. Slots in `open` may be anything: those that an unanswerable question changes."""

    asked: Asked
    artefact: Artefact
    language: str
    open: frozenset[str] = frozenset()

    def holds(self, program: Json) -> bool:
        """Whether the program has the shape, the document and the completeness that the question wants."""
        return (
            self._documents(program)
            and self.fits(program, SHAPES[self.asked.key])
            and (self.asked.key not in COMPLETE or COMPLETE[self.asked.key](self, program))
        )

    def absence(self, program: Json) -> bool:
        """Whether a proof of absence is about what the question names.

        The program nearby must answer the question with some slots changed, the absent ones, and each of these must be looked for.
        """
        if not isinstance(program, dict):
            return False
        near, query, never = (program.get(key) or [] for key in ("near", "query", "never"))
        twin = near[-1] if isinstance(near, list) and near else None
        sought = [folded(text) for text in texts_of([query, never])]
        asked = folded(" ".join(self.asked.slots.values()))
        if any(folded(text) not in asked for text in texts_of(never)):
            return False
        if not all(self.fits(leaf, HIDDEN) for leaf in _parts(query, "bar")):
            return False
        slots = frozenset(slot for slot in self.asked.slots if self._is_sought(slot, sought, cast(Json, query)))
        return (
            bool(slots & RESTS_ON.get(self.asked.key, slots))
            and self._no_part_is_there(query, never)
            and replace(self, open=slots).holds(twin)
        )

    def _no_part_is_there(self, query: Json, never: Json) -> bool:
        """Whether each part of a question of several rests on something that is looked for by itself."""
        items = [item for given in (query, never) if isinstance(given, list) for item in given]
        alone = {folded(texts[0]) for item in items if len(texts := list(texts_of(item))) == 1}
        return all(any(_wanted(self, slot) in alone for slot in part) for part in PARTS.get(self.asked.key, ()))

    def _is_sought(self, slot: str, sought: Sequence[str], query: Json) -> bool:
        """Whether a proof of absence looks for a slot: by its text, by its code, or in a figure or table that is about it."""
        wanted = folded(self.asked.slots[slot])
        if any(wanted == text or (slot in ("section", "later", "third") and text.endswith(wanted)) for text in sought):
            return True
        labels = [(leaf, str(leaf["figure"])) for leaf in _parts(query, "bar") if "figure" in leaf]
        return any(wanted in self.caption(label, leaf) for leaf, label in labels) or any(
            self.is_code(slot, str(leaf.get("category"))) for leaf, _ in labels
        )

    # --- shapes ---

    def fits(self, program: Json, shape: Shape, leaf: Mapping[str, Json] = NO_LEAF) -> bool:
        """Whether a program, an argument of `leaf` if that is given, has a shape."""
        if shape == "limits":
            return self._limits(program)
        if isinstance(shape, list):
            return isinstance(program, list) and self._fit_all(program, shape)
        if not isinstance(shape, dict):
            return self._is(program, shape, leaf)
        if not isinstance(program, dict) or program.get("op") != shape["op"] or program.get("doc") != shape.get("doc", program.get("doc")):
            return False
        if "told" in shape:
            return isinstance(program.get("before"), str) and self._names(program, shape["told"])
        wanted = {key: value for key, value in shape.items() if key not in ("op", "doc")}
        unasked = set(program) - set(wanted) - {"op", *ANYTHING}
        return not unasked and set(wanted) <= set(program) and all(self.fits(program[key], value, program) for key, value in wanted.items())

    def _fit_all(self, programs: Sequence[Json], shapes: Sequence[Shape]) -> bool:
        if shapes[-1] == "...":
            shapes = [*shapes[:-2], *[shapes[-2]] * (len(programs) - len(shapes) + 2)]
        return len(programs) == len(shapes) and bool(programs) and all(map(self.fits, programs, shapes))

    def _is(self, argument: Json, pattern: Shape, leaf: Mapping[str, Json]) -> bool:
        """Whether an argument is what a pattern says; a constant that is no pattern is itself."""
        if not isinstance(pattern, str) or pattern[:1] not in PATTERNS:
            return type(argument) is type(pattern) and argument == pattern
        kind, slot = pattern[0], pattern[1:]
        if kind == "#":
            return isinstance(argument, int)
        if not isinstance(argument, str):
            return False
        if kind == "*" or slot in self.open:
            return True
        if kind == "&":
            return folded(argument) in map(folded, column_heads(self.language).get(slot, ()))
        return bool(self.asked.slots.get(slot)) and IS[kind](self, slot, argument, leaf)

    # --- what documents say ---

    def document(self, leaf: Mapping[str, Json]) -> ReadDocument:
        number = leaf.get("doc", 0)
        if not isinstance(number, int) or not 0 <= number < len(self.artefact.documents):
            raise ProofError("bad_program", f"document {number!r} of {len(self.artefact.documents)}")
        return self.artefact.documents[number]

    def _documents(self, program: Json) -> bool:
        """Whether all leaves read the document that the question is about."""
        if self.asked.key == "two_documents":
            return True
        if self.asked.document is None and len(self.artefact.documents) > 1:
            return False
        return all(number == (self.asked.document or 0) for number in _numbers_of_documents(program))

    def caption(self, label: str, leaf: Mapping[str, Json]) -> str:
        """The folded caption of a label, empty where there is none."""
        found = best_caption(self.document(leaf), label)
        return folded(caption_text(*found)) if found else ""

    def is_code(self, slot: str, code: str) -> bool:
        """Whether some row of a table has the slot and the code, or another text."""
        wanted = {folded(self.asked.slots.get(slot, "")), folded(code)}
        document = self.artefact.documents[self.asked.document or 0]
        return any(
            wanted <= {folded(cell.text) for cell in row if cell}
            for label in _labels(document, self.language)
            for part in table_parts(document, label)
            for row in part.rows
        )

    def intro(self, after: str, leaf: Mapping[str, Json]) -> str:
        """The folded words that end with a text, with some before them."""
        wanted = squeeze(after)
        for page in self.document(leaf).pages:
            at = page.flow.squeezed.find(wanted)
            if at >= 0:
                return folded(page.flow.squeezed[max(0, at - BEFORE_CHARS) : at + len(wanted)])
        return folded(after)

    def _names(self, leaf: Mapping[str, Json], slots: Sequence[str]) -> bool:
        """Whether the passage of a `between` names all slots."""
        wanted = [folded(self.asked.slots[slot]) for slot in slots if slot not in self.open and slot in self.asked.slots]
        passage = self.passage(leaf)
        return all(text in passage for text in wanted)

    def passage(self, leaf: Mapping[str, Json]) -> str:
        """The folded sentence around the value of a `between`, as far as the program keeps it; and the one before a value that begins
        its sentence.
        """
        before, after = (SENTENCE_END.split(str(leaf.get(key))) for key in ("before", "after"))
        return folded((before[-1].strip() or "".join(before[-2:])) + after[0])

    # --- questions of several limits ---

    def _limits(self, program: Json) -> bool:
        """Whether a program intersects one filter for each attribute that the question lists, and has no others."""
        separator = question_wording(self.language).list_separator
        names = self.asked.slots["attributes"].split(separator)
        filters = _parts(program, "filter")
        return (
            _only_intersects(program)
            and len(filters) == len(names)
            and all(any(self._with("attribute", name).fits(item, LIMIT) and self._says(item, name) for item in filters) for name in names)
        )

    def _says(self, limit: Mapping[str, Json], attribute: str) -> bool:
        """Whether the sentence that a filter takes its number from states a limit of its relation, and not one of the opposite."""
        leaf = cast(Mapping[str, Json], limit["to"])
        stated = {
            relation
            for relation, sentences in limit_sentences(self.language).items()
            if any(_states(sentence, attribute, str(leaf.get("before")), str(leaf.get("after"))) for sentence in sentences)
        }
        return stated == {limit["relation"]}

    def _with(self, slot: str, text: str) -> "_Binding":
        return replace(self, asked=replace(self.asked, slots={**self.asked.slots, slot: text}))


def _states(sentence: str, attribute: str, before: str, after: str) -> bool:
    """Whether the text around a number is a phrasing's with this attribute, as far as a program keeps that text; a unit may stand on either
    side of the number.
    """
    head, tail = (squeeze(part).casefold() for part in sentence.replace("{attribute}", attribute).split("{value}"))
    lefts = _without_unit(squeeze(before).casefold()[::-1])
    rights = _without_unit(squeeze(after).casefold())
    return any(_begin_alike(left, head[::-1]) for left in lefts) and any(_begin_alike(right, tail) for right in rights)


def _without_unit(text: str) -> Iterator[str]:
    """A text, and what is left of it without the first characters, of which a unit may have up to `UNIT_CHARS`."""
    yield from (text[start:] for start in range(min(UNIT_CHARS, len(text) - 1) + 1))


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _only_intersects(program: Json) -> bool:
    if not isinstance(program, dict):
        return False
    if program.get("op") == "intersect":
        return _only_intersects(program.get("left")) and _only_intersects(program.get("right"))
    return program.get("op") == "filter"


def _numbers_of_documents(program: Json) -> Iterator[Json]:
    if isinstance(program, list):
        for item in program:
            yield from _numbers_of_documents(item)
    elif isinstance(program, dict):
        if "doc" in program:
            yield program["doc"]
        for value in program.values():
            yield from _numbers_of_documents(value)


def _labels(document: ReadDocument, language: str) -> list[str]:
    (prefix,) = column_heads(language)["table"]
    return [f"{prefix}{number}" for number, _ in captions(document, prefix)]


def _wanted(binding: _Binding, slot: str) -> str:
    return folded(binding.asked.slots[slot])


IS: dict[str, Callable[[_Binding, str, str, Mapping[str, Json]], bool]] = {
    "=": lambda binding, slot, text, _: folded(text) == _wanted(binding, slot),
    "~": lambda binding, slot, text, _: _wanted(binding, slot) in folded(text),
    ">": lambda binding, slot, text, _: folded(text).endswith(_wanted(binding, slot)),
    "<": lambda binding, slot, text, leaf: _wanted(binding, slot) in binding.intro(text, leaf),
    "@": lambda binding, slot, text, leaf: _wanted(binding, slot) in binding.caption(text, leaf),
    "^": lambda binding, slot, text, _: folded(text) == _wanted(binding, slot) or binding.is_code(slot, text),
}
"""By the first character of a pattern: whether an argument of a leaf is what it says of a slot."""


# --- completeness -------------------------------------------------------------------------------------------------------------------


def _all_figures(binding: _Binding, program: Json) -> bool:
    """Whether all figures on the metric are compared, each with its own marks."""
    top = cast(dict[str, list[Json]], cast(list[Json], program)[0])
    names = [str(name) for name in top["names"]]
    if [{str(mark["figure"]) for mark in _parts(value, "bar")} for value in top["values"]] != [{name} for name in names]:
        return False
    if "metric" in binding.open:
        return True
    leaf = _parts(program, "caption")[0]
    (prefix,) = column_heads(binding.language)["figure"]
    wanted = _wanted(binding, "metric")
    shown = [folded(f"{prefix}{number}") for number, item in captions(binding.document(leaf), prefix) if wanted in folded(item.text)]
    return sorted(shown) == sorted(map(folded, names))


def _all_codes(binding: _Binding, program: Json) -> bool:
    """Whether the codes are counted that the question lists, in its order."""
    counted = [str(leaf["equals"]) for leaf in _parts(program, "column") if "equals" in leaf]
    separator = question_wording(binding.language).list_separator
    return folded(separator.join(counted)) == folded(binding.asked.slots["codes"])


def _own_dates(binding: _Binding, program: Json) -> bool:
    """Whether each event is given the date that stands in its own passage."""
    given = cast(dict[str, list[Json]], program)
    pairs = list(zip(given["names"], given["values"], strict=False))
    return len(given["names"]) == len(given["values"]) and all(
        folded(str(name)) in binding.passage(cast(dict[str, Json], value)) for name, value in pairs
    )


def _own_claim(binding: _Binding, program: Json) -> bool:
    """Whether the value told is that of the category which is looked up, and all categories compared are its figure's."""
    given = cast(dict[str, list[Json]], program)
    tallest = _parts(program, "argmax")[0]
    (bars,) = _parts(tallest, "bars")
    passage, name = binding.passage(cast(dict[str, Json], given["values"][0])), str(given["keys"][0])
    named = folded(name) in passage or any(
        folded(cell.text) in passage
        for label in _labels(binding.document(bars), binding.language)
        for part in table_parts(binding.document(bars), label)
        for row in part.rows
        if any(other and folded(other.text) == folded(name) for other in row)
        for cell in row
        if cell and len(cell.text) > 1
    )
    return named and bars["categories"] == tallest["names"]


def _in_turn(binding: _Binding, program: Json) -> bool:
    """Whether the pages of all captions are given, first to last."""
    indexes = [cast(int, leaf["index"]) for leaf in _parts(program, "nth")]
    return indexes[0] == 0 and all(second == first + 1 for first, second in pairwise(indexes))


def _in_group(binding: _Binding, program: Json) -> bool:
    """Whether some row of a table has the entity and the group that the question says it belongs to."""
    return bool({"entity", "group"} & binding.open) or binding.is_code("entity", binding.asked.slots["group"])


COMPLETE: dict[str, Callable[[_Binding, Json], bool]] = {
    "lookup_join": _in_group,
    "highest_figure": _all_figures,
    "continued_count": _all_codes,
    "event_first": _own_dates,
    "event_last": _own_dates,
    "claim_of_tallest": _own_claim,
    "count_figures": _in_turn,
    "count_tables": _in_turn,
}
"""By kind of question: what the program must be beyond its shape."""

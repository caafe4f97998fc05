"""Questions about a page, answered from its tree; boxes are where the browser put the texts. `web_proof` answers from the layout alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.random import Generator

from schemas.dialect import LabelledBox, write_boxes
from schemas.geometry import box_px_to_1000
from schemas.sample import BoxPx, Json
from synth.browser.snapshot import Snapshot
from synth.code.prompts import draw
from synth.code.web_run import Line, lines_of
from synth.code.web_tree import El, text_of, walk

PROMPTS = "web_prompts"
LONGEST = 60
"""Characters of a text that a question quotes (chosen)."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer, the program that gives it, and the boxes of what it rests on."""

    task: str
    text: str
    answer: str
    program: dict[str, Json]
    boxes: tuple[BoxPx, ...] = ()


class Asker:
    """Finds what can be asked about a page.

    Args:
        body: Its tree.
        snapshot: Where the browser put it.
        size_px: Width and height of the picture.
        rng: Draws phrasings and places.
    """

    def __init__(self, body: El, snapshot: Snapshot, size_px: tuple[int, int], rng: Generator) -> None:
        self.body, self.size_px, self.rng = body, size_px, rng
        self.nodes = [item for _, item in walk(body)]
        self.lines = lines_of(snapshot)

    def questions(self, count: int) -> list[Question]:
        """Up to `count` questions of different types."""
        found = [*self._fields(), *self._parts(), *self._tables(), *self._boxes()]
        chosen = [found[int(place)] for place in self.rng.permutation(len(found))]
        return list({question.task: question for question in reversed(chosen)}.values())[:count]

    def _ask(self, task: str, answer: str, boxes: tuple[BoxPx, ...] = (), **slots: str) -> Question:
        program: dict[str, Json] = {"op": task, **slots}
        return Question(task, draw(PROMPTS, task, self.rng, **slots), answer, program, boxes)

    def _line(self, text: str) -> Line | None:
        """The only line of text that is or holds this."""
        wanted = " ".join(text.split())
        found = [line for line in self.lines if wanted in line.text]
        return found[0] if len(found) == 1 and found[0].text == wanted and len(wanted) <= LONGEST else None

    def _around(self, *texts: str) -> tuple[BoxPx, ...]:
        return tuple(line.box_px for text in texts if (line := self._line(text)))

    def _parts(self) -> Iterator[Question]:
        titles = [text_of(item) for item in self.nodes if item.tag == "h1"]
        if len(titles) == 1 and self._line(titles[0]):
            yield self._ask("ask_title", titles[0], self._around(titles[0]))
        current = [text_of(item) for item in self.nodes if ("aria-current", "page") in item.attributes]
        if len(current) == 1:
            yield self._ask("ask_current", current[0].strip(), self._around(current[0]))
        for card in (item for item in self.nodes if item.tag == "article"):
            inside = [item for _, item in walk(card)]
            names = [text_of(item) for item in inside if item.tag == "h3"]
            prices = [text_of(item) for item in inside if item.tag == "data"]
            if len(names) == len(prices) == 1 and self._line(names[0]) and self._line(prices[0]):
                yield self._ask("ask_price", prices[0], self._around(names[0], prices[0]), text=names[0])
        buttons = [text_of(item) for item in self.nodes if item.tag == "button"]
        if buttons:
            yield self._ask("ask_buttons", str(len(buttons)), self._around(*buttons))

    def _fields(self) -> Iterator[Question]:
        fields = {dict(item.attributes).get("id", ""): dict(item.attributes) for item in self.nodes if item.tag == "input"}
        wrong = [name for name, field in fields.items() if "aria-invalid" in field]
        for label in (item for item in self.nodes if item.tag == "label"):
            name, text = dict(label.attributes).get("for", ""), text_of(label)
            if name not in fields or not self._line(text):
                continue
            field = fields[name]
            if field.get("type") == "checkbox":
                yield self._ask("ask_on", "Yes" if "checked" in field else "No", self._around(text), text=text)
            elif field.get("value"):
                yield self._ask("ask_value", field["value"], self._around(text, field["value"]), text=text)
            if wrong == [name]:
                yield self._ask("ask_wrong", text, self._around(text))

    def _tables(self) -> Iterator[Question]:
        tables = [item for item in self.nodes if item.tag == "table"]
        if len(tables) != 1:
            return
        rows = [[text_of(cell) for _, cell in walk(row) if cell.tag in ("td", "th")] for _, row in walk(tables[0]) if row.tag == "tr"]
        head, body = rows[0], rows[1:]
        yield self._ask("ask_rows", str(len(body)), self._around(*(row[0] for row in body)))
        for row in body:
            column = int(self.rng.integers(1, len(row)))
            if self._line(row[0]) and self._line(head[column]) and row[column]:
                boxes = self._around(row[0], head[column], row[column])
                yield self._ask("ask_cell", row[column], boxes, text=row[0], other=head[column])

    def _boxes(self) -> Iterator[Question]:
        texts = [line for line in self.lines if self._line(line.text) is line and len(line.text) > 2]
        if texts:
            one, other = (texts[int(self.rng.integers(len(texts)))] for _ in range(2))
            answer = write_boxes([LabelledBox(self._thousand(one.box_px), one.text)])
            yield self._ask("box_text", answer, (one.box_px,), text=one.text)
            box = ", ".join(map(str, self._thousand(other.box_px)))
            yield self._ask("text_in_box", other.text, (other.box_px,), box=box)
        names = [text_of(item).strip() for item in self.nodes if item.tag == "button"]
        found = [line for name in names if (line := self._line(name))]
        if names and len(found) == len(names):
            answer = write_boxes([LabelledBox(self._thousand(line.box_px), line.text) for line in found])
            yield self._ask("box_buttons", answer, tuple(line.box_px for line in found))

    def _thousand(self, box: BoxPx) -> tuple[int, int, int, int]:
        width, height = self.size_px
        return box_px_to_1000(box, width, height)

"""How like the page of an answer is to that of the right answer: the four measures of Design2Code (`schemas.page_likeness`)."""

from schemas.errors import DataError
from schemas.page_likeness import Block, likeness
from schemas.sample import Stored
from synth.code.web_court import Court
from synth.code.web_run import blocks_of, draw_whole, html_in

SCORES = ("blocks", "text", "position", "color")


def is_page(task: str) -> bool:
    """Whether the answers of a task are pages."""
    return task in ("to_html", "mend") or task.startswith("edit_")


def score_answer(stored: Stored, right: str, answer: str) -> dict[str, float]:
    """Scores of an answer beside the right one, both drawn in its window: `runs`, `page_` and each of `SCORES`, `page` their mean.

    An answer that draws no page that can be looked at scores 0 in all. No script runs and no request
    leaves, whatever the answer asks for, so it need not be self-contained.

    Raises:
        DataError: The sample itself cannot be read or drawn.
        NotInstalledError: There is no browser.
    """
    window = Court(stored).spec.window
    wanted = _blocks(right, window)
    try:
        found = _blocks(answer, window)
    except DataError:
        return dict.fromkeys(("runs", *(f"page_{name}" for name in SCORES), "page"), 0.0)
    alike = likeness(wanted, found)
    return {"runs": 1.0} | {f"page_{name}": float(getattr(alike, name)) for name in SCORES} | {"page": alike.whole}


def _blocks(answer: str, window: tuple[int, int]) -> list[Block]:
    drawn = draw_whole(html_in(answer), *window)
    height, width = drawn.pixels.shape[:2]
    return blocks_of(drawn.snapshot, width, height)

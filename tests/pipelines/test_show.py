"""What people see: chosen samples, evidence drawn where it is, everything in one file, nothing unescaped."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.show import choose, exchanges, plain, render_page, summarise_text
from pipelines.show_pictures import Mark, draw_crop, draw_page
from schemas.errors import UserError
from schemas.sample import Evidence, Image
from schemas.shard import Dataset


def blank() -> Image:
    buffer = io.BytesIO()
    PillowImage.new("L", (2200, 1000), 255).save(buffer, format="PNG")
    return Image.of(buffer.getvalue(), "png", 2200, 1000)


def pixels(uri: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"))
    return np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB"))


def test_boxes_are_drawn_where_the_evidence_is_at_half_size() -> None:
    found = pixels(draw_page(blank(), [Mark((400, 200, 800, 400), "#d9480f", "Q1")]))
    assert found.shape == (500, 1100, 3)
    ys, xs = np.nonzero(found.min(axis=2) < 200)  # the frame and its flag; the filling is lighter
    assert (xs.min(), xs.max()) == (pytest.approx(200, abs=4), pytest.approx(400, abs=4))
    assert ys.max() == pytest.approx(200, abs=4)


def test_a_crop_shows_the_surroundings() -> None:
    assert pixels(draw_crop(blank(), Mark((400, 200, 500, 240), "#d9480f", ""))).shape[:2] == (129, 401)
    assert pixels(draw_crop(blank(), Mark((0, 0, 10, 10), "#d9480f", ""))).shape[:2] == (55, 161)  # cut off at the edge


def test_samples_are_spread_over_the_data_set(faulty_set: Path) -> None:
    dataset = Dataset(faulty_set)
    assert [sample.sample_id for sample in choose(faulty_set, 2)] == [dataset[0].sample_id, dataset[6].sample_id]
    assert len(choose(faulty_set, 100)) == 13
    with pytest.raises(UserError, match="highest"):
        choose(faulty_set, 2, task="nothing")


def test_the_page_holds_everything_and_fetches_nothing(faulty_set: Path) -> None:
    samples = choose(faulty_set, 3)
    page = render_page("<title>", samples)
    assert "<title>&lt;title&gt;</title>" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "$" not in page
    for sample in samples:
        assert sample.sample_id in page
    assert page.count("proved from the stored bytes: ok") == 6
    assert len(render_page("x", samples, task="sum")) < len(page)


def test_what_a_sample_says_cannot_become_markup(faulty_set: Path) -> None:
    sample = choose(faulty_set, 1)[0]
    turns = tuple(replace(turn, text=turn.text + "<script>alert(1)</script>", task="<b>") for turn in sample.turns)
    page = render_page("x", [replace(sample, turns=turns, tags=("<i>",))])
    assert page.count("<script>") == 1  # its own
    assert "<b>" not in page
    assert "<i>" not in page


def test_evidence_without_a_box_and_a_missing_verdict_are_shown_too(faulty_set: Path) -> None:
    sample = choose(faulty_set, 1)[0]
    turns = tuple(replace(t, proof=replace(t.proof, evidence=(Evidence(note="somewhere"),))) if t.proof else t for t in sample.turns)
    bare = replace(sample, turns=turns, verdicts=())
    assert "not verified" in render_page("x", [bare])
    assert "from somewhere" in summarise_text([bare])


def test_questions_are_shown_without_placeholders(faulty_set: Path) -> None:
    assert plain("Page 1 <image>\nPage 2 <image>\nHow much?") == "How much?"
    assert plain("How much?") == "How much?"
    assert [exchange.answer.task for exchange in exchanges(choose(faulty_set, 1)[0])] == ["sum", "highest"]

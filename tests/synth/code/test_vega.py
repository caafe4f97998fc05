"""The same chart by another engine: every kind is drawn and read back from Vega's scene, and the verifier refuses what is not the same."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.errors import DataError, NotInstalledError, UserError
from schemas.sample import Attachment, Sample, sha256_hex
from synth.code.chart import Chart, _table_of
from synth.code.chart_proof import shows, verdicts
from synth.code.chart_run import fenced
from synth.code.chart_spec import Kind, Spec
from synth.code.chart_world import draw_spec, draw_table
from synth.code.vega_draw import VEGA_SPEC, _engine, draw_vega
from synth.code.vega_reading import check_edge, read_vega
from synth.code.vega_spec import VEGA_KINDS, write_vega
from synth.make import make_sample
from synth.sandbox.box import unavailable

HELD = pytest.mark.skipif(bool(unavailable()), reason=unavailable())


def spec_of(kind: Kind, seed: int) -> Spec:
    rng = np.random.default_rng(seed)
    spec = draw_spec(draw_table(kind, rng), kind, rng)
    return replace(spec, value_labels=False, reference=None, note="", log=False, style="default")


@pytest.mark.parametrize("kind", VEGA_KINDS)
def test_every_kind_is_drawn_and_read_back_from_the_scene(kind: Kind) -> None:
    for seed in range(3):
        spec = spec_of(kind, seed)
        drawn = draw_vega(write_vega(spec))
        assert shows(read_vega(drawn.scene), _table_of(spec))
        assert draw_vega(write_vega(spec)).png == drawn.png


Change = Callable[[dict[str, Any]], None]


def moved_value(spec: dict[str, Any]) -> None:
    spec["data"]["values"][0]["value"] *= 1.01


def swapped_colors(spec: dict[str, Any]) -> None:
    spec["encoding"]["color"]["scale"]["range"].reverse()


def other_title(spec: dict[str, Any]) -> None:
    spec["title"] += "?"


def no_label(spec: dict[str, Any]) -> None:
    spec["encoding"]["y"]["axis"]["title"] = None


def toggled_grid(spec: dict[str, Any]) -> None:
    for axis in "xy":
        spec["encoding"][axis]["axis"]["grid"] ^= True


FAULTS: tuple[Change, ...] = (moved_value, swapped_colors, other_title, no_label, toggled_grid)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return make_sample(Chart(kinds=("grouped",), tasks=("from_vega",)), "code.chart", 0, 7)


def with_spec(sample: Sample, text: str, *, redraw: bool) -> Sample:
    data = text.encode()
    attachments = tuple(Attachment.of(VEGA_SPEC, one.media_type, data) if one.name == VEGA_SPEC else one for one in sample.attachments)
    images = sample.images
    if redraw:
        png = draw_vega(text).png
        images = (replace(sample.images[0], data=png, sha256=sha256_hex(png)),)
    return replace(sample, attachments=attachments, images=images)


@HELD
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_specification_of_another_chart_is_refused(sample: Sample, fault: Change) -> None:
    assert all(verdict.passed for verdict in sample.verdicts)
    spec = json.loads(sample.stored.attachment(VEGA_SPEC).data)
    fault(spec)
    wrong = with_spec(sample, json.dumps(spec), redraw=False)
    assert {verdict.reason for verdict in verdicts(wrong.stored, wrong.turns)} == {"other_picture"}
    wrong = with_spec(sample, json.dumps(spec), redraw=True)
    assert {verdict.reason for verdict in verdicts(wrong.stored, wrong.turns)} == {"other_table"}


@HELD
def test_an_answer_that_draws_another_chart_is_refused(sample: Sample) -> None:
    code = sample.turns[1].text
    title = json.loads(sample.stored.attachment("chart.json").data)["title"]
    value = next(word for word in code.replace("[", " ").replace(",", " ").split() if word.isdigit() and len(word) > 2)
    color = next(word for word in code.split('"') if word.startswith("#"))
    for wrong in (code.replace(title, ""), code.replace(value, str(int(value) + 7), 1), code.replace(color, "#123456")):
        turns = (sample.turns[0], replace(sample.turns[1], text=wrong), *sample.turns[2:])
        assert wrong != code
        assert not verdicts(sample.stored, turns)[0].passed
    turns = (sample.turns[0], replace(sample.turns[1], text=fenced("print(1)")), *sample.turns[2:])
    assert verdicts(sample.stored, turns)[0].reason == "no_picture"


@pytest.mark.parametrize(
    "added",
    [
        {"data": {"url": "file:///etc/passwd"}},
        {"transform": [{"calculate": "1", "as": "x"}]},
        {"params": [{"name": "p", "value": 1}]},
        {"data": {"sequence": {"start": 0, "stop": 1e9}}},
        {"usermeta": {"ppi": 100_000}},
        {"usermeta": {}},
        {"mark": "no such mark"},
        {"description": "x" * 300_000},
    ],
)
def test_what_would_reach_outside_compute_or_flood_is_not_drawn(added: dict[str, Any]) -> None:
    spec = json.loads(write_vega(spec_of("bar", 1))) | added
    with pytest.raises(DataError, match="not_vega"):
        draw_vega(json.dumps(spec))


def test_ticks_that_are_not_where_their_numbers_say_are_no_axis() -> None:
    scene = draw_vega(write_vega(spec_of("bar", 1))).scene
    text = json.dumps(scene)
    label = '"text": "0"'
    assert label in text
    with pytest.raises(DataError, match="unread_chart"):
        read_vega(json.loads(text.replace(label, '"text": "5"', 1)))
    with pytest.raises(DataError, match="unread_chart"):
        read_vega({"scenegraph": {"items": [{}]}})


def test_kinds_that_vega_does_not_draw_are_the_users_mistake() -> None:
    with pytest.raises(UserError, match="Vega-Lite draws no pie"):
        Chart(kinds=("pie",), tasks=("from_vega",))


def test_without_vega_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    _engine.cache_clear()
    try:
        with pytest.raises(NotInstalledError, match="Vega is not installed") as caught:
            draw_vega(write_vega(spec_of("bar", 1)))
        assert "leave from_vega out" in caught.value.todo
    finally:
        _engine.cache_clear()


def hidden_marks(spec: dict[str, Any]) -> None:
    spec["mark"]["opacity"] = 0


def white_bars(spec: dict[str, Any]) -> None:
    spec["mark"]["color"] = "#fefefe"


def white_words(spec: dict[str, Any]) -> None:
    spec["config"]["axis"] |= {"labelColor": "white", "titleColor": "white"}


def white_title(spec: dict[str, Any]) -> None:
    spec["title"] = {"text": spec["title"], "color": "white"}


def clipped_bars(spec: dict[str, Any]) -> None:
    spec["encoding"]["y"]["scale"]["domain"] = [0, 1]


def labels_that_compute(spec: dict[str, Any]) -> None:
    spec["encoding"]["y"]["axis"]["labelExpr"] = "test(regexp('^(a+)+$'), 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!') ? 'x' : 'y'"


def condition_that_computes(spec: dict[str, Any]) -> None:
    spec["encoding"]["color"] = {"condition": {"test": "random() > 0.5", "value": "red"}, "value": "blue"}


def huge_picture(spec: dict[str, Any]) -> None:
    spec["width"] = 1_000_000


def many_ticks(spec: dict[str, Any]) -> None:
    spec["encoding"]["y"]["axis"]["tickCount"] = 10**9


def another_font(spec: dict[str, Any]) -> None:
    spec["config"]["font"] = "Liberation Serif"


HIDING: tuple[Change, ...] = (
    *(hidden_marks, white_bars, white_words, white_title, clipped_bars, labels_that_compute, condition_that_computes),
    *(huge_picture, many_ticks, another_font),
)


@pytest.mark.parametrize("fault", HIDING, ids=lambda fault: fault.__name__)
def test_what_hides_computes_or_floods_is_not_drawn(fault: Change) -> None:
    spec = json.loads(write_vega(spec_of("bar", 1)))
    fault(spec)
    with pytest.raises(DataError, match="not_vega"):
        draw_vega(json.dumps(spec))


def test_words_that_leave_the_picture_or_touch_are_refused() -> None:
    spec = json.loads(write_vega(spec_of("bar", 1)))
    check_edge(draw_vega(json.dumps(spec)).png)
    spec["title"] = "Revenue of all European subsidiaries after tax, 2024, first quarter, final version, revised twice " * 2
    with pytest.raises(DataError, match="text_cut_off"):
        check_edge(draw_vega(json.dumps(spec)).png)
    spec = spec_of("bar", 1)
    long = replace(spec, categories=tuple(f"{name} and all that is about it" for name in spec.categories))
    written = json.loads(write_vega(long))
    written["encoding"]["x"]["axis"]["labelAngle"] = 0
    with pytest.raises(DataError, match="text_overlaps"):
        read_vega(draw_vega(json.dumps(written)).scene)


@pytest.mark.parametrize("change", [{"x": -30.0}, {"y": -5.0}, {"width": 2000.0}, {"height": 4000.0}, {"opacity": 0}, {"fillOpacity": 0.1}])
def test_marks_outside_of_the_plot_or_seen_through_are_refused(change: dict[str, float]) -> None:
    scene = draw_vega(write_vega(spec_of("bar", 1))).scene
    (bars,) = [mark for mark in marks_in(scene["scenegraph"]) if mark.get("role") == "mark" and mark["marktype"] == "rect"]
    bars["items"][0] |= change
    with pytest.raises(DataError, match="outside of the plot|seen through"):
        read_vega(scene)


def marks_in(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in item.get("items", ()):
        yield one
        yield from marks_in(one)

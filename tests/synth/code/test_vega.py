"""The same chart by another engine: every kind is drawn and read back from Vega's scene, and the verifier refuses what is not the same."""

import json
import sys
from collections.abc import Callable
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
from synth.code.vega_reading import read_vega
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

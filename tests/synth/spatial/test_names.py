"""Names that may mean more than one kind of thing in view are not asked about, and refused where they are."""

import json
from dataclasses import replace

import pytest
import yaml

from schemas.geometry_3d import Box3D
from schemas.sample import Sample
from synth.load import load_family
from synth.make import make_sample, verify_sample
from synth.spatial import prompts
from synth.spatial.objects import Thing, catalogue
from synth.spatial.relations_bodies import FARTHEST, HIGH, NEAR, NEAREST, PRIORS, Body, Spans, alike
from synth.spatial.seen import Seen


def test_what_people_may_call_so() -> None:
    assert prompts.may_mean("chair", ["office chair", "swivel chair"])
    kinds = catalogue()
    assert prompts.may_mean("table", kinds["desk"].names + kinds["desk"].is_a)
    assert prompts.may_mean("desk", kinds["table"].names + kinds["table"].is_a)
    assert prompts.may_mean("potted plant", ["small plant", "little potted plant"])
    assert not prompts.may_mean("armchair", ["chair"])


def renamed(sample: Sample, old: str, new: str) -> Sample:
    """Every question and program that names one thing, naming another."""
    turns = []
    for turn in sample.turns:
        proof = turn.proof and replace(turn.proof, program=json.loads(json.dumps(turn.proof.program).replace(old, new)))
        turns.append(replace(turn, text=turn.text.replace(old, new), proof=proof))
    return replace(sample, turns=tuple(turns))


@pytest.mark.slow
def test_a_wider_name_for_what_is_not_alone_is_refused() -> None:
    """Of scenes in which an armchair or an office chair stands, one asked about chairs."""
    family = load_family("spatial.grounding", {"tasks": ["count", "detect_2d", "detect_3d"], "places": ["office"]}, "test")
    tried = 0
    for index in range(6):
        sample = make_sample(family, "spatial.grounding", index, 11)
        for narrow in ("office chair", "armchair"):
            if any(narrow in turn.text for turn in sample.turns if turn.role == "user"):
                tried += 1
                reasons = [verdict.reason for verdict in verify_sample(family, renamed(sample, narrow, "chair")).verdicts]
                assert any("may mean" in reason for reason in reasons), reasons
    assert tried


def bodies(*kinds: str) -> list[Body]:
    """Things of which nothing but the kind matters."""
    nowhere = Spans((0.0,) * 3, (1.0,) * 3)
    item = Seen(0, 900, 1.0, (0.0, 0.0, 30.0, 30.0), (15.0, 15.0), 9, Box3D((0.0, 0.0, 1.0), (1.0, 1.0, 1.0)), 1.0, {})
    things = [Thing(kind, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), 0.0, 0, {}) for kind in kinds]
    return [
        Body(item, thing, f"the {thing.kind}", (0.0, 0.0, 0.0), nowhere, nowhere, nowhere, (1.0, 1.0, 1.0), (15.0, 15.0))
        for thing in things
    ]


def test_kinds_whose_names_tell_where_they_are_are_not_compared() -> None:
    """Pictures hang high and far, balls lie low: nobody need look."""
    assert not alike(HIGH, *bodies("frame", "ball"))
    assert not alike(NEAR, *bodies("frame", "table"))
    assert not alike(NEAREST, *bodies("mug", "tumbler", "table"))
    assert not alike(FARTHEST, *bodies("mug", "tumbler", "frame"))
    for column in (NEAR, HIGH, NEAREST, FARTHEST):
        assert alike(column, *bodies("mug", "mug"))
    rows = yaml.safe_load(PRIORS.read_text(encoding="utf-8"))
    assert set(rows) <= set(catalogue())
    assert all(len(row) == 5 and all(0 <= share <= 1 for share in row[:4]) for row in rows.values())

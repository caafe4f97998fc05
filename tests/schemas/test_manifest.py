"""Manifests and commit records: exact round trip, and a refusal for each way in which they can lie."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import IntegrityError
from schemas.manifest import CommitRecord, Ingredients, Manifest, Totals, fingerprint_of, inside

RECORD = CommitRecord(
    shard=0,
    file="shards/0-ab.arrow",
    rows=2,
    bytes=100,
    sha256="ab",
    text_tokens=30,
    vision_tokens=64,
    sample_ids=("a", "b"),
    row_crc32=(1, 2),
    planned=5,
    rejected={"blurred": 1},
    quarantined={"font_missing": 2},
    quarantine_file="quarantine/0-cd.arrow",
    quarantine_sha256="cd",
    verified_artefact=3,
    verified_truth=1,
)
RECIPE: dict[str, Any] = {"seed": 2**64 - 1, "sources": [{"params": {"a": [1.5, 1.0, None]}}]}
INGREDIENTS = Ingredients({"documents.report": 1}, {"font": "ef"}, {"pymupdf": "2.0"})
MANIFEST = Manifest(
    fingerprint=fingerprint_of(RECIPE, INGREDIENTS),
    recipe=RECIPE,
    ingredients=INGREDIENTS,
    shards=(RECORD, replace(RECORD, shard=1, sample_ids=("c", "d"))),
    totals=Totals.of([RECORD, RECORD]),
)


def test_round_trip() -> None:
    """Catches a field that is not written, or read as another type."""
    assert CommitRecord.from_json(RECORD.to_json(), "x") == RECORD
    assert Manifest.from_json(MANIFEST.to_json(), "x") == MANIFEST
    assert MANIFEST.totals == Totals(4, 200, 60, 128, 6, 2)
    document = json.loads(MANIFEST.to_json())
    assert (document["format"], document["version"]) == ("assay.dataset", 2)


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(MANIFEST.to_json())
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(version=3), "version 3: this Assay reads version 2; install"),
        (lambda m: m.update(format="lance"), "format 'lance'"),
        (lambda m: m.update(extra=1), "m.json: extra"),
        (lambda m: m.pop("fingerprint"), "m.json: fingerprint"),
        (lambda m: m["shards"][0].update(rows="2"), r"shards\.0\.rows"),
        (lambda m: m["shards"][0].update(planned=6), "planned 6 but kept 2 \\+ rejected 1 \\+ quarantined 2"),
        (lambda m: m["shards"][0].update(sample_ids=["a"]), "1 sample ids for 2 rows"),
        (lambda m: m["shards"][0].update(text_tokens=-1), "negative"),
        (lambda m: m["shards"][0].update(file="../../etc/passwd"), "inside the data set's folder"),
        (lambda m: m["shards"][0].update(quarantine_file="/etc/x"), "inside the data set's folder"),
        (lambda m: m["shards"][0].update(quarantine_sha256=None), "given together"),
        (lambda m: m["shards"].reverse(), "not 0 to 1 in order"),
        (lambda m: m["totals"].update(rows=5), "totals"),
        (lambda m: m["shards"][1].update(sample_ids=["c", "a"]), "1 samples occur twice, first a"),
        (lambda m: m.update(fingerprint="f" * 64), "fingerprint is ffff.* give"),
        (lambda m: m["recipe"].update(seed=2), "was edited"),
        (lambda m: m["ingredients"]["assets"].update(font="00"), "was edited"),
    ],
)
def test_each_lie_is_refused(change: Callable[[dict[str, Any]], object], message: str) -> None:
    """Each row is one planted fault in a stored manifest."""
    with pytest.raises(IntegrityError, match=message):
        Manifest.from_json(edited(change), "m.json")


def test_truncated_file_is_refused() -> None:
    """Catches a manifest cut off by a full disk."""
    with pytest.raises(IntegrityError, match=r"m\.json is not JSON"):
        Manifest.from_json(MANIFEST.to_json()[:-40], "m.json")


@pytest.mark.parametrize("path", ["", ".", "/a", "../a", "a/../../b", "C:/a", "a\\..\\b", "a\0"])
def test_paths_cannot_leave_the_folder(path: str) -> None:
    """Each row is a path that would read or write somewhere else."""
    with pytest.raises(IntegrityError):
        inside(Path("data"), path)


def test_ordinary_path() -> None:
    """Catches a check that refuses everything."""
    assert inside(Path("data"), "shards/0-ab.arrow") == Path("data/shards/0-ab.arrow")

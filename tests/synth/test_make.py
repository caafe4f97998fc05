"""`make_sample` in its two halves, what it records, and each way in which a family can break its contract."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from schemas.errors import DataError
from schemas.sample import Evidence, Image, Proof, Sample, Turn, Verdict
from schemas.seeds import derive_seed
from synth.check import check_draft, check_placeholders, check_verdicts
from synth.libraries import library_versions
from synth.load import load_family
from synth.make import draft_sample, make_sample, verify_sample

FAMILY = load_family("tiny.meters", {})


def sample() -> Sample:
    return make_sample(FAMILY, "tiny.meters", 3, 7)


def test_the_halves_make_the_whole() -> None:
    draft = draft_sample(FAMILY, "tiny.meters", 3, 7)
    assert draft.verdicts == ()
    assert verify_sample(FAMILY, draft) == sample()


def test_identity_comes_from_family_version_and_seed() -> None:
    seed = derive_seed(7, "tiny.meters", 3)
    assert sample().sample_id == f"tiny.meters/v1/{seed:016x}"
    assert sample().seed == seed


def test_two_sources_of_one_family_make_other_samples() -> None:
    other = make_sample(FAMILY, "tiny.meters", 3, 7, source="more")
    assert other.sample_id != sample().sample_id
    assert other.truth != sample().truth


def test_provenance_says_what_the_bytes_depend_on() -> None:
    found = json.loads(sample().provenance)
    assert found["parameters"]["meters"] == 3
    assert found["libraries"] == library_versions()
    assert {"numpy", "pillow", "pyarrow", "pymupdf", "zlib-ng"} <= set(found["libraries"])
    assert (found["source"], found["recipe_seed"]) == ("tiny.meters", 7)


def test_verifying_starts_from_the_stored_truth() -> None:
    lie = replace(sample(), truth='{"ask":"sum","readings":"none"}')
    with pytest.raises(ValueError, match="readings"):
        verify_sample(FAMILY, lie)


def test_placeholders_must_match_media() -> None:
    turns = (Turn("user", "<image><image> How much?"),)
    with pytest.raises(DataError, match="placeholder_mismatch"):
        check_placeholders(turns, 1, 0)
    with pytest.raises(DataError, match="<video>"):
        check_placeholders(turns, 2, 1)
    check_placeholders(turns, 2, 0)


def with_evidence(evidence: Evidence) -> Callable[[Sample], Sample]:
    return lambda s: replace(s, turns=(*s.turns[:-1], replace(s.turns[-1], proof=Proof({}, 1, (evidence,)))))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: replace(s, images=(replace(s.images[0], width_px=1),)), "image_size"),
        (lambda s: replace(s, images=(Image.of(s.images[0].data, "jpeg", s.images[0].width_px, s.images[0].height_px),)), "image_size"),
        (with_evidence(Evidence(1, None)), "evidence_outside"),
        (with_evidence(Evidence(0, (0, 0, 1000, 10))), "evidence_outside"),
        (with_evidence(Evidence(0, (5, 5, 5, 10))), "evidence_outside"),
    ],
)
def test_what_breaks_the_contract_has_a_reason(change: Callable[[Sample], Sample], reason: str) -> None:
    check_draft(sample(), FAMILY)
    with pytest.raises(DataError) as caught:
        check_draft(change(sample()), FAMILY)
    assert caught.value.reason == reason


def test_every_answer_needs_its_verdict() -> None:
    right = sample().verdicts
    check_verdicts(sample(), right)
    for wrong in (right[:1], (*right, right[0]), (Verdict("other", True, "ok", "truth"), right[1])):
        with pytest.raises(DataError, match="verdict_missing"):
            check_verdicts(sample(), wrong)

"""Samples for the schema tests: one written by hand, and a hypothesis strategy over everything a sample can hold."""

from typing import TypeVar

from hypothesis import strategies as st

from schemas.canonical import canonical_json
from schemas.sample import Attachment, Clip, Evidence, Image, Json, Proof, Sample, Turn, Verdict

T = TypeVar("T")
TEXT = st.text(max_size=20)  # hypothesis leaves lone surrogates out of text by itself
REAL = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 2**31 - 1)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | REAL | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _tuples(of: st.SearchStrategy[T], max_size: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(of, max_size=max_size).map(tuple)


EVIDENCE = st.builds(
    Evidence,
    image=st.none() | COUNT,
    box_px=st.none() | st.tuples(REAL, REAL, REAL, REAL),
    clip=st.none() | COUNT,
    time_s=st.none() | st.tuples(REAL, REAL),
    note=TEXT,
)
CLIP = st.builds(
    Clip,
    frames=_tuples(st.binary(max_size=30)),
    time_s=_tuples(REAL),
    frame_index=_tuples(st.integers(0, 2**63 - 1)),
    source_fps=REAL,
    duration_s=REAL,
    source_sha256=TEXT,
)
TURN = st.builds(
    Turn,
    role=st.sampled_from(["system", "user", "assistant"]),
    text=TEXT,
    task=TEXT,
    weight=REAL,
    proof=st.none() | st.builds(Proof, program=JSON, answer=JSON, evidence=_tuples(EVIDENCE)),
)
SAMPLE = st.builds(
    Sample,
    sample_id=TEXT,
    family=TEXT,
    family_version=COUNT,
    index=st.integers(0, 2**63 - 1),
    seed=st.integers(0, 2**64 - 1),
    languages=_tuples(TEXT),
    tags=_tuples(TEXT),
    images=_tuples(st.builds(Image.of, st.binary(max_size=30), st.sampled_from(["png", "jpeg", "webp"]), width_px=COUNT, height_px=COUNT)),
    clips=_tuples(CLIP, 2),
    attachments=_tuples(st.builds(Attachment.of, TEXT, TEXT, st.binary(max_size=30))),
    turns=_tuples(TURN),
    truth=JSON.map(canonical_json),
    verdicts=_tuples(st.builds(Verdict, task=TEXT, passed=st.booleans(), reason=TEXT, how=st.sampled_from(["artefact", "truth"]))),
    provenance=JSON.map(canonical_json),
    text_tokens=COUNT,
    vision_tokens=COUNT,
    scores=st.dictionaries(st.sampled_from(["sharpness", "text.entropy"]), st.floats(width=32, allow_nan=False, allow_infinity=False)),
)


def sample(number: int = 0, scores: dict[str, float] | None = None) -> Sample:
    """A small sample with one image, one attachment and one proved answer."""
    proof = Proof({"op": "cell", "row": number}, "12.5", (Evidence(image=0, box_px=(1.5, 2.0, 30.25, 40.0), note="Table 1"),))
    return Sample(
        sample_id=f"documents.report/v1/{number:016x}",
        family="documents.report",
        family_version=1,
        index=number,
        seed=2**64 - 1 - number,
        languages=("en", "zh-Hans"),
        tags=("easy",),
        images=(Image.of(b"\x89PNG" + bytes(range(200)), "png", 64, 32),),
        clips=(),
        attachments=(Attachment.of("report.pdf", "application/pdf", b"%PDF-1.7"),),
        turns=(Turn("user", "<image>\nWas steht hier?"), Turn("assistant", "12.5", "lookup", 1.0, proof)),
        truth=canonical_json({"title": "Bericht №1", "cells": [1, 2.5, None]}),
        verdicts=(Verdict("lookup", True, "read from the text layer", "artefact"),),
        provenance="{}",
        text_tokens=17,
        vision_tokens=64,
        scores=scores or {},
    )

"""Turns a sample into one Arrow row and back, exactly. `SCHEMA` is the format; `schemas.shard` puts rows into files.

In memory a turn carries its proof; on disk the `truth` column holds both, as canonical JSON `{"proofs": [...], "world": ...}`, so that
the `turns` column stays what a trainer reads. Media are `large_binary`, because 32-bit offsets overflow at 2 GiB, also inside lists.
Scores are float32 columns `score.<filter>`, which follow the fixed columns in name order. Nothing here knows about files or folders.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from schemas.canonical import canonical_json, parse_json
from schemas.sample import Attachment, Clip, Evidence, Image, Json, Proof, Sample, Turn, Verdict

FORMAT = "assay.sample"
VERSION = 1
SCORE_PREFIX = "score."

_IMAGE = pa.struct(
    [("bytes", pa.large_binary()), ("format", pa.string()), ("width_px", pa.int32()), ("height_px", pa.int32()), ("sha256", pa.string())]
)
_CLIP = pa.struct(
    [
        ("frames", pa.list_(pa.large_binary())),
        ("time_s", pa.list_(pa.float64())),
        ("frame_index", pa.list_(pa.int64())),
        ("source_fps", pa.float64()),
        ("duration_s", pa.float64()),
        ("source_sha256", pa.string()),
    ]
)
_ATTACHMENT = pa.struct([("name", pa.string()), ("media_type", pa.string()), ("bytes", pa.large_binary()), ("sha256", pa.string())])
_TURN = pa.struct([("role", pa.string()), ("text", pa.string()), ("task", pa.string()), ("weight", pa.float64())])
_VERDICT = pa.struct([("task", pa.string()), ("passed", pa.bool_()), ("reason", pa.string()), ("how", pa.string())])

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("sample_id", pa.string()),
    ("family", pa.string()),
    ("family_version", pa.int32()),
    ("index", pa.int64()),
    ("seed", pa.uint64()),
    ("languages", pa.list_(pa.string())),
    ("tags", pa.list_(pa.string())),
    ("images", pa.list_(_IMAGE)),
    ("clips", pa.list_(_CLIP)),
    ("attachments", pa.list_(_ATTACHMENT)),
    ("turns", pa.list_(_TURN)),
    ("truth", pa.large_string()),
    ("verdicts", pa.list_(_VERDICT)),
    ("provenance", pa.string()),
    ("text_tokens", pa.int32()),
    ("vision_tokens", pa.int32()),
]

SCHEMA: pa.Schema = pa.schema(_COLUMNS, metadata={b"format": FORMAT.encode(), b"version": str(VERSION).encode()})
"""The fixed columns of format version 1, with the format's name and version as metadata."""


def schema_with(scores: Iterable[str]) -> pa.Schema:
    """`SCHEMA` followed by one float32 column `score.<name>` for each name, in name order."""
    schema = SCHEMA
    for name in sorted(scores):
        schema = schema.append(pa.field(SCORE_PREFIX + name, pa.float32()))
    return schema


def sample_to_row(sample: Sample) -> dict[str, Any]:
    """The row of `sample`: column name to value, with one `score.<name>` column for each of its scores.

    Raises:
        ValueError: `truth` or `provenance` is not canonical JSON, or a score is not a finite float32.
    """
    row: dict[str, Any] = {
        "sample_id": sample.sample_id,
        "family": sample.family,
        "family_version": sample.family_version,
        "index": sample.index,
        "seed": sample.seed,
        "languages": list(sample.languages),
        "tags": list(sample.tags),
        "images": [_image_to_row(image) for image in sample.images],
        "clips": [_clip_to_row(clip) for clip in sample.clips],
        "attachments": [{"name": a.name, "media_type": a.media_type, "bytes": a.data, "sha256": a.sha256} for a in sample.attachments],
        "turns": [{"role": t.role, "text": t.text, "task": t.task, "weight": t.weight} for t in sample.turns],
        "truth": _truth_to_json(sample),
        "verdicts": [{"task": v.task, "passed": v.passed, "reason": v.reason, "how": v.how} for v in sample.verdicts],
        "provenance": _canonical(sample.provenance, "provenance", sample.sample_id),
        "text_tokens": sample.text_tokens,
        "vision_tokens": sample.vision_tokens,
    }
    for name, score in sorted(sample.scores.items()):
        row[SCORE_PREFIX + name] = as_float32(score)
    return row


def check_storable(sample: Sample) -> Sample:
    """`sample` itself, if it has a row; so that what cannot be stored is found while only that sample is at stake.

    Raises:
        ValueError: As `sample_to_row`; or text holds a lone surrogate (UnicodeEncodeError); or a value does not fit its column.
        TypeError: A value is of a type that its column or JSON does not have (ArrowTypeError).
        OverflowError: A whole number is outside its column's range.
    """
    pa.RecordBatch.from_pylist([sample_to_row(sample)], schema=schema_with(sample.scores))
    return sample


def row_to_sample(row: Mapping[str, Any]) -> Sample:
    """The sample of a row; the inverse of `sample_to_row`. A score column that is null is a score the sample does not have."""
    world, proofs = _truth_from_json(row["truth"])
    turns = tuple(Turn(t["role"], t["text"], t["task"], t["weight"], proofs.get(number)) for number, t in enumerate(row["turns"]))
    scores = {key.removeprefix(SCORE_PREFIX): value for key, value in row.items() if key.startswith(SCORE_PREFIX) and value is not None}
    return Sample(
        sample_id=row["sample_id"],
        family=row["family"],
        family_version=row["family_version"],
        index=row["index"],
        seed=row["seed"],
        languages=tuple(row["languages"]),
        tags=tuple(row["tags"]),
        images=tuple(Image(i["bytes"], i["format"], i["width_px"], i["height_px"], i["sha256"]) for i in row["images"]),
        clips=tuple(_clip_from_row(clip) for clip in row["clips"]),
        attachments=tuple(Attachment(a["name"], a["media_type"], a["bytes"], a["sha256"]) for a in row["attachments"]),
        turns=turns,
        truth=world,
        verdicts=tuple(Verdict(v["task"], v["passed"], v["reason"], v["how"]) for v in row["verdicts"]),
        provenance=row["provenance"],
        text_tokens=row["text_tokens"],
        vision_tokens=row["vision_tokens"],
        scores=scores,
    )


def as_float32(score: float) -> float:
    """`score` rounded to the nearest float32, as it is stored; ValueError when that is not finite."""
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", score))[0]
    except OverflowError:
        rounded = float("inf")
    if not abs(rounded) < float("inf"):
        raise ValueError(f"score {score!r} is not a finite float32; a filter must return a finite number, higher is better")
    return rounded


def _image_to_row(image: Image) -> dict[str, Any]:
    return {
        "bytes": image.data,
        "format": image.format,
        "width_px": image.width_px,
        "height_px": image.height_px,
        "sha256": image.sha256,
    }


def _clip_to_row(clip: Clip) -> dict[str, Any]:
    return {
        "frames": list(clip.frames),
        "time_s": list(clip.time_s),
        "frame_index": list(clip.frame_index),
        "source_fps": clip.source_fps,
        "duration_s": clip.duration_s,
        "source_sha256": clip.source_sha256,
    }


def _clip_from_row(row: Mapping[str, Any]) -> Clip:
    return Clip(
        frames=tuple(row["frames"]),
        time_s=tuple(row["time_s"]),
        frame_index=tuple(row["frame_index"]),
        source_fps=row["source_fps"],
        duration_s=row["duration_s"],
        source_sha256=row["source_sha256"],
    )


def _canonical(text: str, column: str, sample_id: str) -> str:
    if canonical_json(parse_json(text)) != text:
        raise ValueError(f"{column} of sample {sample_id} is not canonical JSON: {text[:80]!r}; write it with canonical_json")
    return text


def _truth_to_json(sample: Sample) -> str:
    # Joined as text: keys are in sorted order and the world is already canonical, so a large world is not written twice.
    world = _canonical(sample.truth, "truth", sample.sample_id)
    proofs = [_proof_to_json(number, turn.proof) for number, turn in enumerate(sample.turns) if turn.proof is not None]
    return f'{{"proofs":{canonical_json(proofs)},"world":{world}}}'


def _truth_from_json(text: str) -> tuple[str, dict[int, Proof]]:
    document: Any = parse_json(text)
    return canonical_json(document["world"]), {proof["turn"]: _proof_from_json(proof) for proof in document["proofs"]}


def _proof_to_json(turn: int, proof: Proof) -> dict[str, Json]:
    return {
        "turn": turn,
        "program": proof.program,
        "answer": proof.answer,
        "evidence": [_evidence_to_json(evidence) for evidence in proof.evidence],
    }


def _proof_from_json(proof: Mapping[str, Any]) -> Proof:
    return Proof(proof["program"], proof["answer"], tuple(_evidence_from_json(evidence) for evidence in proof["evidence"]))


def _evidence_to_json(evidence: Evidence) -> Json:
    return {
        "image": evidence.image,
        "box_px": None if evidence.box_px is None else list(evidence.box_px),
        "clip": evidence.clip,
        "time_s": None if evidence.time_s is None else list(evidence.time_s),
        "note": evidence.note,
    }


def _evidence_from_json(evidence: Mapping[str, Any]) -> Evidence:
    box_px, time_s = evidence["box_px"], evidence["time_s"]
    return Evidence(
        image=evidence["image"],
        box_px=None if box_px is None else (box_px[0], box_px[1], box_px[2], box_px[3]),
        clip=evidence["clip"],
        time_s=None if time_s is None else (time_s[0], time_s[1]),
        note=evidence["note"],
    )

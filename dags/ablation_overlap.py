"""Whether anything that is asked about was trained on: by identity, by picture, by conversation; and which assets both sides share.

Identity is family and seed; a picture is its pixels' file; a conversation is its questions and answers with its pictures. Any of these in
common is overlap, and refused. Shared assets, such as fonts, are counted, since a text in a known font is still an unread text.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas.canonical import canonical_json
from schemas.sample import Sample, sha256_hex
from schemas.shard import Dataset

SHOWN = 5
"""Examples kept of each kind of overlap."""


def find_overlap(asked: Path, trained: Sequence[Path]) -> dict[str, Any]:
    """What the data set `asked` has in common with those in `trained`.

    Returns:
        `overlapping`, the number of samples asked about that share content, with `examples`; `assets`, how many of theirs are used in
        training too, and `shared_assets`.
    """
    marks: dict[str, list[str]] = {}
    own_assets: set[str] = set()
    for sample in Dataset(asked):
        for mark in marks_of(sample):
            marks.setdefault(mark, []).append(sample.sample_id)
        own_assets |= assets_of(sample)
    common: dict[str, str] = {}
    other_assets: set[str] = set()
    for folder in trained:
        for sample in Dataset(folder):
            for mark in marks_of(sample):
                for one in marks.get(mark, ()):
                    common.setdefault(one, f"{one} has the same {mark.partition(':')[0]} as {sample.sample_id} in {folder.name}")
            other_assets |= assets_of(sample)
    shared = sorted(own_assets & other_assets)
    return {
        "overlapping": len(common),
        "examples": [common[one] for one in sorted(common)[:SHOWN]],
        "assets": len(own_assets),
        "shared_assets": len(shared),
    }


def marks_of(sample: Sample) -> Iterator[str]:
    """What makes a sample the same as another, each with its kind before the first colon."""
    yield f"seed: {sample.family} {sample.seed}"
    pictures = [image.sha256 for image in sample.images]
    pictures += [sha256_hex(b"".join(clip.frames)) for clip in sample.clips]
    yield from (f"picture: {digest}" for digest in pictures)
    said = [[turn.role, turn.text] for turn in sample.turns]
    yield f"conversation: {sha256_hex(canonical_json([pictures, said]).encode())}"


def assets_of(sample: Sample) -> set[str]:
    """Hashes of the outside files that a sample was made from."""
    return set(_hashes(json.loads(sample.provenance)))


def _hashes(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(value.get("sha256"), str):
            yield value["sha256"]
        for inner in value.values():
            yield from _hashes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _hashes(inner)

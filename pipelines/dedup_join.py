"""Finds samples with equal keys, and of those that share a band of their text's signature the near-duplicates, without holding a corpus.

Keys of each shard are sorted into parts by their value; then each part, gathered from all shards, is joined by itself. That is a shuffle
through files: of 24 bytes a key, in as many parts as the memory allowed for one asks for. In a group of equal keys, members are compared
with a few leaders and not with each other, so that a hundred thousand equal rows cost a hundred thousand comparisons. Groups are gone
through in the order of their members' content, so that what is found does not depend on shards, their order or their number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filters.duplicates import TextRule, TextSketch, alike, band_keys
from pipelines.dedup_features import Table

SAME_CONTENT, SAME_TRUTH, NEAR_TEXT, NEAR_PICTURE, NEAR_CLIP = 1, 2, 3, 4, 5
REASONS = {
    SAME_CONTENT: "same content",
    SAME_TRUTH: "same truth",
    NEAR_TEXT: "near text",
    NEAR_PICTURE: "near picture",
    NEAR_CLIP: "near clip",
}
KEY: np.dtype[Any] = np.dtype([("key", "<u8"), ("content", "<u8"), ("file", "<u4"), ("row", "<u4")])
EDGE: np.dtype[Any] = np.dtype([("kind", "<u4"), ("file", "<u4"), ("row", "<u4"), ("to_file", "<u4"), ("to_row", "<u4")])
"""A sample, and one it is like: for texts the leader of their group."""
LEADERS = 32
"""Members of a group that others are compared with; more are needed only where many texts share a band and are not alike."""
MEMBERS = 1 << 13
"""Members compared at a time."""
JOIN_BYTES = 72
"""Memory a key takes while its part is joined: itself, its order, and its sorted copy."""


def keys_of(file: int, rows: Table, rule: TextRule, kind: int) -> Table:
    """The keys of one kind of a shard's rows: `SAME_CONTENT`, `SAME_TRUTH` or `NEAR_TEXT`."""
    if kind == NEAR_TEXT:
        chosen = np.flatnonzero(rows["words"] >= rule.words)
        values = band_keys(rows["signature"][chosen], rule)
    else:
        chosen = np.arange(len(rows))
        values = rows["content" if kind == SAME_CONTENT else "truth"][:, None]
    keys = np.zeros(values.shape, KEY)
    keys["key"], keys["content"] = values, rows["content"][chosen, None]
    keys["file"], keys["row"] = file, chosen[:, None]
    return keys.ravel()


def split(keys: Table, parts: int, path: Path) -> None:
    """Write keys sorted by part, and beside them where each part begins."""
    part = keys["key"] % np.uint64(parts)
    order = np.argsort(part, kind="stable")
    np.save(path.with_suffix(".begins.npy"), np.searchsorted(part[order], np.arange(parts + 1)))
    np.save(path, keys[order], allow_pickle=False)


def join(paths: Sequence[Path], part: int, kind: int, rows: "Sequence[Table]", rule: TextRule) -> Table:
    """The edges among all keys of one part."""
    found = []
    for path in paths:
        begin, end = np.load(path.with_suffix(".begins.npy"))[part : part + 2]
        found.append(np.load(path, mmap_mode="r")[begin:end])
    keys = np.concatenate(found) if found else np.zeros(0, KEY)
    keys = keys[np.lexsort((keys["row"], keys["file"], keys["content"], keys["key"]))]
    starts = np.flatnonzero(np.diff(keys["key"], prepend=~keys["key"][:1]))
    ends = np.append(starts[1:], len(keys))
    edges = [np.zeros(0, EDGE)]
    several = ends - starts > 1
    for start, end in zip(starts[several].tolist(), ends[several].tolist(), strict=True):
        group = keys[start:end]
        edges.append(_near(group, rows, rule) if kind == NEAR_TEXT else _star(group[0], group[1:], kind))
    joined: Table = np.unique(np.concatenate(edges))
    return joined


def _star(leader: Any, members: Table, kind: int) -> Table:
    edges = np.zeros(len(members), EDGE)
    edges["kind"], edges["to_file"], edges["to_row"] = kind, leader["file"], leader["row"]
    edges["file"], edges["row"] = members["file"], members["row"]
    return edges


def _near(group: Table, rows: "Sequence[Table]", rule: TextRule) -> Table:
    """Edges in a group of texts that share a band: each to the first leader it is like; who is like none becomes a leader."""
    edges = [np.zeros(0, EDGE)]
    left = group
    for _ in range(LEADERS):
        if len(left) < 2:
            break
        leader, left = left[0], left[1:]
        row = rows[leader["file"]][leader["row"]]
        sketch = TextSketch(row["signature"], row["numbers"], row["names"], int(row["words"]))
        parts = [_alike(sketch, left[at : at + MEMBERS], rows, rule) for at in range(0, len(left), MEMBERS)]
        near = np.concatenate(parts)
        edges.append(_star(leader, left[near], NEAR_TEXT))
        left = left[~near]
    return np.concatenate(edges)


def _alike(leader: TextSketch, members: Table, rows: "Sequence[Table]", rule: TextRule) -> NDArray[np.bool_]:
    found = np.zeros(len(members), rows[0].dtype)
    for file in np.unique(members["file"]):
        here = members["file"] == file
        found[here] = rows[file][members["row"][here]]
    return alike(leader, found["signature"], found["numbers"], found["names"], rule)

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

SAME_CONTENT, SAME_TRUTH, NEAR_TEXT, NEAR_PICTURE, NEAR_CLIP, SAME_MEDIA = 1, 2, 3, 4, 5, 6
REASONS = {
    SAME_CONTENT: "same content",
    SAME_TRUTH: "same truth",
    NEAR_TEXT: "near text",
    NEAR_PICTURE: "near picture",
    NEAR_CLIP: "near clip",
    SAME_MEDIA: "same media",
}
"""Same media: other is asked or answered of pictures, frames or a text that are the same, or nearly. Such samples stay unless one asks."""
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
        edges.append(_star(group[0], group[1:], kind) if kind == SAME_CONTENT else _led(group, rows, kind, rule))
    joined: Table = np.unique(np.concatenate(edges))
    return joined


def _star(leader: Any, members: Table, kind: int) -> Table:
    edges = np.zeros(len(members), EDGE)
    edges["kind"], edges["to_file"], edges["to_row"] = kind, leader["file"], leader["row"]
    edges["file"], edges["row"] = members["file"], members["row"]
    return edges


def _near(leader: Any, others: Table, rule: TextRule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of rows that share a band with a leader: whose texts are like its; and who also talks of the same, bool (rows,) each.

    Long answers are part of the texts, so that they were compared, unless both talk of the same pictures.
    """
    sketch = TextSketch(leader["signature"], leader["numbers"], leader["names"], int(leader["words"]))
    near = alike(sketch, others["signature"], others["numbers"], others["names"], rule)
    compared = (np.minimum(leader["answered"], others["answered"]) >= rule.words) & _other_media(leader, others)
    return near, same_talk(leader, others, rule) | compared


def _true(leader: Any, others: Table, rule: TextRule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of rows of one truth: all; and who does not ask otherwise of the same pictures."""
    return np.ones(len(others), bool), same_talk(leader, others, rule) | _other_media(leader, others)


def same_talk(one: Any, others: Any, rule: TextRule) -> NDArray[np.bool_]:
    """Whether rows ask and answer the same as `one`, up to case and space: bool (rows,). Long answers to one question count as the same,
    for their texts are compared elsewhere; of equal long answers it does not matter how they were asked for.
    """
    long = np.minimum(one["answered"], others["answered"]) >= rule.words
    same: NDArray[np.bool_] = (one["talk"] == others["talk"]) | (long & (one["asked"] == others["asked"]))
    return same


def _other_media(one: Any, others: Table) -> NDArray[np.bool_]:
    other: NDArray[np.bool_] = (one["media"] != others["media"]) | (one["media"] == 0)
    return other


def _led(group: Table, rows: "Sequence[Table]", kind: int, rule: TextRule) -> Table:
    """Edges in a group of equal keys: each to the first leader it is a duplicate of, and to leaders of the same that are asked otherwise;
    who is a duplicate of none becomes a leader.
    """
    judge = _near if kind == NEAR_TEXT else _true
    edges = [np.zeros(0, EDGE)]
    left = group
    for _ in range(LEADERS):
        if len(left) < 2:
            break
        leader, left = left[0], left[1:]
        row = rows[leader["file"]][leader["row"]]
        parts = [judge(row, _gather(left[at : at + MEMBERS], rows), rule) for at in range(0, len(left), MEMBERS)]
        like, same = (np.concatenate(part) for part in zip(*parts, strict=True))
        edges += [_star(leader, left[like & same], kind), _star(leader, left[like & ~same], SAME_MEDIA)]
        left = left[~(like & same)]
    return np.concatenate(edges)


def _gather(members: Table, rows: "Sequence[Table]") -> Table:
    found = np.zeros(len(members), rows[0].dtype)
    for file in np.unique(members["file"]):
        here = members["file"] == file
        found[here] = rows[file][members["row"][here]]
    return found

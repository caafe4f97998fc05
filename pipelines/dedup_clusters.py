"""From pairs of duplicates to clusters, to who stays. What stays follows from content alone: of a cluster the sample with most tokens,
among equals the one with the least content hash, then the least name; a sample of an older set, which cannot be dropped any more, before
all others.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.dedup_features import ShardFile, Table
from pipelines.dedup_join import REASONS, SAME_MEDIA

_CLUSTERS: list[tuple[str, pa.DataType]] = [
    ("cluster", pa.string()),
    ("size", pa.int64()),
    ("sample_id", pa.string()),
    ("data_set", pa.int64()),
    ("kept", pa.bool_()),
    ("reason", pa.string()),
    ("survivor", pa.string()),
]
CLUSTERS: pa.Schema = pa.schema(_CLUSTERS, metadata={b"format": b"assay.clusters", b"version": b"1"})
"""A row a sample that has a duplicate: its cluster, named by the least content hash in it; its data set, by number in the order of their
fingerprints; why it is one; and
who stays, which is empty where it stays itself."""


def cluster(edges: Table, rows: Sequence[Table], shards: Sequence[ShardFile], drop_same_media: bool = False) -> pa.Table:
    """The table of all samples that have a duplicate, ordered by cluster and content; then that of samples that stay although there are
    others of the same media, unless those are to be dropped: a survivor may stand in both.
    """
    if drop_same_media:
        return _clustered(edges, rows, shards)
    table = _clustered(edges[edges["kind"] != SAME_MEDIA], rows, shards)
    gone = {(row["data_set"], row["sample_id"]) for row in table.to_pylist() if not row["kept"]}
    everyone = _clustered(edges, rows, shards).to_pylist()
    stay = [row for row in everyone if (row["data_set"], row["sample_id"]) not in gone]
    sizes = Counter(row["cluster"] for row in stay)
    mixed = {row["cluster"] for row in stay if row["reason"] == REASONS[SAME_MEDIA]}
    kept = [
        row | {"size": sizes[row["cluster"]], "kept": True, "survivor": "", "reason": REASONS[SAME_MEDIA]}
        for row in stay
        if row["cluster"] in mixed and sizes[row["cluster"]] > 1
    ]
    return pa.concat_tables([table, pa.Table.from_pylist(kept, schema=CLUSTERS)])


def _clustered(edges: Table, rows: Sequence[Table], shards: Sequence[ShardFile]) -> pa.Table:
    if not len(edges):
        return CLUSTERS.empty_table()
    starts = np.cumsum([0, *(len(part) for part in rows)])
    ends = np.stack([starts[edges["file"]] + edges["row"], starts[edges["to_file"]] + edges["to_row"]], axis=1)
    members, places = np.unique(ends, return_inverse=True)
    places = places.reshape(ends.shape)
    count = len(members)
    _, label = connected_components(coo_array((np.ones(len(edges), np.int8), (places[:, 0], places[:, 1])), (count, count)))
    reason = np.full(count, 99, np.int64)  # of several, the strongest
    for side in (0, 1):
        np.minimum.at(reason, places[:, side], edges["kind"].astype(np.int64))
    file = np.searchsorted(starts, members, side="right") - 1
    row = members - starts[file]
    content = np.array([rows[f]["content"][r] for f, r in zip(file, row, strict=True)], np.uint64)
    tokens = np.array([rows[f]["tokens"][r] for f, r in zip(file, row, strict=True)], np.int64)
    old = np.array([shards[f].old for f in file], bool)
    places_of = [(shards[f], int(r)) for f, r in zip(file, row, strict=True)]
    names = np.array([_id(place) for place in places_of])
    order = np.lexsort((members, names, content, -tokens, ~old, label))
    return _table(order, label, content, reason, old, places_of)


def _table(
    order: NDArray[np.int64],
    label: NDArray[np.int32],
    content: NDArray[np.uint64],
    reason: NDArray[np.int64],
    old: NDArray[np.bool_],
    members: list[tuple[ShardFile, int]],
) -> pa.Table:
    found: list[dict[str, Any]] = []
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    for begin, end in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        group = order[begin:end]
        name = f"{int(content[group].min()):016x}"
        survivor = _id(members[group[0]])
        for place, member in enumerate(group.tolist()):
            kept = place == 0 or bool(old[member])
            found.append(
                {
                    "cluster": name,
                    "size": len(group),
                    "sample_id": _id(members[member]),
                    "data_set": members[member][0].data_set,
                    "kept": kept,
                    "reason": REASONS[int(reason[member])],
                    "survivor": "" if kept else survivor,
                }
            )
    places = sorted(range(len(found)), key=lambda at: found[at]["cluster"])  # stable: within a cluster the survivor comes first
    return pa.Table.from_pylist([found[at] for at in places], schema=CLUSTERS)


def _id(member: tuple[ShardFile, int]) -> str:
    shard, row = member
    return shard.record.sample_ids[row]


def dropped(table: pa.Table, data_set: int) -> dict[str, tuple[str, str, str]]:
    """Of one data set: sample id to reason, cluster and survivor of what is dropped."""
    return {
        row["sample_id"]: (row["reason"], row["cluster"], row["survivor"])
        for row in table.to_pylist()
        if row["data_set"] == data_set and not row["kept"]
    }

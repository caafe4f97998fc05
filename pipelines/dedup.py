"""The stages of `assay dedup` between shards and a data set without duplicates: which inputs, pairs of pictures, shards written again.

What is dropped becomes a reject of its shard, with its reason, its cluster and its survivor, so that the ledger of the new data set still
says of every sample that was ever planned what became of it.
"""

import io
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from filters.duplicates import TextRule, TextSketch, alike
from pipelines.commit import FinishedShard, commit_shard
from pipelines.dedup_clusters import dropped
from pipelines.dedup_features import PICTURE, ShardFile, Table, feature_paths, write_features
from pipelines.dedup_join import EDGE, KEY, NEAR_PICTURE, NEAR_TEXT, SAME_CONTENT, SAME_MEDIA, SAME_TRUTH, join, keys_of, same_talk, split
from pipelines.dedup_pictures import proposals, same_picture, windows_of
from pipelines.quarantine import DEDUP, Reject, count_reasons, read_quarantine, write_quarantine
from schemas.manifest import CommitRecord, Ingredients, Manifest, Totals, fingerprint_of, inside
from schemas.shard import ShardReader, ShardWriter, read_manifest
from schemas.shard_rows import row_checksums
from synth.libraries import library_versions

KINDS = (SAME_CONTENT, SAME_TRUTH, NEAR_TEXT)
PICTURE_SHARE = 0.5
"""Share of the pictures of each of two samples that must be pictures of the other (chosen: a report may share a cover with another)."""
PICTURE_BLOCK = 2048
"""Pictures whose hashes are compared with as many others in one task: 4 million pairs."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is looked through: every shard, ordered by the fingerprints of their data sets, and the manifests in that order."""

    shards: tuple[ShardFile, ...]
    manifests: tuple[Manifest, ...]
    old: tuple[bool, ...]

    @classmethod
    def of(cls, folders: Sequence[Path], older: Sequence[Path]) -> "Inputs":
        """The finished data sets in `folders`, and in `older` those that were looked through before. UserError if one is not finished."""
        sets = [(read_manifest(folder), folder.resolve(), old) for part, old in ((folders, False), (older, True)) for folder in part]
        sets.sort(key=lambda one: (one[2], one[0].fingerprint, [record.sha256 for record in one[0].shards]))
        shards = [ShardFile(n, folder, record, old) for n, (manifest, folder, old) in enumerate(sets) for record in manifest.shards]
        return cls(tuple(shards), tuple(one[0] for one in sets), tuple(one[2] for one in sets))

    def recipe(self, rule: TextRule, drop_same_media: bool) -> dict[str, Any]:
        """What the result depends on, in place of a recipe."""
        used = [
            {"fingerprint": manifest.fingerprint, "shards": [r.sha256 for r in manifest.shards], "old": old, "recipe": manifest.recipe}
            for manifest, old in zip(self.manifests, self.old, strict=True)
        ]
        return {"dedup": {"text": asdict(rule), "drop_same_media": drop_same_media}, "inputs": used}

    def ingredients(self) -> Ingredients:
        """The families of all inputs, of versions that differ the highest; their assets; the libraries that are here."""
        made = [manifest.ingredients for manifest, old in zip(self.manifests, self.old, strict=True) if not old]
        families: dict[str, int] = {}
        for one in made:
            families |= {name: max(version, families.get(name, version)) for name, version in one.families.items()}
        assets = {f"{number}/{name}": sha for number, one in enumerate(made) for name, sha in one.assets.items()}
        return Ingredients(dict(sorted(families.items())), dict(sorted(assets.items())), library_versions())

    @property
    def written(self) -> tuple[ShardFile, ...]:
        """The shards that are written again; shard k of the new data set comes from number k."""
        return tuple(shard for shard in self.shards if not shard.old)


@dataclass(frozen=True, slots=True)
class Work:
    """What every stage needs to know."""

    inputs: Inputs
    rule: TextRule
    out: Path
    parts: int
    drop_same_media: bool = False

    @property
    def recipe(self) -> dict[str, Any]:
        """What the result depends on."""
        return self.inputs.recipe(self.rule, self.drop_same_media)

    @property
    def features(self) -> Path:
        """Folder of what was found in each shard."""
        return self.out / "dedup" / "features"

    def rows(self) -> list[Table]:
        """The rows of every shard, mapped."""
        return [np.load(feature_paths(shard, self.rule, self.features)[0], mmap_mode="r") for shard in self.inputs.shards]

    def key_file(self, number: int, kind: int) -> Path:
        """Keys of one shard."""
        return self.out / "dedup" / "keys" / f"{number:06d}-{kind}.npy"


def look(number: int, work: Work) -> bytes:
    """Features and keys of shard `number` of the inputs, on disk."""
    shard = work.inputs.shards[number]
    write_features(shard, work.rule, work.features)
    rows = np.load(feature_paths(shard, work.rule, work.features)[0], mmap_mode="r")
    work.key_file(number, KINDS[0]).parent.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        split(keys_of(number, rows, work.rule, kind), work.parts, work.key_file(number, kind))
    return b""


def join_part(part: int, work: Work) -> bytes:
    """The edges of one part of all keys."""
    rows = work.rows()
    paths = {kind: [work.key_file(number, kind) for number in range(len(rows))] for kind in KINDS}
    return np.concatenate([np.zeros(0, EDGE), *(join(paths[kind], part, kind, rows, work.rule) for kind in KINDS)]).tobytes()


PAIR: np.dtype[Any] = np.dtype([(name, "<u4") for name in ("file", "row", "number", "to_file", "to_row", "to_number")])
"""Two pictures that are the same."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures, those with equal bytes once, in order of their hashes."""

    table: Table
    files: Any

    @classmethod
    def of(cls, work: Work) -> "Pictures":
        """Read from the features."""
        tables = [np.load(feature_paths(shard, work.rule, work.features)[1]) for shard in work.inputs.shards]
        table = np.concatenate(tables) if tables else np.zeros(0, PICTURE)
        files = np.repeat(np.arange(len(tables)), [len(one) for one in tables])
        order = np.lexsort((table["number"], table["row"], files, table["sha"]))
        return cls(table[order], files[order])

    def first(self) -> Any:
        """Of each group of equal pictures the first, and for every picture its group's."""
        _, first, group = np.unique(self.table["sha"], return_index=True, return_inverse=True)
        return first, first[group]


def block_count(different: int) -> int:
    """Blocks of pictures, all pairs of which are tasks."""
    return -(-different // PICTURE_BLOCK)


def block_pairs(blocks: int) -> list[tuple[int, int]]:
    """The tasks: each pair of blocks once."""
    return [(a, b) for a in range(blocks) for b in range(a, blocks)]


def compare_pictures(number: int, work: Work) -> bytes:
    """`PAIR`s among the different pictures of task `number`, confirmed on pixels."""
    pictures = Pictures.of(work)
    first, _ = pictures.first()
    a, b = block_pairs(block_count(len(first)))[number]
    left, right = (first[block * PICTURE_BLOCK : (block + 1) * PICTURE_BLOCK] for block in (a, b))
    table, files = pictures.table, pictures.files
    readers = [ShardReader(shard.path) for shard in work.inputs.shards]
    found: dict[tuple[int, int], None] = {}
    for i, j, window, other in proposals(table["hashes"][left], table["hashes"][right]):
        one, two = int(left[i]), int(right[j])
        if one >= two or (one, two) in found or (files[one] == files[two] and table["row"][one] == table["row"][two]):
            continue
        images = [readers[files[at]][int(table["row"][at])].images[int(table["number"][at])] for at in (one, two)]
        cuts = [windows_of(tuple(map(float, table["trimmed"][at])))[w] for at, w in ((one, window), (two, other))]  # type: ignore[arg-type]
        if same_picture(images[0], images[1], (cuts[0], cuts[1])):
            found[one, two] = None
    return np.array(list(found), "<u4").reshape(-1, 2).tobytes()


def picture_edges(pairs: Sequence[bytes], work: Work, rows: Sequence[Table]) -> Table:
    """Edges between samples of which enough pictures are the same, unless their texts say otherwise."""
    pictures = Pictures.of(work)
    _, group = pictures.first()
    talks: dict[int, dict[int, int]] = defaultdict(dict)  # group to talk to its first picture
    same: list[tuple[int, int]] = []
    for at, leader in enumerate(group.tolist()):
        first = talks[leader].setdefault(int(rows[pictures.files[at]]["talk"][pictures.table["row"][at]]), at)
        same += [(first, at)] if first != at else [(leader, at)] if leader != at else []
    for one, two in (pair for part in pairs for pair in np.frombuffer(part, "<u4").reshape(-1, 2).tolist()):
        ours, theirs = talks[one], talks[two]
        same += [(at, theirs.get(talk, two)) for talk, at in ours.items()] + [(one, at) for talk, at in theirs.items() if talk not in ours]
    mine: dict[tuple[int, int, int, int], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for one, two in same:
        places = sorted((int(pictures.files[at]), int(pictures.table["row"][at]), int(pictures.table["number"][at])) for at in (one, two))
        (file, row, number), (to_file, to_row, to_number) = places
        if (file, row) != (to_file, to_row):
            seen = mine[file, row, to_file, to_row]
            seen[0].add(number)
            seen[1].add(to_number)
    edges = [(_kind(rows, key, work.rule), *key) for key, seen in sorted(mine.items()) if _enough(rows, key, len(seen[0]), len(seen[1]))]
    return np.array([edge for edge in edges if edge[0]], EDGE)


def _kind(rows: Sequence[Table], key: tuple[int, int, int, int], rule: TextRule) -> int:
    """`NEAR_PICTURE` or `SAME_MEDIA` for two samples of the same pictures, or 0 if their texts say that the pictures are not the same."""
    one, other = rows[key[0]][key[1]], rows[key[2]][key[3]]
    agree = _agree(rows, key, rule)
    if agree and same_talk(one, other, rule):
        return NEAR_PICTURE
    return SAME_MEDIA if agree or one["media"] == other["media"] else 0


def _enough(rows: Sequence[Table], key: tuple[int, int, int, int], ours: int, theirs: int) -> bool:
    one, other = rows[key[0]][key[1]], rows[key[2]][key[3]]
    return bool(ours >= PICTURE_SHARE * one["pictures"] and theirs >= PICTURE_SHARE * other["pictures"])


def _agree(rows: Sequence[Table], key: tuple[int, int, int, int], rule: TextRule) -> bool:
    """Whether two samples' texts, if both have enough of it, hold the same numbers and names: pages of one template look alike."""
    one, other = rows[key[0]][key[1]], rows[key[2]][key[3]]
    if min(one["words"], other["words"]) < rule.words:
        return True
    sketch = TextSketch(one["signature"], one["numbers"], one["names"], int(one["words"]))
    loose = replace(rule, similar=0.0)
    return bool(alike(sketch, other["signature"][None], other["numbers"][None], other["names"][None], loose)[0])


def write_again(number: int, work: Work, clusters: pa.Table) -> bytes:
    """Shard `number` of the new data set, committed; its record's JSON."""
    shard = work.inputs.written[number]
    gone = dropped(clusters, shard.data_set)
    source = work.inputs.manifests[shard.data_set].fingerprint
    old = read_quarantine(inside(shard.folder, shard.record.quarantine_file)) if shard.record.quarantine_file else []
    rejects = [replace(reject, shard=number) for reject in old]
    reader, sink = ShardReader(shard.path, shard.record.sha256), io.BytesIO()
    ids, tokens, hows = [], [0, 0], []
    with ShardWriter(sink, reader.scores) as writer:
        for sample in reader:
            if sample.sample_id in gone:
                reason, name, survivor = gone[sample.sample_id]
                detail = f"of cluster {name}; {survivor} stays; the sample is still in the data set of fingerprint {source}"
                place = (sample.sample_id, sample.family, sample.family, sample.index, sample.seed, number)
                rejects.append(Reject("rejected", *place, stage=DEDUP, reason=f"duplicate, {reason}", detail=detail))
                continue
            writer.write(sample)
            ids.append(sample.sample_id)
            tokens = [tokens[0] + sample.text_tokens, tokens[1] + sample.vision_tokens]
            hows += [verdict.how for verdict in sample.verdicts]
    data = sink.getvalue()
    finished = FinishedShard(
        shard=number,
        data=memoryview(data),
        quarantine=write_quarantine(rejects) if rejects else None,
        sample_ids=tuple(ids),
        row_crc32=row_checksums(memoryview(data)),
        planned=shard.record.planned,
        text_tokens=tokens[0],
        vision_tokens=tokens[1],
        rejected=count_reasons(rejects, "rejected"),
        quarantined=count_reasons(rejects, "quarantined"),
        verified_artefact=hows.count("artefact"),
        verified_truth=hows.count("truth"),
    )
    return commit_shard(work.out, finished).to_json().encode()


def close(work: Work, records: Sequence[CommitRecord]) -> Manifest:
    """The manifest of the new data set."""
    recipe, ingredients = work.recipe, work.inputs.ingredients()
    shards = tuple(sorted(records, key=lambda record: record.shard))
    manifest = Manifest(fingerprint_of(recipe, ingredients), recipe, ingredients, shards, Totals.of(shards))
    manifest.check()
    return manifest


def plan_text(work: Work) -> str:
    """The text of `plan.json`."""
    recipe, ingredients = work.recipe, work.inputs.ingredients()
    document = {"fingerprint": fingerprint_of(recipe, ingredients), "recipe": recipe, "ingredients": asdict(ingredients)}
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def part_count(samples: int, rule: TextRule, memory_bytes: int, join_bytes: int) -> int:
    """Parts that keys are split into, so that one joined part stays within the memory allowed."""
    return max(1, -(-samples * (rule.bands + 2) * (join_bytes + KEY.itemsize) // memory_bytes))

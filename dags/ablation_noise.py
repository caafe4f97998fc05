"""A data set with some of its answers exchanged: the sensitivity control of an ablation. Its answers no longer prove; it is for training.

Which answers change places depends on seed, sample and turn alone, so those of a smaller share are among those of a larger one.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.commit import FinishedShard, commit_shard, prepare_folder, remove_leftovers, write_manifest
from pipelines.ledger import read_records
from schemas.manifest import Manifest, Totals, fingerprint_of
from schemas.sample import Sample
from schemas.seeds import stream
from schemas.shard import Dataset, write_shard
from schemas.shard_rows import row_checksums
from synth.make import count_tokens

Places = dict[tuple[str, int], str]
"""(sample id, turn) to the text that stands there now."""


def exchange_answers(folder: Path, out: Path, share: float, seed: int) -> Manifest:
    """Write the data set in `folder` to `out`, with about `share` of its answers exchanged for others of their family and task.

    Raises:
        UserError: `folder` is no finished data set.
        StorageError: The disk gave up; the same call goes on.
    """
    data = Dataset(folder)
    texts = exchanged(data, share, seed)
    recipe: dict[str, Any] = {**data.manifest.recipe, "label_noise": {"share": share, "seed": seed, "of": data.manifest.fingerprint}}
    prepare_folder(out, "{}")
    done = set(read_records(out))
    for number, record in enumerate(data.manifest.shards):
        if record.shard in done:
            continue
        samples = [_with_texts(sample, texts) for sample in data.shards[number]]
        shard = write_shard(samples)
        finished = FinishedShard(
            shard=record.shard,
            data=shard,
            quarantine=None,
            sample_ids=record.sample_ids,
            row_crc32=row_checksums(memoryview(shard)),
            planned=record.rows,
            text_tokens=sum(sample.text_tokens for sample in samples),
            vision_tokens=record.vision_tokens,
            rejected={},
            quarantined={},
            verified_artefact=0,
            verified_truth=0,
        )
        commit_shard(out, finished)
    remove_leftovers(out)
    records = tuple(record for _, record in sorted(read_records(out).items()))
    ingredients = data.manifest.ingredients
    manifest = Manifest(fingerprint_of(recipe, ingredients), recipe, ingredients, records, Totals.of(records))
    write_manifest(out, manifest)
    return manifest


def exchanged(data: Dataset, share: float, seed: int) -> Places:
    """Where another answer stands now. Each chosen one gets that of the next chosen one of its task, in an order drawn once."""
    groups: dict[tuple[str, str], list[tuple[float, str, int, str]]] = {}
    for sample in data:
        for number, turn in enumerate(sample.turns):
            if turn.role == "assistant":
                drawn = stream(seed, f"label noise/{sample.sample_id}/{number}").random(2)
                if drawn[0] < share:
                    groups.setdefault((sample.family, turn.task), []).append((float(drawn[1]), sample.sample_id, number, turn.text))
    texts: Places = {}
    for members in groups.values():
        members.sort()
        for (_, sample_id, number, _), (_, _, _, text) in zip(members, members[1:] + members[:1], strict=True):
            texts[sample_id, number] = text
    return texts


def _with_texts(sample: Sample, texts: Mapping[tuple[str, int], str]) -> Sample:
    turns = tuple(replace(turn, text=texts.get((sample.sample_id, number), turn.text)) for number, turn in enumerate(sample.turns))
    if turns == sample.turns:
        return sample
    before, after = count_tokens(sample.turns, sample.images, sample.clips)[0], count_tokens(turns, sample.images, sample.clips)[0]
    return replace(sample, turns=turns, text_tokens=sample.text_tokens + after - before)

"""The stages of a corpus, each from one shard's row to the same row further on: plan, synthesize, verify, score, commit.

A row carries its samples as the bytes of a shard in one large_binary cell, so the engine may split, merge, move or repeat rows without
harm. Stages read and write one sample at a time. What goes wrong with one sample becomes a reject and the shard goes on; machines are the
engine's to look after.
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from io import BufferedIOBase
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow as pa

from filters.annotate import annotate, load_filters
from pipelines.commit import FinishedShard, OnStep, commit_shard, ignore_step
from pipelines.plan import Item, Plan
from pipelines.quarantine import Failure, Reject, attempt, count_reasons, write_quarantine
from schemas.canonical import canonical_json
from schemas.family import AnyFamily
from schemas.recipe import Source
from schemas.rows import check_storable
from schemas.sample import Sample
from schemas.seeds import derive_seed
from schemas.shard import ShardWriter, row_to_sample
from schemas.shard_rows import row_checksums
from synth.load import load_family
from synth.make import draft_sample, sample_id, verify_sample

__all__ = [
    "DONE",
    "ROW",
    "Failure",
    "Job",
    "attempt",
    "cached_family",
    "commit",
    "draft_item",
    "finish_shard",
    "made_item",
    "make_shard",
    "plan",
    "planned_id",
    "samples_in",
    "score",
    "synthesize",
    "verify",
    "verify_item",
]

_ROW: list[tuple[str, pa.DataType]] = [("shard", pa.int64()), ("samples", pa.large_binary()), ("rejects", pa.large_string())]
ROW: pa.Schema = pa.schema(_ROW)
"""What travels between stages: shard number, its samples so far as shard bytes, its rejects so far as JSON."""

_DONE: list[tuple[str, pa.DataType]] = [("shard", pa.int64()), ("record", pa.large_string())]
DONE: pa.Schema = pa.schema(_DONE)
"""What comes out: the commit record's JSON."""

_NOTHING: pa.Buffer = pa.py_buffer(b"")


@dataclass(frozen=True, slots=True)
class Job:
    """What every stage of one build needs to know."""

    plan: Plan
    folder: Path
    on_step: OnStep = ignore_step


def plan(rows: pa.Table, job: Job) -> pa.Table:
    """Shard numbers to empty rows."""
    return _table([_Row(row["item"], _NOTHING, ()) for row in rows.to_pylist()])


def synthesize(rows: pa.Table, job: Job) -> pa.Table:
    """Make every planned sample, without verdicts."""

    def drafts(row: "_Row") -> Iterator[Sample | Reject]:
        for item in job.plan.items(row.shard):
            planned = _Planned(job.plan, row.shard, item)
            yield planned.attempt("synthesize", partial(draft_item, job.plan, item))

    return _table([_advance(row, drafts(row), ()) for row in _rows(rows)])


def verify(rows: pa.Table, job: Job) -> pa.Table:
    """Prove every answer; a sample with one that fails is rejected."""

    def proved(row: "_Row") -> Iterator[Sample | Reject]:
        for planned, sample in _planned_samples(row, job.plan):
            found = planned.attempt("verify", partial(verify_item, job.plan, planned.item, sample))
            yield _without_failed(found, planned)

    return _table([_advance(row, proved(row), ()) for row in _rows(rows)])


def score(rows: pa.Table, job: Job) -> pa.Table:
    """Add the scores of the recipe's filters; a sample below a threshold is rejected."""
    if not job.plan.recipe.filters:
        return rows
    chosen = load_filters(job.plan.recipe.filters)

    def scored(row: "_Row") -> Iterator[Sample | Reject]:
        for planned, sample in _planned_samples(row, job.plan):
            yield _without_low(planned.attempt("score", partial(annotate, sample, chosen)), planned)

    return _table([_advance(row, scored(row), job.plan.recipe.filters) for row in _rows(rows)])


def commit(rows: pa.Table, job: Job) -> pa.Table:
    """Put each shard in place; out comes its commit record."""
    records = [commit_shard(job.folder, finish_shard(row, job.plan), job.on_step) for row in _rows(rows)]
    done = [{"shard": record.shard, "record": record.to_json()} for record in records]
    return pa.Table.from_pylist(done, schema=DONE)


def make_shard(job: Job, shard: int) -> pa.Table:
    """All stages for one shard, in this process: what the graph does, without the graph."""
    rows = pa.table({"item": [shard]})
    for stage in (plan, synthesize, verify, score, commit):
        rows = stage(rows, job)
    return rows


def samples_in(data: pa.Buffer) -> Iterator[Sample]:
    """The samples of a shard that is still in memory, one at a time."""
    if data.size:
        file = pa.ipc.open_file(data)
        for number in range(file.num_record_batches):
            yield row_to_sample(file.get_batch(number).to_pylist()[0])


def planned_id(plan: Plan, item: Item) -> tuple[str, int]:
    """Id and seed of a planned sample, known before it is made."""
    source = plan.recipe.sources[item.source]
    seed = derive_seed(plan.recipe.seed, source.name, item.index)
    return sample_id(source.family, plan.ingredients.families[source.family], seed), seed


def draft_item(plan: Plan, item: Item) -> Sample:
    """Make one planned sample without verdicts; whatever goes wrong is raised, a sample that cannot be stored included."""
    source = plan.recipe.sources[item.source]
    return check_storable(draft_sample(_family_of(source), source.family, item.index, plan.recipe.seed, source=source.name))


def verify_item(plan: Plan, item: Item, sample: Sample) -> Sample:
    """Prove one planned sample; whatever goes wrong is raised, verdicts that cannot be stored included."""
    return check_storable(verify_sample(_family_of(plan.recipe.sources[item.source]), sample))


def made_item(plan: Plan, item: Item) -> Sample:
    """One planned sample through all stages but the commit, in this process."""
    sample = verify_item(plan, item, draft_item(plan, item))
    return annotate(sample, load_filters(plan.recipe.filters)) if plan.recipe.filters else sample


@dataclass(frozen=True, slots=True)
class _Row:
    shard: int
    samples: pa.Buffer
    rejects: tuple[Reject, ...]


def finish_shard(row: _Row, plan: Plan) -> FinishedShard:
    """Count what a shard holds. Rejects are sorted, so that the stage that found them first does not matter."""
    rejects = sorted(row.rejects, key=lambda reject: (reject.source, reject.index))
    ids, text_tokens, vision_tokens, hows = [], 0, 0, []
    data = row.samples if row.samples.size else _shard_bytes([], plan.recipe.filters)
    for sample in samples_in(data):
        ids.append(sample.sample_id)
        text_tokens += sample.text_tokens
        vision_tokens += sample.vision_tokens
        hows += [verdict.how for verdict in sample.verdicts]
    return FinishedShard(
        shard=row.shard,
        data=memoryview(data),
        quarantine=write_quarantine(rejects) if rejects else None,
        sample_ids=tuple(ids),
        row_crc32=row_checksums(memoryview(data)),
        planned=len(plan.items(row.shard)),
        text_tokens=text_tokens,
        vision_tokens=vision_tokens,
        rejected=count_reasons(rejects, "rejected"),
        quarantined=count_reasons(rejects, "quarantined"),
        verified_artefact=hows.count("artefact"),
        verified_truth=hows.count("truth"),
    )


def _planned_samples(row: _Row, plan: Plan) -> Iterator[tuple["_Planned", Sample]]:
    """The samples of a row with their places in the plan, found by id."""
    places = {planned_id(plan, item)[0]: _Planned(plan, row.shard, item) for item in plan.items(row.shard)}
    for sample in samples_in(row.samples):
        yield places[sample.sample_id], sample


@dataclass(frozen=True, slots=True)
class _Planned:
    """A sample's place in the plan, as the stages need it to name it in a reject."""

    plan: Plan
    shard: int
    item: Item

    @property
    def source(self) -> Source:
        return self.plan.recipe.sources[self.item.source]

    def attempt(self, stage: str, make: Callable[[], Sample]) -> Sample | Reject:
        """The sample, or a quarantined reject."""
        found = attempt(make)
        return self.reject("quarantined", stage, found) if isinstance(found, Failure) else found

    def reject(self, kind: Literal["rejected", "quarantined"], stage: str, failure: Failure) -> Reject:
        """The row of the quarantine."""
        name, seed = planned_id(self.plan, self.item)
        return Reject(
            kind=kind,
            sample_id=name,
            source=self.source.name,
            family=self.source.family,
            index=self.item.index,
            seed=seed,
            shard=self.shard,
            stage=stage,
            reason=failure.reason,
            detail=failure.detail,
            traceback=failure.traceback,
            replay=f"assay rebuild . --sample {name}",
        )


def _without_failed(found: Sample | Reject, planned: _Planned) -> Sample | Reject:
    """A sample with a failed verdict becomes the reject of the first. Its reason counts up to the first colon: what follows are values."""
    if isinstance(found, Sample):
        for verdict in found.verdicts:
            if not verdict.passed:
                reason = verdict.reason.partition(":")[0].strip()
                return planned.reject("rejected", "verify", Failure(reason, f"{verdict.task}: {verdict.reason}", ""))
    return found


def _without_low(found: Sample | Reject, planned: _Planned) -> Sample | Reject:
    """A sample below one of the recipe's thresholds becomes a reject; one to which the filter does not apply is not below."""
    if isinstance(found, Sample):
        for name, least in sorted(planned.plan.recipe.thresholds.items()):
            if (value := found.scores.get(name)) is not None and value < least:
                detail = f"{name} is {value:.4g}, the recipe asks for {least:.4g}"
                return planned.reject("rejected", "score", Failure(f"below {name}", detail, ""))
    return found


def _advance(row: _Row, results: Iterator[Sample | Reject], scores: tuple[str, ...]) -> _Row:
    """The row after a stage: samples written as they come, rejects added."""
    rejects = list(row.rejects)

    def kept() -> Iterator[Sample]:
        for result in results:
            if isinstance(result, Reject):
                rejects.append(result)
            else:
                yield result

    data = _shard_bytes(kept(), scores)
    return _Row(row.shard, data, tuple(rejects))


def _shard_bytes(samples: Iterable[Sample], scores: tuple[str, ...]) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with ShardWriter(cast(BufferedIOBase, sink), scores) as writer:
        for sample in samples:
            writer.write(sample)
    return sink.getvalue()


def _rows(table: pa.Table) -> Iterator[_Row]:
    """The rows of a table; samples are not copied, as they are nearly all of a worker's memory."""
    small: list[dict[str, Any]] = table.select(["shard", "rejects"]).to_pylist()
    for row, samples in zip(small, _cells(table["samples"]), strict=True):
        yield _Row(row["shard"], samples, tuple(Reject(**reject) for reject in json.loads(row["rejects"])))


def _cells(column: "pa.ChunkedArray[Any]") -> Iterator[pa.Buffer]:
    """The cells of a large_binary column as parts of its own memory, which Arrow's scalars are not."""
    for chunk in column.chunks:
        parts: list[Any] = chunk.buffers()
        _, ends, data = parts
        places = memoryview(ends).cast("q")[chunk.offset : chunk.offset + len(chunk) + 1]
        for start, end in pairwise(places):
            yield (data or _NOTHING).slice(start, end - start)


def _table(rows: Iterable[_Row]) -> pa.Table:
    """The table of rows; samples are not copied."""
    return pa.concat_tables([_table_of(row) for row in rows])


def _table_of(row: _Row) -> pa.Table:
    ends = pa.py_buffer(struct.pack("=qq", 0, row.samples.size))
    samples = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, row.samples])
    rejects = canonical_json([asdict(reject) for reject in row.rejects])
    return pa.Table.from_arrays([pa.array([row.shard], pa.int64()), samples, pa.array([rejects], pa.large_string())], schema=ROW)


@lru_cache(maxsize=64)
def cached_family(name: str, params: str) -> AnyFamily:
    """`load_family` of parameters as canonical JSON; a process that makes or proves many samples reads them once."""
    return load_family(name, json.loads(params))


def _family_of(source: Source) -> AnyFamily:
    return cached_family(source.family, canonical_json(source.params))

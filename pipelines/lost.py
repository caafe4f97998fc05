"""What a build did not keep, for people: each rejected and quarantined sample with its reason and the command that makes it again, and the
sources of which nothing is left.

Reads commit records and quarantine files; a build that is still running, or was stopped, can be asked too.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines.commit import COMMITS, QUARANTINE
from pipelines.ledger import read_plan_document, read_records
from pipelines.plan import Item, Plan
from pipelines.quarantine import DEDUP, Reject, read_quarantine
from pipelines.workers import planned_id
from schemas.errors import UserError
from schemas.manifest import CommitRecord, inside
from schemas.phrases import shortened

ORIGIN = "ORIGINAL"
"""Stands for the folder of the data set that `assay dedup` read; where that lies is not written down."""
DETAIL_CHARS = 300
"""Of a reject's message that are shown (chosen); `assay rebuild --sample` shows all."""


def data_set_of(folder: Path) -> Path | None:
    """The data set that `folder` is the quarantine of, or None."""
    return folder.parent if folder.resolve().name == QUARANTINE and (folder.parent / COMMITS).is_dir() else None


def lost_samples(folder: Path, *, family: str | None = None, sample_id: str | None = None) -> list[Reject]:
    """What was rejected or quarantined in `folder`, in the order of its shards.

    Raises:
        UserError: No build was started there.
        IntegrityError: A record or a quarantine file is damaged.
    """
    if not (folder / COMMITS).is_dir():
        what = f"{str(folder)!r} has no {COMMITS}/, so no data set was built there"
        raise UserError(what, where=str(folder), todo="give the folder that `assay build … --out` wrote")
    files = [record.quarantine_file for _, record in sorted(read_records(folder).items()) if record.quarantine_file]
    found = [reject for file in files for reject in read_quarantine(inside(folder, file))]
    return [reject for reject in found if family in (None, reject.family) and sample_id in (None, reject.sample_id)]


def lost_sources(plan: Plan, records: Iterable[CommitRecord]) -> list[int]:
    """The sources of which samples were planned and none was kept, by number."""
    kept = {name for record in records for name in record.sample_ids}
    return [
        source
        for source, count in enumerate(plan.counts)
        if count and not any(planned_id(plan, Item(source, index))[0] in kept for index in range(count))
    ]


def describe_lost(rejects: Sequence[Reject], folder: Path) -> str:
    """Three lines each: sample and reason, what happened, and the command that makes it again from the current directory.

    A data set that `assay dedup` chose makes nothing again: there the command is for the data set that the sample came from, in which a
    duplicate can be looked at.
    """
    chosen = "dedup" in read_plan_document(folder)["recipe"]
    lines = []
    for reject in rejects:
        lines += [
            f"{reject.sample_id}  shard {reject.shard}: {reject.kind} at {reject.stage}: {reject.reason}",
            f"    {shortened(' '.join(reject.detail.split()), DETAIL_CHARS)}",
            f"    {_hint(reject, folder, chosen)}",
        ]
    return "\n".join(lines)


def _hint(reject: Reject, folder: Path, chosen: bool) -> str:
    if not chosen:
        return replay_command(folder, reject.sample_id)
    if reject.stage == DEDUP:
        return shlex.join(["assay", "show", ORIGIN, "--sample", reject.sample_id])
    return shlex.join(["assay", "rebuild", ORIGIN, "--sample", reject.sample_id])


def replay_command(folder: Path, sample_id: str) -> str:
    """The command that makes a sample of `folder` again, as it is typed in the current directory."""
    return shlex.join(["assay", "rebuild", str(folder), "--sample", sample_id])


def count_lost(rejects: Iterable[Reject]) -> str:
    """`2 rejected (wrong_answer), 1 quarantined (KeyError)`."""
    counted = Counter((reject.kind, reject.reason) for reject in rejects)
    return ", ".join(f"{number} {kind} ({reason})" for (kind, reason), number in sorted(counted.items(), reverse=True))

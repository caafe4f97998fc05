"""Reads what is committed in a folder, says what is left to do, and closes the books: every planned sample is kept, rejected or
quarantined.

Nothing here makes or opens a shard.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipelines.commit import COMMITS, TEMPORARY
from pipelines.plan import Plan, explain_difference
from schemas.errors import IntegrityError, UserError
from schemas.manifest import MANIFEST_NAME, PLAN_NAME, CommitRecord, Manifest, Totals, data_sets_below, inside
from schemas.phrases import shortened
from schemas.recipe import Recipe

SHOWN_DIFFERENCES = 5
"""Of two plans that a message names (chosen): the rest follows from these as a rule."""


def read_records(folder: Path) -> dict[int, CommitRecord]:
    """Every commit record in `folder`, by shard; IntegrityError if one is damaged or under another shard's name."""
    records = {}
    for path in sorted((folder / COMMITS).glob("*.json")):
        record = CommitRecord.from_json(path.read_text(encoding="utf-8"), str(path))
        if path.stem != f"{record.shard:06d}":
            raise IntegrityError(f"{path} is the record of shard {record.shard}: restore its name, or delete it and build again")
        records[record.shard] = record
    return records


def missing_shards(plan: Plan, folder: Path, records: dict[int, CommitRecord]) -> list[int]:
    """Shards of the plan without a record or whose file has gone: what a build, first or resumed, has to make."""
    return [k for k in range(plan.num_shards) if k not in records or not _has_files(folder, records[k])]


def _has_files(folder: Path, record: CommitRecord) -> bool:
    return all(inside(folder, file).is_file() for file in (record.file, record.quarantine_file) if file is not None)


def close_books(plan: Plan, records: dict[int, CommitRecord]) -> Manifest:
    """The manifest over all records; IntegrityError unless they are exactly the plan's shards and add up to its samples."""
    expected = set(range(plan.num_shards))
    if set(records) != expected:
        missing, extra = sorted(expected - set(records)), sorted(set(records) - expected)
        raise IntegrityError(f"the records do not match the plan: missing {missing[:10]}, unknown {extra[:10]}")
    shards = tuple(records[shard] for shard in range(plan.num_shards))
    for record in shards:
        if record.planned != (planned := len(plan.items(record.shard))):
            raise IntegrityError(f"shard {record.shard} accounts for {record.planned} samples; the plan has {planned}")
    manifest = Manifest(plan.fingerprint, plan.recipe.resolved(), plan.ingredients, shards, Totals.of(shards))
    manifest.check()
    return manifest


def write_plan_text(plan: Plan) -> str:
    """The text of `plan.json`: what the folder is being built from, readable while the build runs."""
    return json.dumps({"fingerprint": plan.fingerprint, **plan.document}, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def read_plan_document(folder: Path) -> dict[str, Any]:
    """`plan.json` of a folder that a build was started in; UserError if there is none or it is not one."""
    path = folder / PLAN_NAME
    if not path.is_file():
        todo = f"{data_sets_below(folder)}give a folder that `assay build … --out` wrote"
        raise UserError(f"{str(folder)!r} has no {PLAN_NAME}", where=str(folder), todo=todo)
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:  # not JSON, or not UTF-8
        raise _unreadable_plan(path, f"is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise _unreadable_plan(path, f"holds {type(document).__name__}, not an object")
    for key, kind in (("fingerprint", str), ("recipe", dict), ("ingredients", dict)):
        if not isinstance(document.get(key), kind):
            raise _unreadable_plan(path, f"has {shortened(repr(document.get(key)), 80)} for {key!r}")
    return document


def _unreadable_plan(path: Path, what: str) -> UserError:
    todo = "restore the file, or build into another folder"
    return UserError(f"{str(path)!r} {what}; it was cut off or edited", where=str(path), todo=todo)


def recipe_of(folder: Path) -> Recipe:
    """The resolved recipe a folder is built from; with it `plan` gives the same plan again. UserError if there is none to read."""
    recipe = read_plan_document(folder)["recipe"]
    if "dedup" in recipe:
        what = f"{str(folder)!r} was not built from a recipe but chosen by `assay dedup` from {len(recipe.get('inputs', []))} data sets"
        raise UserError(what, where=str(folder), todo="rebuild those, then run `assay dedup` on them again: equal sets give equal bytes")
    try:
        return Recipe.model_validate_json(json.dumps(recipe))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in ("recipe", *first["loc"]))
        raise _unreadable_plan(folder / PLAN_NAME, f"has a bad {place}: {first['msg']}") from error


def check_same_plan(folder: Path, plan: Plan) -> None:
    """UserError, with the differences, if `folder` belongs to another plan or to nobody we know. An empty or absent folder is fine."""
    try:
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise UserError(
            f"cannot use {str(folder)!r} as a data set's folder: {error.strerror}", where="--out", todo="choose a folder"
        ) from error
    if not set(names) - {TEMPORARY}:  # a start that was killed before it could write its plan
        return
    if PLAN_NAME not in names:
        what = f"{str(folder)!r} is not empty and not a data set of ours (it holds {', '.join(names[:5])})"
        raise UserError(what, where="--out", todo="choose an empty folder")
    found = read_plan_document(folder)
    if found["fingerprint"] != plan.fingerprint:
        raise _other_plan(folder, explain_difference({key: found[key] for key in ("recipe", "ingredients")}, plan.document))


def _other_plan(folder: Path, lines: Sequence[str]) -> UserError:
    """What differs, the user's own doing first: a change of the recipe brings other files and versions with it."""
    kinds = {
        "another recipe": [line for line in lines if line.startswith("recipe.") and ".params.pinned" not in line],
        "families or libraries of other versions": [line for line in lines if line.startswith(("ingredients.fam", "ingredients.lib"))],
    }
    kinds["files that are others now"] = [line for line in lines if not any(line in part for part in kinds.values())]
    ordered = [line for part in kinds.values() for line in part]
    more = len(ordered) - SHOWN_DIFFERENCES
    return UserError(
        f"{str(folder)!r} is built from {next(kind for kind, part in kinds.items() if part or kind == list(kinds)[-1])}:\n"
        + "\n".join(f"    {line}" for line in ordered[:SHOWN_DIFFERENCES])
        + (f"\n    and {more} more" if more > 0 else ""),
        where="--out",
        todo="choose another folder, or go back to what it was built from",
    )


def is_finished(folder: Path) -> bool:
    """Whether the manifest is there."""
    return (folder / MANIFEST_NAME).is_file()


def summarise(records: Sequence[CommitRecord]) -> dict[str, Any]:
    """The ledger in numbers: planned, kept, and every reason with its count."""
    rejected: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    for record in records:
        rejected.update(record.rejected)
        quarantined.update(record.quarantined)
    return {
        "planned": sum(record.planned for record in records),
        "kept": sum(record.rows for record in records),
        "rejected": dict(sorted(rejected.items())),
        "quarantined": dict(sorted(quarantined.items())),
    }

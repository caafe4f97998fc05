"""What each subcommand does, from parsed arguments to an exit code. Errors are raised; `dags.cli` turns them into exit codes."""

from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from dags import corpus, proof
from dags import rebuild as again
from dags.dry_run import dry_run
from dags.terminal import human_bytes, print_json, print_table, say, watch
from pipelines.ledger import check_same_plan, is_finished, missing_shards, read_records, summarise
from pipelines.lost import count_lost, data_set_of, describe_lost, lost_samples, lost_sources
from pipelines.plan import Plan, plan
from pipelines.quarantine import Failure
from schemas.errors import UserError
from schemas.manifest import Manifest
from schemas.phrases import counted
from schemas.recipe import load_recipe
from schemas.shard import read_manifest


def build(options: Namespace) -> int:
    """`assay build`."""
    planned = plan(load_recipe(options.recipe, options.overrides), options.recipe)
    folder = Path(options.out)
    if options.dry_run:
        return dry_run(planned, folder, options)
    check_same_plan(folder, planned)
    todo = missing_shards(planned, folder, read_records(folder))
    if not todo and is_finished(folder):
        say(f"{folder} is finished already ({counted(planned.num_shards, 'shard')}); nothing to do.")
    elif not todo:
        say(f"all {counted(planned.num_shards, 'shard')} are there; writing the manifest")
    else:
        there, shards = planned.num_shards - len(todo), counted(len(todo), "shard")
        what = (
            f"{shards} ({there} of {planned.num_shards} already there)"
            if there
            else f"{counted(planned.num_samples, 'sample')} in {shards}"
        )
        say(f"building {what} with {counted(options.workers, 'worker')}; starting Ray")
    with watch(len(todo), "built", options.workers) as watcher:
        manifest = corpus.build(planned, folder, workers=options.workers, address=options.address, on_shard=watcher.on_record)
    _print_manifest(manifest, options.json)
    return _tell_lost(planned, folder, manifest)


def _tell_lost(planned: Plan, folder: Path, manifest: Manifest) -> int:
    """Say how to see what was not kept; 1 if that is all there was of a source, which is a mistake or a bug and no bad luck."""
    if all(record.rows == record.planned for record in manifest.shards):
        return 0
    empty = lost_sources(planned, manifest.shards)
    rejects = lost_samples(folder) if empty else []
    for number in empty:
        name = planned.recipe.sources[number].name
        why = count_lost(reject for reject in rejects if reject.source == name)
        say(f"no sample was kept of the {planned.counts[number]} of source {name!r}: {why}")
    say(f"each with its reason and the command that makes it again: assay show {folder} --lost")
    return 1 if empty else 0


def verify(options: Namespace) -> int:
    """`assay verify`."""
    folder = Path(options.folder)
    with watch(len(read_manifest(folder).shards), "verified", options.workers) as watcher:
        report = proof.verify(folder, workers=options.workers, address=options.address, on_report=watcher.on_report)
    if options.json:
        print_json(report.to_json())
    else:
        for failure in report.failures:
            print(f"FAILED {failure}")
        proved = f"{counted(report.proved('artefact'), 'answer')} proved from the artefact, {report.proved('truth')} against the truth"
        outcome = "passed" if report.passed else "FAILED"
        what = f"{counted(report.samples, 'sample')} in {counted(report.shards, 'shard')}, {proved}"
        print(f"{outcome}: {what}, {counted(report.num_failures, 'failure')}")
    return 0 if report.passed else 1


def rebuild(options: Namespace) -> int:
    """`assay rebuild`."""
    return _replay(options) if options.sample else _compare(options)


def _compare(options: Namespace) -> int:
    folder = Path(options.folder)
    planned = again.plan_of(folder)
    with watch(planned.num_shards, "rebuilt", options.workers) as watcher:
        shards, differences = again.rebuild(folder, workers=options.workers, address=options.address, on_shard=watcher.on_record)
    rows: list[list[object]] = [[d.shard, d.what, d.stored, d.rebuilt] for d in differences]
    if options.json:
        print_json(
            {
                "equal": not rows,
                "shards": shards,
                "differences": [dict(zip(("shard", "what", "stored", "rebuilt"), r, strict=True)) for r in rows],
            }
        )
    elif rows:
        print_table("Differences", ["shard", "what", "stored", "rebuilt"], rows)
    else:
        print(f"equal: {counted(shards, 'shard')}, every hash of shards, quarantine and commit records")
    return 1 if rows else 0


def _replay(options: Namespace) -> int:
    found = again.replay(Path(options.folder), options.sample)
    if isinstance(found, Failure):
        if options.json:
            print_json({"passed": False, "reason": found.reason, "detail": found.detail, "traceback": found.traceback})
        else:
            print(f"{options.sample}\n{found.traceback}")
        return 1
    passed = all(verdict.passed for verdict in found.verdicts)
    if options.json:
        verdicts = [{"task": v.task, "passed": v.passed, "reason": v.reason, "how": v.how} for v in found.verdicts]
        print_json({"passed": passed, "sample_id": found.sample_id, "verdicts": verdicts})
    else:
        rows: list[list[object]] = [[v.task, "passed" if v.passed else "FAILED", v.how, v.reason] for v in found.verdicts]
        print_table(found.sample_id, ["task", "verdict", "how", "reason"], rows)
    return 0 if passed else 1


def show(options: Namespace) -> int:
    """`assay show`."""
    from pipelines.show import choose, render_page, summarise_text  # Pillow and the page template: only this command needs them

    folder = Path(options.folder)
    if options.lost or data_set_of(folder):
        return _show_lost(data_set_of(folder) or folder, options)
    if options.out:
        _make_last_folder(Path(options.out))
    chosen = choose(folder, options.n, task=options.task, family=options.family, sample_id=options.sample)
    if options.out:
        total = read_manifest(folder).totals.rows
        page = render_page(str(folder), chosen, task=options.task, total=total, on_sample=partial(_tell, "drawn"))
        out = Path(options.out)
        out.write_text(page, encoding="utf-8")
        say(f"{len(chosen)} of {counted(total, 'sample')} in {out} ({human_bytes(out.stat().st_size)}); open it in a browser")
    else:
        print(summarise_text(chosen, task=options.task))
    return 0


def _make_last_folder(out: Path) -> None:
    """Make the folder of a file, but not the one that it is in: a path misspelt further up is a mistake."""
    if out.is_dir():
        raise UserError(f"{str(out)!r} is a folder", where="--out", todo="give the name of a file in it, such as index.html")
    try:
        out.parent.mkdir(exist_ok=True)
    except OSError as error:
        what = f"cannot make the folder {str(out.parent)!r}: {error.strerror}"
        raise UserError(what, where="--out", todo="make it first, or mend the path") from error


def _show_lost(folder: Path, options: Namespace) -> int:
    if options.out or options.task:
        todo = "leave them out; `assay rebuild DIR --sample ID` makes a lost sample again and shows what happens"
        raise UserError("lost samples are listed as text, without --out and --task", where="--lost", todo=todo)
    rejects = lost_samples(folder, family=options.family, sample_id=options.sample)
    if rejects:
        print(describe_lost(rejects, folder))
    say(f"{count_lost(rejects) or 'nothing was rejected or quarantined'} in {folder}")
    return 0


def stats(options: Namespace) -> int:
    """`assay stats`."""
    from pipelines.stats import measure, summary  # as above

    metrics = measure(Path(options.folder), on_sample=partial(_tell, "measured"))
    if options.json:
        print_json([metric.to_json() for metric in metrics])
        return 0
    for metric in metrics if options.all else ():
        metric.print(print_table)
    print("\n".join(summary(metrics)))
    if not options.all:
        say(f"every table with its definition: assay stats {options.folder} --all")
    return 0


def _tell(verb: str, number: int, total: int) -> None:
    """Say how far a long command is, about ten times in all."""
    if number == total or number % -(-total // 10) == 0:
        say(f"{verb} {number} of {counted(total, 'sample')}")


def families(options: Namespace) -> int:
    """`assay families`."""
    from pipelines.listings import describe_family, list_families

    if options.family:
        return _print_family(describe_family(options.family), options)
    found = list_families()
    if options.json:
        print_json(found)
        return 0
    for family in found:
        print(f"{family['name']}  version {family['version']}\n  {family['about']}")
        for name, default in family["parameters"].items():
            print(f"    {name}: {default}")
    say(f"types and meanings of the parameters of one: assay families {found[0]['name']}")
    return 0


def _print_family(family: dict[str, Any], options: Namespace) -> int:
    if options.json:
        print_json(family)
        return 0
    print(f"{family['name']}  version {family['version']}\n{family['about']}")
    rows: list[list[object]] = [[p["name"], p["type"], p["default"], p["about"]] for p in family["parameters"]]
    print_table("Parameters", ["parameter", "type", "default", "meaning"], rows)
    return 0


def assets(options: Namespace) -> int:
    """`assay assets`."""
    from pipelines.listings import list_assets

    found = list_assets()
    if options.json:
        print_json(found)
        return 0
    rows: list[list[object]] = [[item["name"], item["licence"], item["sha256"][:16], item["source"]] for item in found]
    print_table("Fonts and asset packs", ["file", "licence", "sha256", "from"], rows)
    return 0


def doctor(options: Namespace) -> int:
    """`assay doctor`."""
    from dags.doctor import examine

    checks = examine()
    if options.json:
        print_json([{"check": c.name, "passed": c.passed, "found": c.found, "todo": c.todo} for c in checks])
    else:
        rows: list[list[object]] = [["ok" if c.passed else "PROBLEM", c.name, c.found, c.todo] for c in checks]
        print_table("Doctor", ["", "check", "found", "to do"], rows)
    return 0 if all(check.passed for check in checks) else 3


def _print_manifest(manifest: Manifest, as_json: bool) -> None:
    ledger = summarise(manifest.shards)
    totals = manifest.totals
    if as_json:
        fields = {"rows": totals.rows, "bytes": totals.bytes, "text_tokens": totals.text_tokens, "vision_tokens": totals.vision_tokens}
        proofs = {"verified_artefact": totals.verified_artefact, "verified_truth": totals.verified_truth}
        print_json({"fingerprint": manifest.fingerprint, "shards": len(manifest.shards), "ledger": ledger, **fields, **proofs})
        return
    lost = [f"{number} {kind} ({reason})" for kind in ("rejected", "quarantined") for reason, number in ledger[kind].items()]
    print(f"{ledger['kept']} of {counted(ledger['planned'], 'sample')} kept" + "".join(f", {part}" for part in lost))
    tokens = f"{totals.text_tokens:,} text and {totals.vision_tokens:,} vision tokens"
    print(f"{counted(len(manifest.shards), 'shard')}, {human_bytes(totals.bytes)}, {tokens}")
    print(f"{counted(totals.verified_artefact, 'answer')} proved from the artefact, {totals.verified_truth} against the truth")
    print(f"fingerprint {manifest.fingerprint}")

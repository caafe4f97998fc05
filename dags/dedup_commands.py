"""`assay dedup`: from parsed arguments to an exit code."""

import argparse
from argparse import Namespace
from collections import Counter
from pathlib import Path

from dags.deduplicate import CLUSTERS_NAME, deduplicate
from dags.terminal import print_json, print_table, say
from pipelines.dedup_join import REASONS, SAME_MEDIA
from schemas.phrases import counted


def add_dedup(parser: argparse.ArgumentParser) -> None:
    """The arguments, and what runs."""
    parser.set_defaults(run=dedup, stopped="stopped. Run the same command again to go on.")
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folder of a finished data set; their order does not matter")
    parser.add_argument("--out", required=True, metavar="DIR2", help="folder of the data set without duplicates; created if absent")
    parser.add_argument(
        "--older", action="append", default=[], metavar="DIR", help="a data set to compare with and not to write; may be repeated"
    )
    parser.add_argument(
        "--drop-same-media",
        action="store_true",
        help="drop samples too that ask or answer other things of the same pictures, frames or text, which otherwise are told and stay",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def dedup(options: Namespace) -> int:
    """`assay dedup`."""
    told: Counter[str] = Counter()

    def tell(stage: str, done: int, total: int) -> None:
        if done == total or done - told[stage] >= max(1, total // 10):
            told[stage] = done
            say(f"{stage}: {done} of {total}")

    manifest, clusters = deduplicate(
        [Path(folder) for folder in options.folders],
        Path(options.out),
        older=tuple(map(Path, options.older)),
        workers=options.workers,
        address=options.address,
        drop_same_media=options.drop_same_media,
        tell=tell,
    )
    found = clusters.to_pylist()
    reasons = Counter(row["reason"] for row in found if not row["kept"])
    same_media = sum(row["kept"] and row["reason"] == REASONS[SAME_MEDIA] for row in found)
    names = {row["cluster"] for row in found}
    if options.json:
        print_json(
            {"kept": manifest.totals.rows, "dropped": dict(sorted(reasons.items())), "clusters": len(names), "same_media": same_media}
        )
        return 0
    rows: list[list[object]] = [["kept", manifest.totals.rows], *([f"dropped, {reason}", n] for reason, n in sorted(reasons.items()))]
    if same_media:
        rows.append(["kept, same media as another", same_media])
    print_table("Duplicates", ["what", "samples"], rows)
    print(f"{counted(len(names), 'cluster')}, sample by sample: {Path(options.out) / CLUSTERS_NAME}")
    print(f"what was dropped, why and for whom: assay show {options.out} --lost")
    return 0

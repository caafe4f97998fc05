"""Builds a recipe with one worker, then makes it again with 1, 2 and 4 and compares every hash (`assay rebuild --check`).

example: python bench/rebuild_workers.py pipelines/recipes/smoke.yaml
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from dags.corpus import build
from dags.rebuild import rebuild
from dags.terminal import print_table
from pipelines.plan import plan
from schemas.recipe import load_recipe


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("recipe")
    options.add_argument("--set", action="append", default=[], dest="overrides")
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    chosen = options.parse_args()
    planned = plan(load_recipe(chosen.recipe, chosen.overrides))
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as scratch:
        folder = Path(scratch) / "set"
        manifest = build(planned, folder, workers=1)
        for workers in chosen.workers:
            start = time.monotonic()
            shards, differences = rebuild(folder, workers=workers)
            rows.append([workers, shards, manifest.totals.rows, len(differences), round(time.monotonic() - start, 1)])
    columns = ["workers", "shards", "samples", "differences", "seconds with start-up"]
    print_table(f"Rebuilt and compared, fingerprint {planned.fingerprint[:16]}", columns, rows)
    return 1 if any(row[3] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

"""A recipe becomes a committed data set on one machine without Ray (`pipelines.pool`), such as one lent for a training run.

PYTHONPATH=. python bench/build_without_ray.py RECIPE --out DIR --workers 16 --set seed=2
"""

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from pipelines.pool import build_in_pool
from schemas.recipe import load_recipe


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipe")
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    options.add_argument("--set", action="append", default=[], dest="overrides")
    chosen = options.parse_args()
    began = time.perf_counter()
    manifest = build_in_pool(load_recipe(chosen.recipe, chosen.overrides), chosen.out, chosen.workers)
    planned = sum(record.planned for record in manifest.shards)
    print(f"{chosen.out}: {manifest.totals.rows} of {planned} samples kept, {time.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Samples a second from disk beside mosaicml-streaming, webdataset, Hugging Face datasets and Lance, on the same samples in the same run.

Every side stores the same conversations (one question, one answer, one JPEG of about 55 KB) in its own format, then reads all of them in
shuffled order in a process of its own, round after round in turn with the others; the table shows each side's best pass.

The first table reads without decoding, in one thread, or in two where it says so and that helps. "With checksums" is what the trainer does:
every byte of a row goes through its CRC-32 in every reading. The rivals verify nothing. The second table decodes, resizes and cuts into
patches on two cores: `encode` in two threads, beside `datasets` with Pillow and `transformers`' processor in two worker processes. Last,
the loader feeds packed rows to a consumer that takes `--step-ms` a row, as a device would, and counts how long it waits.

    PYTHONPATH=. python bench/loader.py --rivals RIVALS/bin/python [--samples 4000] [--rounds 3]

RIVALS is a virtual environment of its own; a rival that is not installed there is left out, and the output says so:

    python -m venv RIVALS && RIVALS/bin/pip install datasets webdataset pylance pillow torch==2.14.1 torchvision==0.29.1 \
        transformers==5.24.0 brotli zstd python-snappy boto3 && RIVALS/bin/pip install --no-deps mosaicml-streaming==0.13.0

Rates are by the clock and by CPU seconds of all threads and worker processes together; on a busy machine only the latter compare.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

WIDTH, HEIGHT, PATCHES = 736, 544, 46 * 34
QUESTION, ANSWER = "What is the sum of all readings on this page, in the units of the table?", "The sum of the readings is 1,234 kWh."
Pass = Callable[[], int]
"""Reads every sample once and returns the bytes, or the patches, it was given."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", default=sys.executable, help="python of the rivals' environment")
    parser.add_argument("--samples", type=int, default=4_000)
    parser.add_argument("--decoded", type=int, default=400, help="samples of the second table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step-ms", type=float, default=300.0, help="what a row of 8,192 tokens takes a device; 2B on an H100: about 300")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps(run_side(args.side, args.folder, args.samples)))
        return
    with tempfile.TemporaryDirectory() as folder:
        size = write_samples(Path(folder), args.samples)
        print(f"{args.samples} samples of {size / 1000:.1f} KB, shuffled, best of {args.rounds} rounds")
        for title, sides, count in (("Read", READ, args.samples), ("Decoded and patched", DECODED, args.decoded)):
            print_table(title, measure(args, folder, sides, count), count)
        print_wait(Path(folder), args.samples, args.step_ms)


def measure(args: argparse.Namespace, folder: str, sides: tuple[str, ...], count: int) -> dict[str, dict[str, Any]]:
    """Best clock and CPU seconds of each side."""
    best: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for side in sides:
            python = sys.executable if side.startswith("assay") else args.rivals
            command = [python, __file__, "--side", side, "--folder", folder, "--samples", str(count)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                best[side] = {"absent": done.stderr.strip().splitlines()[-1]}
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            before = best.get(side, found)
            best[side] = found | {key: min(found[key], before[key]) for key in ("clock", "cpu")}
    return best


def print_table(title: str, best: dict[str, dict[str, Any]], count: int) -> None:
    rivals = [found for side, found in best.items() if not side.startswith("assay") and "absent" not in found]
    print(f"\n| {title} | version | samples/s | over the best rival | samples/CPU second | over the best rival |")
    print("| --- | --- | --- | --- | --- | --- |")
    for side, found in best.items():
        if "absent" in found:
            print(f"| {side} | left out: {found['absent'][:80]} | | | | |")
            continue
        cells = []
        for key in ("clock", "cpu"):
            ratio = min(rival[key] for rival in rivals) / found[key] if rivals else float("nan")
            cells += [f"{count / found[key]:,.0f}", f"{ratio:.2f}"]
        print(f"| {side} | {found['version']} | {' | '.join(cells)} |")


def print_wait(folder: Path, count: int, step_ms: float, steps: int = 40) -> None:
    from model.loader import Loader, LoaderSettings
    from schemas.mixture import parse_mixture

    mixture = parse_mixture({"datasets": [{"path": str(assay_folder(folder, count))}]}, "bench")
    with Loader(mixture, LoaderSettings(8_192, workers=2)) as loader:
        next(loader)
        waited, began, cpu = loader.delivered.wait_s, time.perf_counter(), time.process_time()
        for _ in range(steps):
            time.sleep(step_ms / 1000)
            next(loader)
        wall, cpu, waited = time.perf_counter() - began, time.process_time() - cpu, loader.delivered.wait_s - waited
        filled = sum(loader.delivered.tokens.values()) / loader.delivered.slots
    print(f"\nRows of 8,192, {filled:.1%} filled, two threads: {cpu / steps * 1000:.0f} CPU ms a row; ", end="")
    print(f"a consumer that takes {step_ms:.0f} ms a row waits {waited / wall:.2%} of the time")


def run_side(side: str, folder: Path, count: int) -> dict[str, Any]:
    """Prepare the side's files if need be, read everything once to warm up, then time passes."""
    package, prepare = SIDES[side]
    one_pass = prepare(folder, count)
    repeats = 1 if side in FRESH else 3
    if side not in FRESH:
        one_pass()
    best = {"clock": float("inf"), "cpu": float("inf")}
    for _ in range(repeats):
        clock, cpu = time.perf_counter(), cpu_seconds()
        given = one_pass()
        best = {"clock": min(best["clock"], time.perf_counter() - clock), "cpu": min(best["cpu"], cpu_seconds() - cpu)}
        expected = count * PATCHES if side in DECODED else sum(lengths(folder)[:count])
        if given != expected:
            raise SystemExit(f"{side} gave {given} bytes or patches, not {expected}")
    return best | {"version": version(package) if package else "this tree"}


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# --- the samples ----------------------------------------------------------------------------------------------------------------------


def write_samples(folder: Path, count: int) -> float:
    """Write the pictures one after another and their lengths; the mean length."""
    rng = np.random.default_rng(0)
    pictures = [jpeg(rng) for _ in range(64)]
    with (folder / "pictures").open("wb") as file:
        for number in range(count):
            file.write(pictures[number % len(pictures)])
    (folder / "lengths.json").write_text(json.dumps([len(pictures[number % len(pictures)]) for number in range(count)]), encoding="utf-8")
    return float(np.mean([len(picture) for picture in pictures]))


def jpeg(rng: np.random.Generator) -> bytes:
    coarse = PillowImage.fromarray(rng.integers(0, 256, (HEIGHT // 32, WIDTH // 32, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), PillowImage.Resampling.BICUBIC), np.int16)
    noisy = np.clip(smooth + rng.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)
    sink = io.BytesIO()
    PillowImage.fromarray(noisy).save(sink, "JPEG", quality=78)
    return sink.getvalue()


def lengths(folder: Path) -> list[int]:
    held: list[int] = json.loads((folder / "lengths.json").read_text(encoding="utf-8"))
    return held


def pictures(folder: Path, count: int) -> Iterator[bytes]:
    with (folder / "pictures").open("rb") as file:
        for length in lengths(folder)[:count]:
            yield file.read(length)


def shuffled(count: int) -> list[int]:
    order: list[int] = np.random.default_rng(1).permutation(count).tolist()
    return order


# --- ours -----------------------------------------------------------------------------------------------------------------------------


def assay_folder(folder: Path, count: int) -> Path:
    from schemas.sample import Image, Turn
    from tests.model.corpora import sample, store

    target = folder / f"assay-{count}"
    if not target.exists():
        turns = [Turn("user", f"<image>{QUESTION}"), Turn("assistant", ANSWER)]
        made = [sample(f"bench/{k}", turns, [Image.of(data, "jpeg", WIDTH, HEIGHT)]) for k, data in enumerate(pictures(folder, count))]
        store(target, made, per_shard=64)
    return target


def in_two_threads(read: Callable[[list[int]], int], order: list[int]) -> Pass:
    """A pass in which two threads read half the samples each."""
    from concurrent.futures import ThreadPoolExecutor

    def one_pass() -> int:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(read, (order[: len(order) // 2], order[len(order) // 2 :])))

    return one_pass


def assay(folder: Path, count: int, *, threads: int = 1) -> Pass:
    """With checksums."""
    from schemas.shard_rows import Conversations

    data = Conversations(assay_folder(folder, count))

    def read(part: list[int]) -> int:
        return sum(len(data[index].images[0].data) for index in part)

    return partial(read, shuffled(count)) if threads == 1 else in_two_threads(read, shuffled(count))


def assay_raw(folder: Path, count: int, *, copied: bool = False) -> Pass:
    """Without checksums. In the first pass shards are mapped and their rows looked up on the way."""
    from schemas.shard_rows import Conversations

    data = Conversations(assay_folder(folder, count))
    order = [data.locate(index) for index in shuffled(count)]
    if copied:
        return lambda: sum(len(bytes(data.shard(shard)[row].images[0].data)) for shard, row in order)
    return lambda: sum(len(data.shard(shard)[row].images[0].data) for shard, row in order)


def assay_encode(folder: Path, count: int) -> Pass:
    from concurrent.futures import ThreadPoolExecutor

    import torch

    from model.encode import encode
    from schemas.shard_rows import Conversations

    torch.set_num_threads(1)
    data = Conversations(assay_folder(folder, count))
    order = shuffled(count)

    def one_pass() -> int:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda index: len(encode(data[index]).patches), order))

    return one_pass


# --- rivals ---------------------------------------------------------------------------------------------------------------------------


def streaming(folder: Path, count: int) -> Pass:
    from streaming import MDSWriter, StreamingDataset  # type: ignore[import-not-found]

    target = folder / f"mds-{count}"
    if not target.exists():
        with MDSWriter(out=str(target), columns={"image": "bytes", "question": "str", "answer": "str"}) as writer:
            for data in pictures(folder, count):
                writer.write({"image": data, "question": QUESTION, "answer": ANSWER})
    dataset = StreamingDataset(local=str(target), shuffle=True, batch_size=1)
    return lambda: sum(len(row["image"]) for row in dataset)


def webdataset(folder: Path, count: int) -> Pass:
    import webdataset as wds  # type: ignore[import-not-found]

    target = folder / f"wds-{count}"
    if not target.exists():
        target.mkdir()
        with wds.ShardWriter(str(target / "%05d.tar"), maxcount=1_000, verbose=0) as sink:
            for number, data in enumerate(pictures(folder, count)):
                sink.write({"__key__": f"{number:06d}", "jpg": data, "json": json.dumps([QUESTION, ANSWER]).encode()})
    urls = sorted(str(path) for path in target.iterdir())
    return lambda: sum(len(row["jpg"]) for row in wds.WebDataset(urls, shardshuffle=100).shuffle(1_000))


def hugging_face(folder: Path, count: int) -> Any:
    import datasets  # type: ignore[import-not-found]

    target = folder / f"hf-{count}"
    if not target.exists():
        rows = {"image": list(pictures(folder, count)), "question": [QUESTION] * count, "answer": [ANSWER] * count}
        datasets.Dataset.from_dict(rows).save_to_disk(str(target))
    return datasets.load_from_disk(str(target))


def hugging_face_batches(folder: Path, count: int, *, threads: int = 1) -> Pass:
    dataset = hugging_face(folder, count)

    def read(part: list[int]) -> int:
        return sum(len(image) for at in range(0, len(part), 256) for image in dataset[part[at : at + 256]]["image"])

    return partial(read, shuffled(count)) if threads == 1 else in_two_threads(read, shuffled(count))


def hugging_face_buffers(folder: Path, count: int) -> Pass:
    """Arrow tables, of which images are taken as buffers without a copy and texts as strings."""
    dataset, order = hugging_face(folder, count).with_format("arrow"), shuffled(count)

    def one_pass() -> int:
        read = 0
        for at in range(0, count, 256):
            table = dataset[order[at : at + 256]]
            texts = table["question"].to_pylist(), table["answer"].to_pylist()
            read += sum(memoryview(image.as_buffer()).nbytes for image, *_ in zip(table["image"], *texts, strict=True))
        return read

    return one_pass


def hugging_face_rows(folder: Path, count: int) -> Pass:
    dataset, order = hugging_face(folder, count), shuffled(count)
    return lambda: sum(len(dataset[index]["image"]) for index in order)


def lance(folder: Path, count: int, *, threads: int = 1) -> Pass:
    import lance as library  # type: ignore[import-not-found]
    import pyarrow as pa

    target = folder / f"lance-{count}"
    if not target.exists():
        table = pa.table({"image": list(pictures(folder, count)), "question": [QUESTION] * count, "answer": [ANSWER] * count})
        library.write_dataset(table, str(target))
    dataset = library.dataset(str(target))

    def read(part: list[int]) -> int:
        return sum(len(row["image"]) for at in range(0, len(part), 256) for row in dataset.take(part[at : at + 256]).to_pylist())

    return partial(read, shuffled(count)) if threads == 1 else in_two_threads(read, shuffled(count))


class Processed:
    """Rows of `datasets` through Pillow and `transformers`' image processor, as a map-style dataset for worker processes."""

    def __init__(self, folder: Path, count: int) -> None:
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        half = [0.5] * 3
        size = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
        self.rows, self.order = hugging_face(folder, count), shuffled(count)
        self.processor = Qwen2VLImageProcessorPil(size=size, image_mean=half, image_std=half, patch_size=16)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, number: int) -> Any:
        picture = PillowImage.open(io.BytesIO(self.rows[self.order[number]]["image"]))
        processor: Any = self.processor
        return processor([picture], return_tensors="pt")["pixel_values"]


def processed(folder: Path, count: int) -> Pass:
    import torch

    torch.set_num_threads(1)
    rows: Any = Processed(folder, count)
    loader: Any = torch.utils.data.DataLoader(rows, batch_size=None, num_workers=2)
    return lambda: sum(len(patches) for patches in loader)


SIDES: dict[str, tuple[str, Callable[[Path, int], Pass]]] = {
    "assay, raw": ("", assay_raw),
    "assay, raw, bytes copied": ("", partial(assay_raw, copied=True)),
    "assay, raw, first pass": ("", assay_raw),
    "assay, with checksums": ("", assay),
    "assay, with checksums, two threads": ("", partial(assay, threads=2)),
    "assay, with checksums, first pass": ("", assay),
    "mosaicml-streaming": ("mosaicml-streaming", streaming),
    "webdataset": ("webdataset", webdataset),
    "datasets, map-style": ("datasets", hugging_face_rows),
    "datasets, 256 at a time": ("datasets", hugging_face_batches),
    "datasets, 256 at a time, two threads": ("datasets", partial(hugging_face_batches, threads=2)),
    "datasets, 256 at a time, Arrow buffers": ("datasets", hugging_face_buffers),
    "lance, take 256": ("pylance", lance),
    "lance, take 256, two threads": ("pylance", partial(lance, threads=2)),
    "assay, encode": ("", assay_encode),
    "datasets + pillow + processor": ("transformers", processed),
}
FRESH = ("assay, raw, first pass", "assay, with checksums, first pass")
DECODED = ("assay, encode", "datasets + pillow + processor")
READ = tuple(side for side in SIDES if side not in DECODED)

if __name__ == "__main__":
    main()

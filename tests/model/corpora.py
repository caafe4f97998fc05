"""Small data sets for the tests of the data path: conversations with pictures, clips or words alone, in finished folders."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from PIL import Image as PillowImage

from model.chat import lay_out
from model.encode import grids_of
from model.media import PixelBounds
from schemas.canonical import canonical_json
from schemas.manifest import CommitRecord, Ingredients, Manifest, Totals, fingerprint_of
from schemas.sample import Clip, Image, Sample, Turn, sha256_hex
from schemas.shard import write_shard
from schemas.shard_rows import row_checksums
from schemas.timecode import pair_times
from schemas.tokens import ClipMarks

WORDS = "the sum of all readings on page seven is less than what table four says about March".split()


def pixels(rng: Generator, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Smooth colour with noise: neither flat nor incompressible."""
    coarse = PillowImage.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8)).resize((width, height), PillowImage.Resampling.BICUBIC)
    noisy: npt.NDArray[np.uint8] = np.clip(np.asarray(coarse, np.int16) + rng.integers(-20, 20, (height, width, 3)), 0, 255).astype(
        np.uint8
    )
    return noisy


def encoded(array: npt.NDArray[np.uint8], format: str = "PNG") -> bytes:
    sink = io.BytesIO()
    PillowImage.fromarray(array).save(sink, format, **({"compress_level": 1} if format == "PNG" else {"quality": 80}))
    return sink.getvalue()


def picture(rng: Generator, width: int, height: int, format: str = "PNG") -> Image:
    return Image.of(encoded(pixels(rng, width, height), format), "png" if format == "PNG" else "jpeg", width, height)


def clip(rng: Generator, frames: int, width: int, height: int, fps: float = 30.0, every: int = 15) -> Clip:
    indices = tuple(range(0, frames * every, every))
    data = tuple(encoded(pixels(rng, width, height)) for _ in range(frames))
    return Clip(data, tuple(k / fps for k in indices), indices, fps, frames * every / fps, "")


def words(rng: Generator, count: int) -> str:
    return " ".join(WORDS[k] for k in rng.integers(0, len(WORDS), count))


def sample(
    name: str,
    turns: Sequence[Turn],
    images: Sequence[Image] = (),
    clips: Sequence[Clip] = (),
    scores: dict[str, float] | None = None,
) -> Sample:
    """A sample with the token counts that encoding will find."""
    scores = scores or {}
    empty = Sample(name, "tests.made", 1, 0, 0, ("en",), (), tuple(images), tuple(clips), (), tuple(turns), "{}", (), "{}", 0, 0, scores)
    image_grids, clip_grids = grids_of(empty, PixelBounds())
    marks = [ClipMarks(pair_times(c.time_s), g[1] * g[2] // 4) for c, g in zip(clips, clip_grids, strict=True)]
    vision = sum(t * h * w // 4 for t, h, w in [*image_grids, *clip_grids])
    total = len(lay_out(turns, [h * w // 4 for _, h, w in image_grids], marks).ids)
    return Sample(
        *(name, "tests.made", 1, 0, 0, ("en",), (), tuple(images), tuple(clips), (), tuple(turns), "{}", (), "{}"),
        *(total - vision, vision, scores),
    )


def mixed(rng: Generator, count: int, prefix: str) -> list[Sample]:
    """Text alone, one picture, two pictures, a clip, in turn; sizes vary."""
    made = []
    for number in range(count):
        images: list[Image] = []
        clips: list[Clip] = []
        if number % 4 in (1, 2):
            sizes = rng.integers(40, 300, (number % 4, 2)).tolist()
            images = [picture(rng, width, height, "JPEG" if number % 3 else "PNG") for width, height in sizes]
        elif number % 4 == 3:
            clips = [clip(rng, int(rng.integers(2, 6)), 48, 64)]
        question = "<image>" * len(images) + "<video>" * len(clips) + words(rng, int(rng.integers(3, 60)))
        turns = [Turn("user", question), Turn("assistant", words(rng, int(rng.integers(1, 30))))]
        made.append(sample(f"{prefix}/{number:04d}", turns, images, clips, {"sharpness": float(number % 10)}))
    return made


def store(folder: Path, samples: Sequence[Sample], per_shard: int = 4) -> Path:
    """Write a finished data set of these samples."""
    (folder / "shards").mkdir(parents=True)
    records = []
    for number, first in enumerate(range(0, len(samples), per_shard)):
        held = samples[first : first + per_shard]
        data = write_shard(held)
        file = f"shards/{number:05d}-{sha256_hex(data)[:12]}.arrow"
        (folder / file).write_bytes(data)
        tokens = sum(s.text_tokens for s in held), sum(s.vision_tokens for s in held)
        ids = tuple(s.sample_id for s in held)
        checksums = row_checksums(memoryview(data))
        records.append(CommitRecord(number, file, len(held), len(data), sha256_hex(data), *tokens, ids, checksums, len(held)))
    recipe, ingredients = {"name": canonical_json([s.sample_id for s in samples][:1])}, Ingredients({}, {}, {})
    manifest = Manifest(fingerprint_of(recipe, ingredients), {**recipe}, ingredients, tuple(records), Totals.of(records))
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return folder

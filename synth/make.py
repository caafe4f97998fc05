"""`make_sample`: one integer to one proved sample, on one screen. Each stage has its own random stream.

The graph runs the same two halves apart: `draft_sample` makes, `verify_sample` proves from what would be stored. Nothing here knows shards
or Ray.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from schemas.canonical import canonical_json
from schemas.family import AnyFamily, HasAssets
from schemas.sample import AssetUse, Clip, Image, Json, Sample, Turn
from schemas.seeds import derive_seed, stream
from schemas.tokens import clip_marks, count_conversation, image_tokens
from synth.check import check_draft, check_placeholders, check_verdicts, frame_size
from synth.libraries import library_versions
from synth.load import family_params, truth_type


def make_sample(family: AnyFamily, name: str, index: int, recipe_seed: int, *, source: str = "") -> Sample:
    """Sample number `index` of a source, with the verdict on every answer.

    Args: family: The family with its parameters. name: Its YAML name, such as `documents.report`. index: Number of the sample within its
        source, from 0. recipe_seed: The recipe's seed. source: Name of the source; the family's name if empty. Two sources of one family
        must have two names, or they make the same samples.

    Raises:
        DataError: The input cannot become a sample, or what the family made breaks its contract.
    """
    return verify_sample(family, draft_sample(family, name, index, recipe_seed, source=source))


def draft_sample(family: AnyFamily, name: str, index: int, recipe_seed: int, *, source: str = "") -> Sample:
    """The sample before its answers are proved: truth, media, turns, token counts and provenance, but no verdicts."""
    seed = derive_seed(recipe_seed, source or name, index)
    truth = family.sample_truth(index, stream(seed, "truth"))
    rendering = family.render(truth, stream(seed, "render"))
    turns = family.write_turns(truth, rendering, stream(seed, "turns"))
    check_placeholders(turns, len(rendering.images), len(rendering.clips))
    text_tokens, vision_tokens = count_tokens(turns, rendering.images, rendering.clips)
    sample = Sample(
        sample_id=sample_id(name, family.version, seed),
        family=name,
        family_version=family.version,
        index=index,
        seed=seed,
        languages=rendering.languages,
        tags=rendering.tags,
        images=rendering.images,
        clips=rendering.clips,
        attachments=rendering.attachments,
        turns=turns,
        truth=canonical_json(truth_adapter(family).dump_python(truth, mode="json")),
        verdicts=(),
        provenance=_provenance(family, rendering.assets, source or name, recipe_seed),
        text_tokens=text_tokens,
        vision_tokens=vision_tokens,
    )
    check_draft(sample, family)
    return sample


def verify_sample(family: AnyFamily, sample: Sample) -> Sample:
    """`sample` with its verdicts, found from nothing but what is stored: media, attachments, turns, and the truth read back from its
    JSON.
    """
    truth = truth_adapter(family).validate_json(sample.truth)
    verdicts = family.verify(sample.stored, sample.turns, truth)
    check_verdicts(sample, verdicts)
    return replace(sample, verdicts=tuple(verdicts))


def count_tokens(turns: Sequence[Turn], images: Sequence[Image], clips: Sequence[Clip]) -> tuple[int, int]:
    """Text and vision tokens of a conversation, as Qwen3-VL lays it out; marks around media and times of frames count as text."""
    pictures = [image_tokens(image.width_px, image.height_px) for image in images]
    films = [clip_marks(clip.time_s, *frame_size(clip)) for clip in clips]
    vision = sum(pictures) + sum(film.total for film in films)
    return count_conversation(turns, pictures, films) - vision, vision


def sample_id(name: str, version: int, seed: int) -> str:
    """`documents.report/v1/00f3…`: what the sample is, never where it lies."""
    return f"{name}/v{version}/{seed:016x}"


def truth_adapter(family: AnyFamily) -> TypeAdapter[Any]:
    """Reads and writes the family's truth as JSON."""
    return _adapter(truth_type(family))


@cache
def _adapter(truth: Any) -> TypeAdapter[Any]:
    return TypeAdapter(truth)


def _provenance(family: AnyFamily, assets: tuple[AssetUse, ...], source: str, recipe_seed: int) -> str:
    used: list[Json] = [
        {"name": a.name, "sha256": a.sha256, "licence": a.licence, "source": a.source}
        for a in sorted(set(assets), key=lambda a: (a.name, a.sha256))
    ]
    parameters = {key: value for key, value in family_params(family).items() if key != "pinned" or not isinstance(family, HasAssets)}
    # Keys in their order: the list of libraries, most of the text, is the same in all samples.
    before = canonical_json({"assets": used})
    after = canonical_json({"parameters": parameters, "recipe_seed": recipe_seed, "source": source})
    return f"{before[:-1]},{_libraries()},{after[1:]}"


@cache
def _libraries() -> str:
    libraries: dict[str, Json] = dict(library_versions())
    return canonical_json({"libraries": libraries})[1:-1]

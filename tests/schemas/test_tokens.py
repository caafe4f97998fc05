"""Token counts: ids that others published, the layout of a conversation, and the resize rule's published figures."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sample import Turn
from schemas.tokens import (
    IMAGE_PAD,
    SPECIAL_TOKENS,
    VISION_END,
    VISION_START,
    count_conversation,
    count_text,
    decode,
    encode_conversation,
    encode_text,
    image_tokens,
    smart_resize,
)

# The first four from the Qwen2.5 and Qwen3 model cards and documentation; the rest from the expected ids of `transformers`' own
# Qwen2 tokenizer test (tests/models/qwen2/test_tokenization_qwen2.py, test_tokenizer_integration).
PUBLISHED = {
    "Hello, world!": [9707, 11, 1879, 0],
    "You are a helpful assistant.": [2610, 525, 264, 10950, 17847, 13],
    "Give me a short introduction to large language models.": [35127, 752, 264, 2805, 16800, 311, 3460, 4128, 4119, 13],
    "你好": [108386],
    "models in 100+ languages": [6507, 304, 220, 16, 15, 15, 10, 15459],
    "使用预训练模型可以减少计算消耗和碳排放，并且节省从头训练所需要的时间和资源。": [
        *(37029, 98841, 104034, 104949, 73670, 101940, 100768, 104997, 33108, 100912, 105054, 90395, 100136, 106831, 45181, 64355, 104034),
        *(113521, 101975, 33108, 85329, 1773),
    ],
    '```python\ntokenizer = AutoTokenizer.from_pretrained("Qwen/Qwen-tokenizer")\ntokenizer("世界，你好！")```': [
        *(73594, 12669, 198, 85593, 284, 8979, 37434, 6387, 10442, 35722, 445, 48, 16948, 45274, 16948, 34841, 3135, 1138, 85593, 445),
        *(99489, 3837, 108386, 6313, 899, 73594),
    ],
}


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_ids(text: str) -> None:
    """Catches another vocabulary or another pre-tokenizer pattern: digits, symbols with newlines, Chinese punctuation."""
    assert encode_text(text) == PUBLISHED[text]


LANGUAGES = ["Größe über alles", "日本語の文書", "안녕하세요", "مرحبا بالعالم", "Привет, мир", "हिन्दी", "สวัสดี", "שלום", "e\u0301"]


@pytest.mark.parametrize("text", LANGUAGES)
def test_any_language_comes_back_in_nfc(text: str) -> None:
    """Catches a lossy step; the last text is é in two code points, which Qwen composes."""
    assert decode(encode_text(text)) == unicodedata.normalize("NFC", text)
    assert count_text("e\u0301") == count_text("é")


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_text_cannot_inject_special_tokens(token: str) -> None:
    """Catches a document that ends a turn or opens an image by saying so."""
    assert not set(encode_text(f"a {token} b")) & set(SPECIAL_TOKENS.values())
    assert decode(encode_text(token)) == token


def test_special_ids() -> None:
    """Catches a shifted table: ids from tokenizer_config.json."""
    assert SPECIAL_TOKENS["<|endoftext|>"] == 151643
    assert SPECIAL_TOKENS["<|vision_start|>"] == 151652
    assert SPECIAL_TOKENS["<|image_pad|>"] == 151655
    assert SPECIAL_TOKENS["<|video_pad|>"] == 151656
    assert SPECIAL_TOKENS["<|file_sep|>"] == 151664
    assert SPECIAL_TOKENS["</think>"] == 151668


def test_conversation_layout() -> None:
    """Catches a default system turn, a missing newline, and images in the wrong place."""
    turns = [Turn("system", "You are a helpful assistant."), Turn("user", "<image>\nHello, world!<image>"), Turn("assistant", "你好")]
    image_a, image_b = [VISION_START, *[IMAGE_PAD] * 3, VISION_END], [VISION_START, IMAGE_PAD, VISION_END]
    assert encode_conversation(turns, [3, 1]) == [
        *(151644, 8948, 198, 2610, 525, 264, 10950, 17847, 13, 151645, 198),
        *(151644, 872, 198, *image_a, 198, 9707, 11, 1879, 0, *image_b, 151645, 198),
        *(151644, 77091, 198, 108386, 151645, 198),
    ]
    assert count_conversation(turns, [3, 1]) == 35


def test_newline_at_the_start_of_a_text_joins_the_one_after_the_role() -> None:
    """Catches role and text encoded apart: the Qwen tokenizer sees `user` followed by two newlines, one token (271)."""
    assert encode_conversation([Turn("user", "\nHello")]) == [151644, 872, 271, 9707, 151645, 198]


@pytest.mark.parametrize(
    ("text", "images", "message"),
    [
        ("<image>", [], "0 images but 1"),
        ("none", [4], "1 images but 0"),
        ("<image>", [4, 4], "2 images but 1"),
        ("<video>", [], "0 videos but 1"),
    ],
)
def test_placeholders_must_match(text: str, images: list[int], message: str) -> None:
    """Catches images that would be counted nowhere, or placeholders read as text."""
    with pytest.raises(ValueError, match=message):
        count_conversation([Turn("user", text)], images)


@pytest.mark.parametrize(
    ("width", "height", "min_px", "tokens"),
    [(9376, 1248, 65_536, 11_427), (256, 32, 4_096, 8), (800, 1440, 65_536, 1_125), (736, 448, 65_536, 322)],
)
def test_figure_1_of_the_report(width: int, height: int, min_px: int, tokens: int) -> None:
    """Token counts printed in figure 1 of the Qwen3-VL report; its 8-token image needs a lower floor than the released 64 tokens."""
    assert image_tokens(width, height, min_px=min_px) == tokens


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((100, 100), (256, 256)),  # below the floor: ceil(100 * 2.56 / 32) = 8 squares a side
        ((48, 2000), (64, 1984)),  # halves round to even: 1.5 squares to 2, 62.5 to 62
        ((8000, 8000), (4096, 4096)),  # at the ceiling
        ((16, 3200), (32, 3648)),  # a side below half a square
        ((20_000, 150), (20_000, 160)),
    ],
)
def test_smart_resize_by_hand(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """Catches rounding in place of floor or ceil, and swapped sides."""
    assert smart_resize(*size) == expected


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_smart_resize_keeps_its_bounds(height: int, width: int) -> None:
    """Catches sides that are not multiples, areas out of bounds, and sizes accepted beyond the aspect limit."""
    if max(height, width) > 200 * min(height, width):
        with pytest.raises(ValueError, match="more than 200 times"):
            smart_resize(height, width)
        return
    new_height, new_width = smart_resize(height, width)
    assert new_height % 32 == new_width % 32 == 0
    assert 65_536 <= new_height * new_width <= 16_777_216
    assert smart_resize(new_height, new_width) == (new_height, new_width)

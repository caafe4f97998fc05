"""Sizes of a Qwen3-VL model: two frozen dataclasses, to and from Hugging Face's config.json.

Field names are Hugging Face's. What all released models share is not a field but a constant: patches of 16 px merged 2x2, two frames a
temporal patch, a 48x48 position table. A config that differs there is refused rather than computed wrongly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from schemas.errors import UserError

PATCH_PX, TEMPORAL_PATCH, MERGE, CHANNELS = 16, 2, 2, 3
"""Side of a patch, frames of a patch, patches a side of one visual token, colours (config.json of every released Qwen3-VL)."""
PATCH_VALUES = CHANNELS * TEMPORAL_PATCH * PATCH_PX**2
"""Values of one flattened patch: 1,536."""
TABLE_SIDE = 48
"""Side of the learned position table of the vision tower; `num_position_embeddings` is its square, 2,304."""
VISION_ROPE_THETA = 10_000.0
"""Base of the vision tower's 2-D RoPE (`Qwen3VLVisionRotaryEmbedding`)."""
VISION_EPS = 1e-6
"""Epsilon of the vision tower's LayerNorms (`Qwen3VLVisionBlock`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionConfig:
    """The vision tower and its mergers. `deepstack_visual_indexes` are the blocks, counted from 0, after which a feature is tapped."""

    depth: int
    hidden_size: int
    num_heads: int
    intermediate_size: int
    out_hidden_size: int
    deepstack_visual_indexes: tuple[int, ...]
    initializer_range: float = 0.02

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_heads


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The decoder. `num_experts` 0 means dense; else `is_sparse` says which layers have experts."""

    vocab_size: int = 151_936
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int = 128
    rope_theta: float = 5_000_000.0
    mrope_section: tuple[int, int, int] = (24, 20, 20)
    max_position_embeddings: int = 262_144
    rms_norm_eps: float = 1e-6
    initializer_range: float = 0.02
    num_experts: int = 0
    num_experts_per_tok: int = 0
    moe_intermediate_size: int = 0
    decoder_sparse_step: int = 1
    mlp_only_layers: tuple[int, ...] = ()
    router_aux_loss_coef: float = 0.001

    def is_sparse(self, layer: int) -> bool:
        """Whether a layer has experts (`Qwen3VLMoeTextDecoderLayer`)."""
        return self.num_experts > 0 and layer not in self.mlp_only_layers and (layer + 1) % self.decoder_sparse_step == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Qwen3VLConfig:
    """A whole model. With `tie_word_embeddings` the output head is the token embedding."""

    vision: VisionConfig
    text: TextConfig
    tie_word_embeddings: bool

    def __post_init__(self) -> None:
        vision, text = self.vision, self.text
        taps = vision.deepstack_visual_indexes
        _need(
            vision.hidden_size % vision.num_heads == 0,
            f"vision hidden_size {vision.hidden_size} is no multiple of {vision.num_heads} heads",
        )
        _need(vision.head_dim % 4 == 0, f"vision head_dim {vision.head_dim} is no multiple of 4, which 2-D RoPE needs")
        _need(vision.out_hidden_size == text.hidden_size, f"vision out_hidden_size {vision.out_hidden_size} is not {text.hidden_size}")
        _need(len(set(taps)) == len(taps), f"deepstack_visual_indexes {taps} repeats a block")
        _need(all(0 <= tap < vision.depth for tap in taps), f"deepstack_visual_indexes {taps} names a block beyond depth {vision.depth}")
        _need(
            text.num_attention_heads % text.num_key_value_heads == 0,
            f"{text.num_attention_heads} query heads do not divide into {text.num_key_value_heads} key-value heads",
        )
        _need(text.num_experts_per_tok <= text.num_experts, f"{text.num_experts_per_tok} experts a token of {text.num_experts}")

    def parameters(self) -> "Parameters":
        """Number of parameters by part."""
        return count_parameters(self)

    @classmethod
    def from_hf(cls, config: Mapping[str, Any]) -> "Qwen3VLConfig":
        """The model that a config.json of `qwen3_vl` or `qwen3_vl_moe` describes, in the spelling of transformers 4.57 or 5.x.

        Raises:
            UserError: Another kind of model, a missing size, or a setting that this implementation does not compute.
        """
        kind = config.get("model_type")
        _need(kind in ("qwen3_vl", "qwen3_vl_moe"), f"model_type is {kind!r}, not qwen3_vl or qwen3_vl_moe")
        _need("vision_config" in config and "text_config" in config, "there is no vision_config or no text_config")
        vision, text = config["vision_config"], dict(config["text_config"])
        text.setdefault("num_experts", text.get("num_local_experts"))
        _need((kind == "qwen3_vl_moe") == bool(text["num_experts"]), f"{kind} with num_experts {text['num_experts']!r}")
        rope = {**(text.get("rope_scaling") or {}), **(text.get("rope_parameters") or {})}
        text["rope_theta"] = rope.get("rope_theta", text.get("rope_theta"))
        text["mrope_section"] = rope.get("mrope_section", (24, 20, 20))
        _refuse_unsupported(vision, text, rope)
        return cls(
            vision=_picked(VisionConfig, vision, "vision_config"),
            text=_picked(TextConfig, text, "text_config"),
            tie_word_embeddings=bool(config.get("tie_word_embeddings", False)),
        )

    def to_hf(self, dtype: str = "bfloat16") -> dict[str, Any]:
        """config.json as the released models have it; transformers 4.57 and 5.x both read it."""
        sparse = self.text.num_experts > 0
        kind = "qwen3_vl_moe" if sparse else "qwen3_vl"
        text = _listed(asdict(self.text))
        section = text.pop("mrope_section")
        if not sparse:
            for name in _MOE_FIELDS:
                del text[name]
        text |= {
            "model_type": f"{kind}_text",
            "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": section},
            "tie_word_embeddings": self.tie_word_embeddings,
            **_TEXT_FIXED,
        }
        return {
            "architectures": ["Qwen3VLMoeForConditionalGeneration" if sparse else "Qwen3VLForConditionalGeneration"],
            "model_type": kind,
            "dtype": dtype,
            "tie_word_embeddings": self.tie_word_embeddings,
            **_TOKENS,
            "text_config": text,
            "vision_config": {**_listed(asdict(self.vision)), **_VISION_FIXED, "model_type": kind},
        }


_MOE_FIELDS = (
    *("num_experts", "num_experts_per_tok", "moe_intermediate_size"),
    *("decoder_sparse_step", "mlp_only_layers", "router_aux_loss_coef"),
)
_TOKENS = {"image_token_id": 151655, "video_token_id": 151656, "vision_start_token_id": 151652, "vision_end_token_id": 151653}
_TEXT_FIXED = {"hidden_act": "silu", "attention_bias": False, "attention_dropout": 0.0}
_VISION_FIXED = {
    "hidden_act": "gelu_pytorch_tanh",
    "in_channels": CHANNELS,
    "patch_size": PATCH_PX,
    "temporal_patch_size": TEMPORAL_PATCH,
    "spatial_merge_size": MERGE,
    "num_position_embeddings": TABLE_SIDE**2,
}


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise UserError(what, where="model config", todo="use the config.json of a Qwen3-VL checkpoint, or a preset")


def _refuse_unsupported(vision: Mapping[str, Any], text: Mapping[str, Any], rope: Mapping[str, Any]) -> None:
    for part, fixed in ((vision, _VISION_FIXED), (text, _TEXT_FIXED)):
        for name, value in fixed.items():
            _need(part.get(name, value) == value, f"{name} is {part.get(name)!r}; only {value!r} is computed here")
    turning = (vision.get("rope_parameters") or {}).get("rope_theta", VISION_ROPE_THETA)
    _need(turning == VISION_ROPE_THETA, f"the vision tower's rope_theta is {turning!r}; only {VISION_ROPE_THETA:g} is computed here")
    kind = rope.get("rope_type", rope.get("type", "default"))
    _need(kind == "default", f"rope_type is {kind!r}; only 'default' is computed here")
    _need(rope.get("mrope_interleaved", True) is True, "mrope_interleaved is false, which is Qwen2.5-VL's layout")


def _picked(cls: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """The dataclass from those of its fields that `values` holds."""
    known = {field.name: values[field.name] for field in fields(cls) if values.get(field.name) is not None}
    known |= {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    try:
        return cls(**known)
    except TypeError as error:
        raise UserError(str(error), where=f"{where} of the model config", todo="give the missing size") from error


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


# --- presets -----------------------------------------------------------------------------------------------------------------------


def _model(
    text: tuple[int, int, int, int, int], vision: tuple[int, int, int, int, tuple[int, ...]], *, tied: bool, **more: Any
) -> Qwen3VLConfig:
    """A model from (layers, hidden, query heads, key-value heads, MLP width) and (depth, hidden, heads, MLP width, taps)."""
    layers, hidden, heads, kv_heads, width = text
    depth, vision_hidden, vision_heads, vision_width, taps = vision
    return Qwen3VLConfig(
        vision=VisionConfig(
            depth=depth,
            hidden_size=vision_hidden,
            num_heads=vision_heads,
            intermediate_size=vision_width,
            out_hidden_size=hidden,
            deepstack_visual_indexes=taps,
        ),
        text=TextConfig(
            num_hidden_layers=layers,
            hidden_size=hidden,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            intermediate_size=width,
            **more,
        ),
        tie_word_embeddings=tied,
    )


_LARGE, _SO400M = (24, 1024, 16, 4096, (5, 11, 17)), (27, 1152, 16, 4304, (8, 16, 24))
_HALF_HEADS = {"head_dim": 64, "mrope_section": (12, 10, 10)}

PRESETS = {
    # config.json of the released models (4B, 8B, 30B-A3B verbatim; 2B, 32B and 235B-A22B through torchtitan and two validators).
    "2b": _model((28, 2048, 16, 8, 6144), _LARGE, tied=True),
    "4b": _model((36, 2560, 32, 8, 9728), _LARGE, tied=True),
    "8b": _model((36, 4096, 32, 8, 12288), _SO400M, tied=False),
    "32b": _model((64, 5120, 64, 8, 25600), _SO400M, tied=False),
    "30b-a3b": _model((48, 2048, 32, 4, 6144), _SO400M, tied=False, num_experts=128, num_experts_per_tok=8, moe_intermediate_size=768),
    "235b-a22b": _model((94, 4096, 64, 4, 12288), _SO400M, tied=False, num_experts=128, num_experts_per_tok=8, moe_intermediate_size=1536),
    # Chosen: the 2B's proportions (MLP 3x, vision half as wide, 6 blocks to 7 layers, taps at each quarter) with heads of 64. The name
    # counts decoder, tower and mergers; the token embedding comes on top (58, 117, 194 M), being two thirds of the smallest model.
    "30m": _model((12, 384, 6, 3, 1152), (10, 192, 3, 768, (2, 4, 7)), tied=True, **_HALF_HEADS),
    "150m": _model((16, 768, 12, 6, 2304), (14, 384, 6, 1536, (2, 6, 10)), tied=True, **_HALF_HEADS),
    "500m": _model((19, 1280, 20, 10, 3840), (16, 640, 10, 2560, (3, 7, 11)), tied=True, **_HALF_HEADS),
    # Chosen: as small as shows every part, for a CPU and for tests.
    "tiny": _model((4, 64, 4, 2, 192), (4, 32, 2, 128, (0, 1, 2)), tied=True, head_dim=16, mrope_section=(4, 2, 2)),
}
"""Models by name. Proxies and `tiny` are ours; the others are Qwen's."""


def preset(name: str) -> Qwen3VLConfig:
    """The sizes of a named model.

    Raises:
        UserError: There is no such preset.
    """
    if name not in PRESETS:
        raise UserError(f"there is no preset {name!r}", where="model", todo=f"choose one of {', '.join(PRESETS)}, or a checkpoint folder")
    return PRESETS[name]


# --- counting ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameters:
    """Number of parameters by part. A tied head counts in `embedding`; `active` is `decoder` less the experts that a token does not use."""

    embedding: int
    decoder: int
    head: int
    vision: int
    mergers: int
    active: int

    @property
    def total(self) -> int:
        """All parameters, each counted once."""
        return self.embedding + self.decoder + self.head + self.vision + self.mergers


def count_parameters(config: Qwen3VLConfig) -> Parameters:
    """Parameters of a model, from its sizes alone; `active` counts the decoder's for one token."""
    text, vision = config.text, config.vision
    hidden, dim, v = text.hidden_size, text.head_dim, vision.hidden_size
    attention = hidden * dim * (2 * text.num_attention_heads + 2 * text.num_key_value_heads) + 2 * dim + 2 * hidden
    dense = 3 * hidden * text.intermediate_size
    expert, router = 3 * hidden * text.moe_intermediate_size, hidden * text.num_experts
    sparse_layers = sum(text.is_sparse(layer) for layer in range(text.num_hidden_layers))
    common = text.num_hidden_layers * attention + (text.num_hidden_layers - sparse_layers) * dense + sparse_layers * router + hidden
    block = 4 * v * v + 2 * v * vision.intermediate_size + 9 * v + vision.intermediate_size
    table = (PATCH_VALUES + 1 + TABLE_SIDE**2) * v
    merger = 16 * v * v + 4 * v + 4 * v * hidden + hidden
    taps = len(vision.deepstack_visual_indexes)
    embedding = text.vocab_size * hidden
    return Parameters(
        embedding=embedding,
        decoder=common + sparse_layers * text.num_experts * expert,
        head=0 if config.tie_word_embeddings else embedding,
        vision=vision.depth * block + table,
        mergers=(1 + taps) * merger + 2 * v + taps * 8 * v,
        active=common + sparse_layers * text.num_experts_per_tok * expert,
    )


def training_flops(config: Qwen3VLConfig, segments: Iterable[int], frames: Iterable[int] = (), supervised: int | None = None) -> int:
    """Floating-point operations of one forward and backward pass, the numerator of MFU; recomputed activations do not count.

    6 P L for the P active parameters of the decoder over L tokens (Kaplan et al., arXiv 2001.08361, appendix B.1), and likewise for the
    head, tied or not, over the tokens that have a target; looking up the embedding costs nothing. Plus 6 L² heads head_dim a layer for
    causal attention: 2 products of 2 operations over L² / 2 pairs, three times (forward, and two gradients each). The vision tower
    likewise with 6 parameters a patch, full attention of 12 S² hidden a block within each frame of S patches, and the mergers 6
    parameters a visual token of four patches.

    Args:
        config: The model.
        segments: Tokens of each packed sub-sample; leave padding out for useful work only.
        frames: Patches of each attention segment of the vision tower.
        supervised: Tokens that have a target; all of them by default.
    """
    text, vision, count = config.text, config.vision, count_parameters(config)
    segments, frames = list(segments), list(frames)
    head = text.vocab_size * text.hidden_size
    attention = text.num_hidden_layers * text.num_attention_heads * text.head_dim
    heads = 6 * head * (sum(segments) if supervised is None else supervised)
    decoder = 6 * count.active * sum(segments) + heads + 6 * attention * sum(length**2 for length in segments)
    tower = count.vision - TABLE_SIDE**2 * vision.hidden_size
    patches = sum(frames)
    seeing = 6 * tower * patches + 12 * vision.depth * vision.hidden_size * sum(length**2 for length in frames)
    return decoder + seeing + 6 * count.mergers * patches // MERGE**2

"""Sizes: presets against published counts, and config.json in both spellings of transformers."""

import copy
from typing import Any

import pytest
import torch

from model.config import PRESETS, Qwen3VLConfig, preset, training_flops
from model.qwen3_vl import Qwen3VL
from schemas.errors import UserError
from tests.model.rows import MOE, packed, random_model, sample, tiny


@pytest.mark.parametrize(
    ("name", "billions"), [("2b", 2.128), ("4b", 4.438), ("8b", 8.767), ("32b", 33.36), ("30b-a3b", 31.07), ("235b-a22b", 235.7)]
)
def test_released_models_have_their_number_of_parameters(name: str, billions: float) -> None:
    assert preset(name).parameters().total / 1e9 == pytest.approx(billions, rel=5e-4)


@pytest.mark.parametrize(("name", "millions"), [("30m", 30), ("150m", 150), ("500m", 500)])
def test_proxies_have_the_size_in_their_name_beside_the_embedding(name: str, millions: int) -> None:
    count = preset(name).parameters()
    assert (count.decoder + count.vision + count.mergers) / 1e6 == pytest.approx(millions, rel=0.04)
    assert count.vision / count.decoder == pytest.approx(0.23, abs=0.02)  # the 2B's 0.217


@pytest.mark.parametrize("config", [*PRESETS.values(), tiny(**MOE), tiny(tie_word_embeddings=False)])
def test_the_count_is_that_of_the_modules(config: Qwen3VLConfig) -> None:
    with torch.device("meta"):
        model = Qwen3VL(config)
    count = config.parameters()
    assert sum(parameter.numel() for parameter in model.parameters()) == count.total
    assert sum(parameter.numel() for parameter in model.vision.parameters()) == count.vision + count.mergers


@pytest.mark.parametrize("config", [*PRESETS.values(), tiny(**MOE, mlp_only_layers=(1,), decoder_sparse_step=2)])
def test_config_json_gives_the_model_back(config: Qwen3VLConfig) -> None:
    assert Qwen3VLConfig.from_hf(config.to_hf()) == config


@pytest.mark.parametrize("changes", [{}, MOE])
def test_transformers_reads_ours_and_we_read_what_it_writes(changes: dict[str, Any]) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is the reference")
    config = tiny(**changes)
    cls = transformers.Qwen3VLMoeConfig if changes else transformers.Qwen3VLConfig
    written = cls(**config.to_hf()).to_dict()  # 5.x spells rope_parameters and num_local_experts
    assert "rope_parameters" in written["text_config"]
    assert Qwen3VLConfig.from_hf(written) == config


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (("model_type",), "qwen2_vl", "qwen2_vl"),
        (("text_config", "hidden_act"), "gelu", "hidden_act"),
        (("text_config", "rope_scaling", "rope_type"), "yarn", "yarn"),
        (("text_config", "rope_scaling", "mrope_interleaved"), False, "interleaved"),
        (("text_config", "num_key_value_heads"), 3, "key-value"),
        (("text_config", "num_experts"), 8, "num_experts"),
        (("vision_config", "patch_size"), 14, "patch_size"),
        (("vision_config", "num_position_embeddings"), 1024, "num_position_embeddings"),
        (("vision_config", "deepstack_visual_indexes"), [1, 40], "deepstack"),
        (("vision_config", "deepstack_visual_indexes"), [1, 1], "deepstack"),
        (("vision_config", "out_hidden_size"), 99, "out_hidden_size"),
        (("vision_config", "num_heads"), 3, "heads"),
    ],
)
def test_a_config_that_would_be_computed_wrongly_is_refused(path: tuple[str, ...], value: object, word: str) -> None:
    config = copy.deepcopy(preset("tiny").to_hf())
    part = config
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(UserError, match=word):
        Qwen3VLConfig.from_hf(config)


def test_a_missing_size_and_an_unknown_preset_are_named() -> None:
    config = preset("tiny").to_hf()
    del config["text_config"]["hidden_size"]
    with pytest.raises(UserError, match="hidden_size"):
        Qwen3VLConfig.from_hf(config)
    with pytest.raises(UserError, match="30b-a3b"):
        preset("3b")


def test_flops_of_matrices_are_those_that_torch_counts() -> None:
    """Segments are so short that attention hardly counts; the head is left out, for it would outweigh the rest."""
    from torch.utils.flop_counter import FlopCounterMode

    config = tiny(vision_depth=6, vision_hidden_size=64, vision_intermediate_size=256, num_hidden_layers=6)
    batch = packed([sample(0, [("image", (1, 4, 4))] * 4), *(sample(number) for number in range(6))])
    model = random_model(config)
    with FlopCounterMode(display=False) as counter:
        model.hidden(batch).sum().backward()
    head = 6 * config.text.vocab_size * config.text.hidden_size * len(batch.ids)
    counted = counter.get_total_flops() + 2 * 1536 * 64 * 64  # pixels need no gradient
    assert training_flops(config, batch.cu_seqlens.diff().tolist(), [16] * 4) - head == pytest.approx(counted, rel=0.05)


def test_flops_of_attention_grow_with_the_square_of_each_segment() -> None:
    config, length = preset("2b"), 1000
    joined = training_flops(config, [2 * length]) - training_flops(config, [length, length])
    assert joined == 28 * 6 * 16 * 128 * 2 * length**2
    frames = training_flops(config, [], [512]) - training_flops(config, [], [256, 256])
    assert frames == 24 * 12 * 1024 * (512**2 - 2 * 256**2)

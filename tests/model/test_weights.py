"""Checkpoints: bit-exact round trips, both layouts of transformers, and errors that list what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.qwen3_vl import Qwen3VL
from model.weights import hf_layout, load_hf, save_hf
from schemas.errors import UserError
from tests.model.reference import reference_logits, reference_model
from tests.model.rows import MOE, packed, random_model, sample, tiny

KINDS: dict[str, dict[str, Any]] = {
    "tied": {},
    "untied": {"tie_word_embeddings": False},
    "experts": {**MOE, "tie_word_embeddings": False},
    "square experts": {**MOE, "moe_intermediate_size": 32},  # gate_up is 64 x 64: only down tells the layouts apart
}


def same(one: Qwen3VL, other: Qwen3VL) -> bool:
    ours, theirs = dict(one.named_parameters()), dict(other.named_parameters())
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name]) for name in ours
    )


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shard", [10**12, 200_000], ids=["one file", "many files"])
def test_what_is_written_is_read_to_the_bit(changes: dict[str, Any], dtype: torch.dtype, shard: int, tmp_path: Path) -> None:
    model = random_model(tiny(**changes)).to(dtype)
    save_hf(model, tmp_path, shard)
    files = list(tmp_path.glob("*.safetensors"))
    assert (len(files) > 1) == (shard == 200_000)
    assert (tmp_path / "model.safetensors.index.json").exists() == (len(files) > 1)
    assert same(load_hf(tmp_path), model)
    again = tmp_path / "again"
    save_hf(load_hf(tmp_path), again, shard)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == {path.name: path.read_bytes() for path in again.glob("*.*")}


def test_a_checkpoint_over_another_is_the_new_one(tmp_path: Path) -> None:
    """Catches files, or an index of them, that outlive their checkpoint and lead to the weights before."""
    first, second = random_model(tiny(), seed=1), random_model(tiny(), seed=2)
    save_hf(first, tmp_path, 200_000)
    many = {path.name for path in tmp_path.iterdir()}
    save_hf(second, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
    assert same(load_hf(tmp_path), second)
    save_hf(first, tmp_path, 200_000)
    assert {path.name for path in tmp_path.iterdir()} == many


def test_files_stay_below_the_limit(tmp_path: Path) -> None:
    save_hf(random_model(tiny()), tmp_path, 200_000)
    sizes = {path.name: sum(tensor.nbytes for tensor in load_file(path).values()) for path in tmp_path.glob("*.safetensors")}
    assert all(size <= 200_000 for name, size in sizes.items() if len(load_file(tmp_path / name)) > 1)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(sizes.values())


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_transformers_loads_what_we_write_and_we_load_what_it_writes(changes: dict[str, Any], tmp_path: Path) -> None:
    theirs = reference_model(tiny(**changes))
    theirs.save_pretrained(tmp_path / "theirs")
    ours = load_hf(tmp_path / "theirs")
    save_hf(ours, tmp_path / "ours")
    back, info = type(theirs).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    if changes.get("moe_intermediate_size") == 32:
        return  # transformers 5.24 looks at each tensor's shape, and so takes a square gate_up of a released checkpoint for its own layout
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name


@pytest.mark.parametrize("kind", ["experts", "square experts"])
def test_experts_are_read_in_both_layouts(kind: str, tmp_path: Path) -> None:
    model = random_model(tiny(**KINDS[kind]))
    save_hf(model, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    swapped = {name: tensor.mT.contiguous() if "experts" in name else tensor for name, tensor in tensors.items()}
    save_file(swapped, tmp_path / "model.safetensors")
    assert same(load_hf(tmp_path), model)


def test_a_tied_checkpoint_may_repeat_its_embedding_but_not_differ(tmp_path: Path) -> None:
    model = random_model(tiny())
    save_hf(model, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "lm_head.weight": model.head_weight.detach().clone()}, tmp_path / "model.safetensors")
    assert same(load_hf(tmp_path), model)
    save_file({**tensors, "lm_head.weight": model.head_weight.detach() + 1}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="lm_head differs"):
        load_hf(tmp_path)


def test_every_wrong_tensor_is_listed(tmp_path: Path) -> None:
    save_hf(random_model(tiny()), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    lost, wrong = "model.visual.merger.norm.weight", "model.language_model.layers.1.self_attn.k_proj.weight"
    del tensors[lost]
    tensors |= {wrong: torch.zeros(3, 64), "model.visual.stray": torch.zeros(1)}
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(UserError) as caught:
        load_hf(tmp_path)
    message = str(caught.value)
    assert f"1 tensors missing: {lost}" in message
    assert "1 tensors not of this model: model.visual.stray" in message
    assert f"1 tensors of another shape: {wrong} is [3, 64], not [32, 64]" in message
    assert str(tmp_path) in message


def test_many_wrong_tensors_are_counted_and_some_named(tmp_path: Path) -> None:
    save_hf(random_model(tiny()), tmp_path)
    with pytest.raises(UserError, match=r"\d\d tensors missing: .*, …"):
        load_hf(tmp_path, tiny(num_hidden_layers=9))


def test_mixed_precision_within_one_matrix_is_refused(tmp_path: Path) -> None:
    save_hf(random_model(tiny()), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    save_file({**tensors, name: tensors[name].bfloat16()}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="differ in precision"):
        load_hf(tmp_path)


def test_folders_that_hold_no_whole_checkpoint_say_what_is_lost(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no config.json"):
        load_hf(tmp_path)
    save_hf(random_model(tiny()), tmp_path, 200_000)
    next(iter(sorted(tmp_path.glob("*.safetensors")))).unlink()
    with pytest.raises(UserError, match="model-00001-of-"):
        load_hf(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="not JSON"):
        load_hf(tmp_path)


def test_another_precision_can_be_asked_for(tmp_path: Path) -> None:
    save_hf(random_model(tiny()), tmp_path)
    assert {parameter.dtype for parameter in load_hf(tmp_path, dtype=torch.bfloat16).parameters()} == {torch.bfloat16}


def test_the_layout_names_every_parameter_once() -> None:
    for changes in KINDS.values():
        model = Qwen3VL(tiny(**changes))
        layout = hf_layout(model.config)
        assert layout.keys() == {name for name, _ in model.named_parameters()}
        names = [piece.name for pieces in layout.values() for piece in pieces]
        assert len(names) == len(set(names))


def test_initial_weights_depend_on_seed_and_name_alone() -> None:
    small, deep = Qwen3VL(tiny()), Qwen3VL(tiny(num_hidden_layers=6, vision_depth=5))
    small.init_weights(7)
    deep.init_weights(7)
    shared = dict(deep.named_parameters())
    assert all(torch.equal(parameter, shared[name]) for name, parameter in small.named_parameters())
    deep.init_weights(8)
    assert not torch.equal(small.decoder.embedding.weight, deep.decoder.embedding.weight)
    assert small.decoder.embedding.weight.std().item() == pytest.approx(0.02, rel=0.01)
    assert torch.equal(small.state_dict()["decoder.layers.0.attention.q_norm.weight"], torch.ones(16))
    parts = small(packed([sample(0, [("image", (1, 4, 4))])]))
    assert (parts.loss / parts.weight).item() == pytest.approx(11.93, abs=0.1)  # ln 151,936: nothing is known yet


def test_reference_and_loaded_model_agree(tmp_path: Path) -> None:
    """Catches rows joined in another order than they are used."""
    theirs, made = reference_model(tiny()), sample(0, text=20)
    theirs.save_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.allclose(load_hf(tmp_path).logits(packed([made])), reference_logits(theirs, made), atol=1e-4)

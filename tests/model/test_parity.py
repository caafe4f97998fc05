"""The model against transformers: logits, divergence and gradients, in float32 on the CPU, from weights that transformers wrote.

Compared with transformers 5.24.0. Do not compare videos with releases before huggingface/transformers PR #44474 (March 2026): those that
took over Qwen2-VL's positions place the frames of a Qwen3-VL video wrongly.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import model.rope
import model.text
from model.batch import VisionPlan
from model.qwen3_vl import Qwen3VL
from model.vision import Merger, VisionTower
from model.weights import hf_layout, load_hf
from tests.model.reference import reference_logits, reference_model, save_reference
from tests.model.rows import MOE, Sample, packed, sample, tiny

MAX_LOGIT, MAX_KL, MAX_GRADIENT = 1e-4, 1e-6, 1e-4

CONFIGS: dict[str, dict[str, Any]] = {
    "dense, tied": {},
    "dense, untied": {"tie_word_embeddings": False},
    "experts, untied": {**MOE, "tie_word_embeddings": False},
    "experts in some layers, tied": {**MOE, "mlp_only_layers": (2,), "num_hidden_layers": 5},
    "odd taps and layers": {"vision_depth": 5, "vision_deepstack_visual_indexes": (1, 4), "num_hidden_layers": 3},
    "taps out of order": {"vision_deepstack_visual_indexes": (2, 0), "num_hidden_layers": 7},
    "more taps than layers": {"vision_deepstack_visual_indexes": (0, 1, 2), "num_hidden_layers": 2},
    "no taps, other heads": {"vision_deepstack_visual_indexes": (), "num_key_value_heads": 1, "head_dim": 24, "mrope_section": (6, 3, 3)},
}
MEDIA = {
    "text": [sample(0, text=30)],
    "one image": [sample(1, [("image", (1, 6, 10))])],
    "many images": [sample(2, [("image", (1, 2, 2)), ("image", (1, 12, 4)), ("image", (1, 2, 16))])],
    "video": [sample(3, [("video", (4, 6, 4))])],
    "mixed, packed": [
        sample(4, [("video", (2, 4, 8)), ("image", (1, 8, 4)), ("video", (1, 2, 2))]),
        sample(5, text=20),
        sample(6, [("image", (1, 4, 4))]),
    ],
}


QUICK = ("dense, tied", "experts, untied", "odd taps and layers")


@pytest.fixture(
    scope="module",
    params=[pytest.param(changes, id=name, marks=() if name in QUICK else pytest.mark.slow) for name, changes in CONFIGS.items()],
)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Qwen3VL]:
    """Their model and ours with the same weights."""
    folder = tmp_path_factory.mktemp("checkpoint")
    theirs = reference_model(tiny(**request.param))
    save_reference(theirs, folder)
    return theirs, load_hf(folder)


def both_logits(theirs: Any, ours: Qwen3VL, samples: list[Sample]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Our logits and theirs for each sample; ours from one packed row with padding, which must not matter."""
    batch = packed(samples, sum(len(s.ids) for s in samples) + 9)
    with torch.no_grad():
        rows = ours.logits(batch).split(batch.cu_seqlens.diff().tolist())
        return list(zip(rows, [reference_logits(theirs, s) for s in samples], strict=False))


def difference(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Of the logits, the largest."""
    return max(float((got - want).abs().max()) for got, want in pairs)


def divergence(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """KL(theirs, ours) in nats, the largest of a token."""
    logs = [(got.double().log_softmax(-1), want.double().log_softmax(-1)) for got, want in pairs]
    return max(float((want.exp() * (want - got)).sum(-1).max()) for got, want in logs)


@pytest.mark.parametrize("samples", MEDIA.values(), ids=MEDIA)
def test_logits_are_those_of_transformers(pair: tuple[Any, Qwen3VL], samples: list[Sample]) -> None:
    logits = both_logits(*pair, samples)
    assert difference(logits) <= MAX_LOGIT
    assert divergence(logits) <= MAX_KL


@pytest.mark.parametrize("samples", [MEDIA["text"], MEDIA["mixed, packed"]], ids=["text", "mixed, packed"])
def test_gradients_are_those_of_transformers(pair: tuple[Any, Qwen3VL], samples: list[Sample]) -> None:
    theirs, ours = pair
    theirs.zero_grad()
    ours.zero_grad()
    ours(packed(samples)).loss.backward()
    for s in samples:
        logits = reference_logits(theirs, s)
        F.cross_entropy(logits[:-1], torch.from_numpy(s.ids[1:]).long(), reduction="sum").backward()
    assert max(gradient_errors(theirs, ours).values()) <= MAX_GRADIENT


def gradient_errors(theirs: Any, ours: Qwen3VL) -> dict[str, float]:
    """For each of our parameters the norm of the difference over the norm; nan, which no comparison passes, if only one has a gradient."""
    wanted = dict(theirs.named_parameters())
    errors = {}
    for name, parameter in ours.named_parameters():
        pieces = hf_layout(ours.config)[name]
        gradients = [wanted[piece.name].grad for piece in pieces]
        if parameter.grad is None and all(gradient is None or not gradient.any() for gradient in gradients):
            continue  # no image was there, or a tap without a layer
        if parameter.grad is None or any(gradient is None for gradient in gradients):
            errors[name] = torch.nan
            continue
        joined = torch.cat([(g.mT if piece.transposable else g).reshape(-1) for piece, g in zip(pieces, gradients, strict=True)])
        errors[name] = float((parameter.grad.reshape(-1) - joined).norm() / joined.norm().clamp(min=1e-12))
    assert errors
    return errors


# --- planted faults: parity must notice each -------------------------------------------------------------------------------------------


def contiguous_axes(section: tuple[int, int, int], count: int, device: torch.device | None = None) -> torch.Tensor:
    """Qwen2.5-VL's layout: T…T H…H W…W."""
    return torch.arange(3).repeat_interleave(torch.tensor(section))[:count]


def normalised_after_joining(merger: Merger, x: torch.Tensor) -> torch.Tensor:
    """The order of the DeepStack mergers in the main one."""
    joined = x.view(-1, merger.joined)
    norm = merger.norm
    if not merger.norm_joined:
        joined = F.layer_norm(joined, (merger.joined,), norm.weight.repeat(4), norm.bias.repeat(4), norm.eps)
    else:
        joined = norm(joined)
    y: torch.Tensor = merger.down(F.gelu(merger.up(joined)))
    return y


def tanh_gelu(merger: Merger, x: torch.Tensor) -> torch.Tensor:
    normed = merger.norm(x.view(-1, merger.joined)) if merger.norm_joined else merger.norm(x).view(-1, merger.joined)
    y: torch.Tensor = merger.down(F.gelu(merger.up(normed), approximate="tanh"))
    return y


def one_layer_late(tower: VisionTower, patches: torch.Tensor, plan: VisionPlan) -> tuple[torch.Tensor, list[torch.Tensor]]:
    tokens, taps = _SEEN(tower, patches, plan)
    return tokens, [torch.zeros_like(tokens), *taps]


_SEEN: Callable[..., tuple[torch.Tensor, list[torch.Tensor]]] = VisionTower.forward
FAULTS = {
    "contiguous MRoPE": (model.rope, "mrope_axes", contiguous_axes),
    "merger normalises after joining": (Merger, "forward", normalised_after_joining),
    "tanh GELU in the mergers": (Merger, "forward", tanh_gelu),
    "DeepStack a layer late": (VisionTower, "forward", one_layer_late),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Qwen3VL]:
    folder: Path = tmp_path_factory.mktemp("plain")
    theirs = reference_model(tiny())
    save_reference(theirs, folder)
    return theirs, load_hf(folder)


@pytest.mark.parametrize(("owner", "name", "wrong"), FAULTS.values(), ids=FAULTS)
def test_parity_notices(plain: tuple[Any, Qwen3VL], owner: object, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert difference(both_logits(*plain, MEDIA["mixed, packed"])) <= MAX_LOGIT
    monkeypatch.setattr(owner, name, wrong)
    assert difference(both_logits(*plain, MEDIA["mixed, packed"])) > 3 * MAX_LOGIT

"""What steps depend on besides their config is in their fingerprints: weights, code, libraries, device."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from dags import ablation_prints
from dags.ablation_config import Ablation
from dags.ablation_prints import checkpoint_print, code_print
from dags.ablation_steps import resolve
from schemas.errors import UserError

RECIPE = "seed: {seed}\nsources:\n  - {{family: tiny.meters, count: 4}}\n"


def trained(folder: Path, model: dict[str, Any], device: str = "cpu") -> tuple[str, str]:
    """Fingerprints of the only run's training and evaluation."""
    for seed in (1, 2):
        (folder / f"{seed}.yaml").write_text(RECIPE.format(seed=seed), encoding="utf-8")
    data, asked = ({"one": {"recipe": str(folder / f"{seed}.yaml")}} for seed in (1, 2))
    train = {
        "model": model,
        "steps": 1,
        "rows_per_step": 1,
        "sequence_length": 256,
        "optimizer": {"learning_rate": 0.003, "warmup_steps": 1},
    }
    ablation = Ablation.model_validate({"name": "x", "seeds": (1,), "data": data, "evaluation": asked, "train": train})
    arm = resolve(ablation, "a test", device).arms[0]
    return arm.trained[1][0].fingerprint, arm.evaluated[1].fingerprint


def checkpoint(folder: Path, weights: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_checkpoint_counts_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    one = checkpoint(tmp_path / "one", b"weights")
    before = trained(tmp_path, {"folder": str(one)})
    other = shutil.copytree(one, tmp_path / "moved")
    assert trained(tmp_path, {"folder": str(other)}) == before
    checkpoint(one, b"better weights")
    after = trained(tmp_path, {"folder": str(one)})
    assert not set(after) & set(before)
    (one / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no model"):
        checkpoint_print(one)


def test_another_device_or_library_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trained(tmp_path, {"preset": "tiny"})
    assert trained(tmp_path, {"preset": "tiny"}) == before
    assert not set(trained(tmp_path, {"preset": "tiny"}, "cuda")) & set(before)
    monkeypatch.setattr(ablation_prints, "_version", lambda library: "another")
    assert not set(trained(tmp_path, {"preset": "tiny"})) & set(before)


def test_a_change_of_code_is_another_print_and_one_of_the_statistics_is_not(tmp_path: Path) -> None:
    def written(**files: str) -> str:
        for name, text in {"evaluate": "a", "ablation_stats": "b", **files}.items():
            (tmp_path / "model" / f"{name}.py").write_text(text, encoding="utf-8")
        code_print.cache_clear()
        return code_print(tmp_path)

    (tmp_path / "model").mkdir()
    before = written()
    assert written(ablation_stats="other") == before
    assert written(evaluate="other") != before

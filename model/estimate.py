"""What a training config comes to, from sizes and manifests alone: parameters, memory, tokens, operations, and what each data set gives."""

from pathlib import Path

from model.config import count_parameters, training_flops
from model.run import model_sizes
from model.train_config import TrainConfig
from schemas.mixture import load_mixture
from schemas.shard import read_manifest

Table = tuple[str, list[list[object]]]
REFERENCE_FLOPS, REFERENCE_MFU = 989.4e12, 0.5
"""One H100's dense bf16 peak (NVIDIA's data sheet) and the utilisation that time is estimated with."""


def estimate(config: TrainConfig) -> list[Table]:
    """Titled tables of (what, value).

    Raises:
        UserError: Model, mixture or a data set does not exist.
    """
    sizes = model_sizes(config.model)
    count = count_parameters(sizes)
    parts = {"text": count.embedding + count.decoder + count.head, "vision": count.vision, "mergers": count.mergers}
    trained = sum(number for part, number in parts.items() if part in config.trained_parts)
    frozen = 2 * (count.total - trained)
    alone = (14 if config.precision == "bf16" else 16) * trained + frozen  # a bf16 weight is half of its master (`model.optimizer`)
    model: list[list[object]] = [[f"{part} parameters", number] for part, number in parts.items()]
    model += [
        ["trained parameters", trained],
        ["weights, gradients, masters and AdamW, one GPU", f"{alone / 2**30:.1f} GiB"],
        ["the same over N GPUs", f"{(16 * trained + frozen) / 2**30:.1f} / N GiB"],
        ["layer inputs kept for one row", f"{_activations(config) / 2**30:.1f} GiB"],
    ]
    tokens = config.steps * config.rows_per_step * config.length
    flops = config.steps * config.rows_per_step * training_flops(sizes, [config.length])
    run: list[list[object]] = [
        ["stage", config.stage],
        ["slots a row", config.length],
        ["slots a step", config.rows_per_step * config.length],
        ["slots in all", tokens],
        ["FLOPs, rows of one text each", f"{flops:.3g}"],
        [f"hours on one H100 at {REFERENCE_MFU:.0%} of its peak", round(flops / (REFERENCE_FLOPS * REFERENCE_MFU) / 3600, 2)],
    ]
    return [("Model", model), ("Run", run), ("Mixture", _mixture(config, tokens))]


def _activations(config: TrainConfig) -> int:
    """Bytes that every layer's input alone takes, which recomputing cannot avoid."""
    text = model_sizes(config.model).text
    return 2 * config.length * text.hidden_size * text.num_hidden_layers


def _mixture(config: TrainConfig, tokens: int) -> list[list[object]]:
    mixture = load_mixture(config.data.mixture)
    rows: list[list[object]] = []
    for source, share in zip(mixture.datasets, mixture.shares, strict=True):
        totals = read_manifest(Path(source.path)).totals
        held = totals.text_tokens + totals.vision_tokens
        rows.append([source.name, f"{share:.1%} of the tokens, {share * tokens / max(held, 1):.2f} passes over its {held:,}"])
    return rows

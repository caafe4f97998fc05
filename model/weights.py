"""Checkpoints in Hugging Face's layout: `config.json` beside one safetensors file, or several with an index. All bits are kept.

Three things differ inside: query, key and value are one matrix, gate and up are one, and the patch convolution is a plain matrix. Experts
lie as in released checkpoints, [E, hidden, 2 width] and [E, width, hidden]; transformers 5.x writes them transposed, which is recognised.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.config import CHANNELS, MERGE, PATCH_PX, TABLE_SIDE, TEMPORAL_PATCH, Qwen3VLConfig
from model.qwen3_vl import Qwen3VL
from schemas.errors import UserError

SHARD_BYTES = 5_000_000_000
"""Size of a file that transformers writes by default: 5 GB."""
_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
_LISTED = 8
"""Tensors of each kind that an error names."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One tensor of a checkpoint: rows of one of our parameters. `transposable` marks experts, whose last two axes may be swapped."""

    name: str
    shape: tuple[int, ...]
    transposable: bool = False


def load_hf(folder: Path, config: Qwen3VLConfig | None = None, dtype: torch.dtype | None = None) -> Qwen3VL:
    """A model with the weights of a checkpoint folder, on the CPU.

    Args:
        folder: Holds config.json and safetensors.
        config: Sizes, where config.json is not to be read.
        dtype: Precision to convert to; as stored by default.

    Raises:
        UserError: A file is missing, or tensors are missing, left over or of other shape than the config says; all are listed.
    """
    config = config or read_config(folder)
    with torch.device("meta"):
        model = Qwen3VL(config)
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    with _Tensors(folder) as tensors:
        layout = hf_layout(config)
        swapped = _stored_transposed(layout, tensors)
        _compare(layout, tensors, folder, tied=config.tie_word_embeddings, swapped=swapped)
        state = {name: _joined(pieces, tensors, swapped).reshape(shapes[name]) for name, pieces in layout.items()}
    model.load_state_dict({name: tensor.to(dtype or tensor.dtype) for name, tensor in state.items()}, assign=True)
    return model


def save_hf(model: Qwen3VL, folder: Path, max_shard_bytes: int = SHARD_BYTES, state: Mapping[str, torch.Tensor] | None = None) -> None:
    """Write a checkpoint that `load_hf` and `transformers` read. config.json comes last, so that a folder with one is whole.

    Args:
        model: The model, on any device.
        folder: Made if need be.
        max_shard_bytes: Files are closed before they grow beyond this, unless one tensor does.
        state: Tensors to write in place of the model's own, by our names: those gathered from a sharded model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in (folder / "config.json", folder / _INDEX):  # of a checkpoint that this one replaces
        earlier.unlink(missing_ok=True)
    state = state or {name: parameter.detach() for name, parameter in model.named_parameters()}
    layout = hf_layout(model.config)
    sizes = {
        piece.name: torch.Size(piece.shape).numel() * state[name].element_size() for name, pieces in layout.items() for piece in pieces
    }
    files = _files(sizes, max_shard_bytes)
    for file, names in files.items():
        wanted = set(names)
        shard = {piece.name: part for name in layout for piece, part in _split(layout[name], state[name]) if piece.name in wanted}
        save_file({name: part.cpu().contiguous() for name, part in shard.items()}, folder / file, metadata={"format": "pt"})
    if len(files) > 1:
        index = {
            "metadata": {"total_size": sum(sizes.values())},
            "weight_map": {name: file for file, names in files.items() for name in names},
        }
        (folder / _INDEX).write_text(json.dumps(index, indent=2, sort_keys=True), encoding="utf-8")
    for earlier in folder.glob("model*.safetensors"):  # `transformers` prefers a single file to an index
        if earlier.name not in files:
            earlier.unlink()
    dtype = str(next(iter(state.values())).dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(model.config.to_hf(dtype), indent=2), encoding="utf-8")


def hf_layout(config: Qwen3VLConfig) -> dict[str, tuple[Piece, ...]]:
    """For each of our parameters the tensors of a checkpoint that are its rows, in order."""
    text, layout = config.text, dict(_vision_layout(config))
    hidden, dim = text.hidden_size, text.head_dim
    root = "model.language_model"
    layout["decoder.embedding.weight"] = (Piece(f"{root}.embed_tokens.weight", (text.vocab_size, hidden)),)
    for number in range(text.num_hidden_layers):
        ours, theirs = f"decoder.layers.{number}", f"{root}.layers.{number}"
        query, key = (text.num_attention_heads * dim, hidden), (text.num_key_value_heads * dim, hidden)
        layout[f"{ours}.attention_norm.weight"] = (Piece(f"{theirs}.input_layernorm.weight", (hidden,)),)
        layout[f"{ours}.attention.qkv.weight"] = tuple(
            Piece(f"{theirs}.self_attn.{kind}_proj.weight", shape) for kind, shape in (("q", query), ("k", key), ("v", key))
        )
        layout[f"{ours}.attention.out.weight"] = (Piece(f"{theirs}.self_attn.o_proj.weight", query[::-1]),)
        for kind in "qk":
            layout[f"{ours}.attention.{kind}_norm.weight"] = (Piece(f"{theirs}.self_attn.{kind}_norm.weight", (dim,)),)
        layout[f"{ours}.mlp_norm.weight"] = (Piece(f"{theirs}.post_attention_layernorm.weight", (hidden,)),)
        layout |= _mlp_layout(config, number, f"{ours}.mlp", f"{theirs}.mlp")
    layout["decoder.norm.weight"] = (Piece(f"{root}.norm.weight", (hidden,)),)
    if not config.tie_word_embeddings:
        layout["head.weight"] = (Piece("lm_head.weight", (text.vocab_size, hidden)),)
    return layout


def _mlp_layout(config: Qwen3VLConfig, layer: int, ours: str, theirs: str) -> dict[str, tuple[Piece, ...]]:
    text = config.text
    hidden, width, experts = text.hidden_size, text.moe_intermediate_size, text.num_experts
    if text.is_sparse(layer):
        return {
            f"{ours}.router.weight": (Piece(f"{theirs}.gate.weight", (experts, hidden)),),
            f"{ours}.gate_up": (Piece(f"{theirs}.experts.gate_up_proj", (experts, hidden, 2 * width), transposable=True),),
            f"{ours}.down": (Piece(f"{theirs}.experts.down_proj", (experts, width, hidden), transposable=True),),
        }
    wide = (text.intermediate_size, hidden)
    return {
        f"{ours}.gate_up.weight": (Piece(f"{theirs}.gate_proj.weight", wide), Piece(f"{theirs}.up_proj.weight", wide)),
        f"{ours}.down.weight": (Piece(f"{theirs}.down_proj.weight", wide[::-1]),),
    }


def _vision_layout(config: Qwen3VLConfig) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    vision, root = config.vision, "model.visual"
    hidden, joined = vision.hidden_size, MERGE**2 * vision.hidden_size

    def linear(ours: str, theirs: str, rows: int, *columns: int) -> Iterator[tuple[str, tuple[Piece, ...]]]:
        yield f"{ours}.weight", (Piece(f"{root}.{theirs}.weight", (rows, *columns)),)
        yield f"{ours}.bias", (Piece(f"{root}.{theirs}.bias", (rows,)),)

    yield from linear("vision.patch", "patch_embed.proj", hidden, CHANNELS, TEMPORAL_PATCH, PATCH_PX, PATCH_PX)
    yield "vision.table.weight", (Piece(f"{root}.pos_embed.weight", (TABLE_SIDE**2, hidden)),)
    for number in range(vision.depth):
        ours, theirs = f"vision.blocks.{number}", f"blocks.{number}"
        yield from linear(f"{ours}.attention_norm", f"{theirs}.norm1", hidden)
        yield from linear(f"{ours}.attention.qkv", f"{theirs}.attn.qkv", 3 * hidden, hidden)
        yield from linear(f"{ours}.attention.out", f"{theirs}.attn.proj", hidden, hidden)
        yield from linear(f"{ours}.mlp_norm", f"{theirs}.norm2", hidden)
        yield from linear(f"{ours}.up", f"{theirs}.mlp.linear_fc1", vision.intermediate_size, hidden)
        yield from linear(f"{ours}.down", f"{theirs}.mlp.linear_fc2", hidden, vision.intermediate_size)
    mergers = [("vision.merger", "merger", hidden)]
    mergers += [
        (f"vision.deepstack_mergers.{i}", f"deepstack_merger_list.{i}", joined) for i in range(len(vision.deepstack_visual_indexes))
    ]
    for ours, theirs, normed in mergers:
        yield from linear(f"{ours}.norm", f"{theirs}.norm", normed)
        yield from linear(f"{ours}.up", f"{theirs}.linear_fc1", joined, joined)
        yield from linear(f"{ours}.down", f"{theirs}.linear_fc2", vision.out_hidden_size, joined)


def read_config(folder: Path) -> Qwen3VLConfig:
    """Sizes of the model in a checkpoint folder.

    Raises:
        UserError: config.json is missing, is not JSON, or describes a model that is not computed here.
    """
    path = folder / "config.json"
    try:
        return Qwen3VLConfig.from_hf(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError("there is no config.json", where=str(folder), todo="name a folder that holds a Qwen3-VL checkpoint") from error
    except json.JSONDecodeError as error:
        raise UserError(f"config.json is not JSON: {error}", where=str(path), todo="fetch the checkpoint again") from error


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise UserError(f"{path.name} is damaged: {error}", where=str(path), todo="fetch the checkpoint again") from error


class _Tensors:
    """The tensors of a folder by name, read one at a time through memory maps."""

    def __init__(self, folder: Path) -> None:
        index = folder / _INDEX
        if index.exists():
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        else:
            names = [_SINGLE]
        if strange := [name for name in names if Path(name).name != name]:
            raise UserError(f"{_INDEX} names {strange[0]!r}, which is not a file of this folder", where=str(index), todo="fetch it again")
        lost = [name for name in names if not (folder / name).exists()]
        if lost:
            raise UserError(f"weights are missing: {', '.join(lost)}", where=str(folder), todo="fetch the checkpoint again")
        self._files = [_opened(folder / name) for name in names]
        self._where: dict[str, Any] = {}

    def __enter__(self) -> "_Tensors":
        for file in self._files:
            opened = file.__enter__()
            self._where |= dict.fromkeys(opened.keys(), opened)
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.__exit__(*error)

    def names(self) -> set[str]:
        return set(self._where)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._where[name].get_slice(name).get_shape())

    def __getitem__(self, name: str) -> torch.Tensor:
        tensor: torch.Tensor = self._where[name].get_tensor(name)
        return tensor


def _compare(layout: Mapping[str, tuple[Piece, ...]], tensors: _Tensors, folder: Path, *, tied: bool, swapped: bool) -> None:
    """Refuse a checkpoint whose tensors are not exactly those of the layout."""
    pieces = {piece.name: piece for group in layout.values() for piece in group}
    extra = tensors.names() - pieces.keys()
    if tied and "lm_head.weight" in extra:
        extra.remove("lm_head.weight")
        if not torch.equal(tensors["lm_head.weight"], tensors["model.language_model.embed_tokens.weight"]):
            raise UserError("lm_head differs from the embedding it is tied to", where=str(folder), todo="set tie_word_embeddings to false")
    shapes = {name: _swap(piece.shape) if piece.transposable and swapped else piece.shape for name, piece in pieces.items()}
    misshaped = [
        f"{name} is {list(tensors.shape(name))}, not {list(shape)}"
        for name, shape in shapes.items()
        if name in tensors.names() and tensors.shape(name) != shape
    ]
    faults = [("missing", sorted(pieces.keys() - tensors.names())), ("not of this model", sorted(extra)), ("of another shape", misshaped)]
    if any(found for _, found in faults):
        lines = [
            f"{len(found)} tensors {kind}: {', '.join(found[:_LISTED])}{', …' * (len(found) > _LISTED)}" for kind, found in faults if found
        ]
        raise UserError("; ".join(lines), where=str(folder), todo="check that config.json belongs to these weights")


def _stored_transposed(layout: Mapping[str, tuple[Piece, ...]], tensors: _Tensors) -> bool:
    """Whether experts have their last two axes swapped; gate_up and down are never both square, and one that is not tells it for all."""
    pieces = (piece for group in layout.values() for piece in group if piece.transposable and piece.name in tensors.names())
    return any(tensors.shape(piece.name) == _swap(piece.shape) != piece.shape for piece in pieces)


def _swap(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2])


def _joined(pieces: tuple[Piece, ...], tensors: _Tensors, swapped: bool) -> torch.Tensor:
    parts = [tensors[piece.name].mT.contiguous() if piece.transposable and swapped else tensors[piece.name] for piece in pieces]
    if len({part.dtype for part in parts}) > 1:
        kinds = ", ".join(f"{piece.name} {part.dtype}" for piece, part in zip(pieces, parts, strict=True))
        raise UserError(
            f"tensors that become one matrix differ in precision: {kinds}", where="checkpoint", todo="store them in one precision"
        )
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _split(pieces: tuple[Piece, ...], tensor: torch.Tensor) -> Iterator[tuple[Piece, torch.Tensor]]:
    rows = tensor.split([piece.shape[0] for piece in pieces])
    yield from ((piece, part.reshape(piece.shape)) for piece, part in zip(pieces, rows, strict=True))


def _files(sizes: Mapping[str, int], limit: int) -> dict[str, list[str]]:
    """Names of tensors by file, in order, each file as full as the limit allows."""
    groups: list[list[str]] = [[]]
    filled = 0
    for name, size in sizes.items():
        if groups[-1] and filled + size > limit:
            groups.append([])
            filled = 0
        groups[-1].append(name)
        filled += size
    if len(groups) == 1:
        return {_SINGLE: groups[0]}
    return {f"model-{number:05d}-of-{len(groups):05d}.safetensors": names for number, names in enumerate(groups, 1)}

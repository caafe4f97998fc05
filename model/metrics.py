"""What a run tells while it runs: a JSON line a step, TensorBoard event files, a line for people, and model FLOPs utilisation.

The event files are TensorBoard's records of scalars, 60 lines here instead of a package that brings ten others; tests hold the bytes
against a file written by TensorBoard.
"""

import json
import os
import struct
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

PEAK_FLOPS = (
    ("H100 PCIe", 756e12),
    ("H100 NVL", 835e12),
    ("H100", 989.4e12),
    ("H200", 989.4e12),
    ("H800", 989.4e12),
    ("GH200", 989.4e12),
    ("B200", 2_250e12),
    ("A100", 312e12),
    ("A800", 312e12),
    ("L40S", 362e12),
    ("RTX 4090", 165.2e12),
)
"""Dense bf16 operations a second by part of the device's name, the first that fits: NVIDIA's data sheets, half of the figures "with
sparsity"."""


def peak_flops(device_name: str) -> float | None:
    """Dense bf16 peak of a device, or None where it is not known and MFU is therefore not printed."""
    return next((peak for part, peak in PEAK_FLOPS if part in device_name), None)


class Metrics:
    """Writes a run's numbers. On resuming, what was written after the checkpoint is taken back, so that each step stands there once.

    Args:
        folder: Of the run; `metrics.jsonl` and `events/` are made in it.
        step: Steps already done.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._lines_path = folder / "metrics.jsonl"
        _truncate(self._lines_path, step)
        self._lines = self._lines_path.open("a", encoding="utf-8")
        self._events = EventWriter(folder / "events", step)

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One step's numbers; those that are numbers, also of nested mappings, go to TensorBoard under `outer/inner`."""
        self._lines.write(json.dumps({"step": step, **values}, ensure_ascii=False) + "\n")
        self._lines.flush()
        self._events.write(step, dict(_flat(values)))

    def close(self) -> None:
        """Finish both files."""
        self._lines.close()
        self._events.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl` in order."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def _truncate(path: Path, step: int) -> None:
    """Keep the lines of the first `step` steps; a last line cut short by a kill goes too."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n") and json.loads(line)["step"] <= step:
            kept.append(line)
    partial = path.with_suffix(".tmp")
    partial.write_text("".join(kept), encoding="utf-8")
    partial.replace(path)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}/")
        elif isinstance(value, (int, float)):
            yield prefix + name, float(value)


def progress_line(step: int, steps: int, values: Mapping[str, Any], remaining_s: float) -> str:
    """One line for people: step, loss, speed, utilisation, waiting, memory, time left."""
    mfu = values.get("mfu")
    parts = [
        f"step {step}/{steps}",
        f"loss {values['loss']:.4f}",
        f"lr {values['learning_rate']:.2e}",
        f"norm {values['gradient_norm']:.2f}",
        f"{values['tokens_per_second']:,.0f} tokens/s",
        f"MFU {mfu:.1%}" if mfu is not None else "",
        f"data wait {values['data_wait']:.1%}",
        f"{values['memory_gib']:.1f} GiB" if values.get("memory_gib") else "",
        f"held-out loss {values['held_out_loss']:.4f}" if "held_out_loss" in values else "",
        f"{_clock(remaining_s)} left",
    ]
    return "  ".join(part for part in parts if part)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class EventWriter:
    """Appends scalars to a new TensorBoard event file in `folder`.

    A record is length, masked CRC of it, data, masked CRC of that (TensorFlow's record_writer.h); data is a `tensorflow.Event`
    (event.proto).

    Args:
        folder: Created if absent.
        step: Steps already done; TensorBoard hides what earlier files say of later ones.
    """

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        started = time.time()
        self._file = (folder / f"events.out.tfevents.{started:.6f}.{os.getpid()}").open("ab")
        self._record(_event(started, 0, _bytes(3, b"brain.Event:2")))
        if step:
            self._record(_event(started, step + 1, _bytes(7, _varint(1, 1))))  # SessionLog.START purges from this step on

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Append one event with every scalar of a step."""
        values = (_bytes(1, tag.encode()) + _key(2, 5) + struct.pack("<f", value) for tag, value in scalars.items())
        self._record(_event(time.time(), step, _bytes(5, b"".join(_bytes(1, value) for value in values))))
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _record(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self._file.write(length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data)))


def _event(wall_time: float, step: int, what: bytes) -> bytes:
    return _key(1, 1) + struct.pack("<d", wall_time) + _varint(2, step) + what


def _key(field: int, wire: int) -> bytes:
    return bytes([field << 3 | wire])


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _varint(field: int, value: int) -> bytes:
    return _key(field, 0) + _number(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _number(len(value)) + value


def _masked(data: bytes) -> int:
    """CRC-32C (Castagnoli) of `data`, rotated and shifted as TFRecord files have it."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _crc_table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        return value

    return tuple(map(entry, range(256)))

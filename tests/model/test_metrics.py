import io
import json
import struct
from pathlib import Path

from model.metrics import EventWriter, Metrics, _event, _masked, peak_flops, progress_line, read_metrics

TENSORBOARD_RECORD = "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e9908deed"
"""What TensorBoard 2.21's RecordWriter wrote for Event(wall_time=1.5, step=300) with the scalar loss = 0.25."""


def test_an_event_has_the_bytes_that_tensorboard_writes(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, 0)
    writer._file.close()
    writer._file = sink = io.BytesIO()  # type: ignore[assignment]
    value = b"\x0a\x04loss\x15" + struct.pack("<f", 0.25)
    writer._record(_event(1.5, 300, b"\x2a" + bytes([len(value) + 2]) + b"\x0a" + bytes([len(value)]) + value))
    assert sink.getvalue().hex() == TENSORBOARD_RECORD


def test_the_checksum_is_castagnolis() -> None:
    """Known value: CRC-32C of "123456789" is E3069283 (RFC 3720, appendix B.4, and every catalogue of CRCs)."""
    crc = 0xE3069283
    assert _masked(b"123456789") == ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def records(path: Path) -> list[bytes]:
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == _masked(data[:8])
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == _masked(data[12 : 12 + length])
        found.append(data[12 : 12 + length])
        data = data[16 + length :]
    return found


def test_a_resumed_run_tells_tensorboard_to_forget_later_steps(tmp_path: Path) -> None:
    EventWriter(tmp_path, 5).close()
    first, second = records(next(tmp_path.iterdir()))
    assert b"brain.Event:2" in first
    assert second.endswith(bytes([2 << 3, 6]) + b"\x3a\x02\x08\x01")  # step 6, session_log {status: START}


def test_each_step_stands_once_after_resuming(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, 0)
    for step in (1, 2, 3):
        metrics.write(step, {"loss": float(step), "source_loss": {"a": 1.0}})
    metrics.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')  # killed while writing
    metrics = Metrics(tmp_path, 2)
    metrics.write(3, {"loss": 30.0})
    metrics.close()
    assert [(line["step"], line["loss"]) for line in read_metrics(tmp_path)] == [(1, 1.0), (2, 2.0), (3, 30.0)]


def test_losses_keep_every_bit_in_json() -> None:
    value = 11.958473241113332
    assert json.loads(json.dumps(value)) == value


def test_the_progress_line_says_what_a_person_waits_for() -> None:
    values = {"loss": 2.5, "learning_rate": 1e-4, "gradient_norm": 0.5, "tokens_per_second": 45_000.0, "mfu": 0.523, "data_wait": 0.004}
    line = progress_line(20, 100, {**values, "memory_gib": 61.2, "held_out_loss": 2.75}, 3_725)
    speed = ("45,000 tokens/s", "MFU 52.3%", "data wait 0.4%", "61.2 GiB")
    wanted = ("step 20/100", "loss 2.5000", *speed, "held-out loss 2.7500", "1:02:05 left")
    assert all(part in line for part in wanted), line


def test_peaks_are_those_of_the_data_sheets() -> None:
    assert peak_flops("NVIDIA H100 80GB HBM3") == 989.4e12
    assert peak_flops("NVIDIA H100 PCIe") == 756e12
    assert peak_flops("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_flops("Some card") is None

"""Films of known content, sound and broken: every frame's time right, or the film flagged or refused with a reason; nothing hangs."""

import io
import time
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from schemas.errors import DataError
from synth.video import decoder_link
from synth.video.decode import Film, frames_at, probe, second_frames_at
from tests.synth.video.films import read_number, rotated, sound_only, write_film

CONSTANT = [round(k * 1000 / 30) for k in range(60)]
VARIABLE = list(accumulate([17, 33, 50, 100] * 15, initial=0))
WANTED = [0, 3, 11, 30, 59]


@pytest.mark.parametrize("ticks", [CONSTANT, VARIABLE])
@pytest.mark.parametrize(
    ("codec", "container"),
    [("libx264", "mp4"), ("libx264", "matroska"), ("libx264", "mov"), ("libx265", "mp4"), ("libvpx-vp9", "webm"), ("libsvtav1", "mp4")],
)
def test_every_frame_is_had_at_its_time_by_both_decoders(ticks: list[int], codec: str, container: str) -> None:
    """Catches frames that are off by some, and times that are taken from a rate."""
    data = write_film(None, ticks, codec=codec, container=container)
    film = probe(data)
    assert np.allclose(film.time_s, [tick / 1000 for tick in ticks], atol=1e-6)
    assert film.flags == ()
    assert [read_number(frame) for frame in frames_at(data, film, WANTED)] == WANTED
    pixels, times, count = second_frames_at(data, film, WANTED)
    assert [read_number(frame) for frame in pixels] == WANTED
    assert count == len(ticks)
    assert np.allclose(times, [ticks[k] / 1000 for k in WANTED], atol=1e-4)


def test_frames_come_in_the_order_that_is_asked_for_and_as_often() -> None:
    data = write_film(None, CONSTANT)
    film = probe(data)
    assert [read_number(frame) for frame in frames_at(data, film, [40, 2, 40, 41])] == [40, 2, 40, 41]


def test_jumping_over_groups_and_passing_over_b_frames_changes_no_pixel() -> None:
    data = write_film(None, VARIABLE, options={"g": "8", "bf": "3"})
    film = probe(data)
    every = frames_at(data, film, range(len(VARIABLE)))
    some = [1, 6, 7, 33, 50, 60]
    assert np.array_equal(frames_at(data, film, some), every[some])


def test_avi_has_its_frames_in_order() -> None:
    data = write_film(None, CONSTANT, codec="mpeg4", container="avi")
    film = probe(data)
    assert film.keys == ()
    assert [read_number(frame) for frame in frames_at(data, film, WANTED)] == WANTED
    assert [read_number(frame) for frame in second_frames_at(data, film, WANTED)[0]] == WANTED


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_turned_films_are_upright(degrees: int, corner: tuple[int, int]) -> None:
    """The red corner, upper left as stored, is where a turn to the right takes it."""
    data = rotated(write_film(None, CONSTANT[:20]), degrees)
    film = probe(data)
    size = (160, 96) if degrees == 180 else (96, 160)
    assert (film.width_px, film.height_px) == size
    (frame,) = frames_at(data, film, [7])
    assert frame.shape == (size[1], size[0], 3)
    for pixels in (frame, second_frames_at(data, film, [7])[0][0]):
        red, green, _ = (int(value) for value in pixels[-4 if corner[0] else 4, -4 if corner[1] else 4])
        assert red > 180 > 90 > green


def test_pixels_that_are_not_square_are_stretched() -> None:
    film = probe(write_film(None, CONSTANT[:8], aspect=Fraction(3, 2)))
    assert (film.width_px, film.height_px) == (240, 96)


def test_one_frame_is_a_film() -> None:
    film = probe(write_film(None, [0]))
    assert len(film.ticks) == 1
    assert film.duration_s > 0


def test_frames_before_the_first_key_frame_are_left_out_and_flagged(tmp_path: Path) -> None:
    """A stream that was cut anywhere: its first frames cannot be decoded."""
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    write_film(whole, CONSTANT, container="matroska", options={"bf": "0", "sc_threshold": "0"})
    with av.open(str(whole)) as source, av.open(str(cut), "w", format="matroska") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if number >= 5 and packet.size:
                packet.stream = stream
                out.mux(packet)
    film = probe(cut)
    assert "starts_without_key_frame" in film.flags
    assert [read_number(frame) for frame in frames_at(cut, film, [0, 1])] == [12, 13]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero_byte"),
        (b"no film at all " * 50, "not_a_video"),
        (sound_only(), "no_video_stream"),
        (write_film(None, CONSTANT)[:-2000], "not_a_video"),
    ],
)
def test_what_is_no_film_says_so(data: bytes, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        probe(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize("damage", ["cut", "zeroed"])
def test_a_film_that_ends_too_early_gives_its_frames_or_a_reason(damage: str, tmp_path: Path) -> None:
    """The index comes first and promises more frames than there are: no decoder may go on looking for them."""
    path = tmp_path / "whole.mp4"
    with av.open(io.BytesIO(write_film(None, CONSTANT)), mode="r") as source:
        with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    whole = path.read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")
    begin = whole.index(b"mdat")
    kept = begin + (len(whole) - begin) * 6 // 10
    data = whole[:kept] if damage == "cut" else whole[:kept] + bytes(len(whole) - kept)
    film = probe(data)
    assert read_number(frames_at(data, film, [2])[0]) == 2
    last = len(film.ticks) - 1
    assert _refusal(data, film, last) == "broken_video"
    assert damage == "zeroed" or "other_frame_count" in film.flags


def _refusal(data: bytes, film: Film, index: int) -> str:
    with pytest.raises(DataError) as caught:
        frames_at(data, film, [index])
    return caught.value.reason


def test_a_decoder_that_spins_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of processor time, so that a loaded machine refuses no film that an idle one keeps."""
    data = write_film(None, [k * 5 for k in range(3000)], size=(640, 384))
    film = probe(data)
    monkeypatch.setattr("synth.video.decode.CPU_S", 0.0)
    monkeypatch.setattr("synth.video.decode.CPU_S_A_FRAME_A_MEGAPIXEL", 0.0)
    started = time.process_time()

    def decode_all() -> None:
        for _ in range(40):
            frames_at(data, film, range(3000), size_px=(64, 32))

    with pytest.raises(DataError) as caught:
        decode_all()
    assert caught.value.reason == "decoder_spins"
    assert time.process_time() - started < 20
    monkeypatch.undo()
    assert read_number(frames_at(data, film, [2])[0]) == 2  # the next one starts afresh


def test_a_killed_decoder_costs_its_request_only() -> None:
    data = write_film(None, CONSTANT)
    film = probe(data)
    decoder_link._links[0].process.kill()
    decoder_link._links[0].process.wait()
    assert read_number(frames_at(data, film, [9])[0]) == 9


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_answer_that_is_not_read_to_its_end_is_not_taken_for_the_next(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something is raised between an answer's head and its pixels: the rest stays in the pipe."""
    data = write_film(None, CONSTANT)
    film = probe(data)

    def interrupted(text: bytes) -> object:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("synth.video.decoder_link.json.loads", interrupted)
        with pytest.raises(error):
            frames_at(data, film, [3, 4])
    assert [read_number(frame) for frame in frames_at(data, film, [9, 10])] == [9, 10]


def test_more_pixels_than_fit_are_refused() -> None:
    data = write_film(None, CONSTANT)
    with pytest.raises(DataError, match="too_large"):
        frames_at(data, probe(data), range(60), size_px=(7680, 4320))

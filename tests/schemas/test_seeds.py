"""Streams are those of the numbers that their names hash to."""

import hashlib

import numpy as np
from numpy.random import PCG64

from schemas.seeds import stream


def test_a_stream_is_seeded_with_the_first_sixteen_bytes_of_its_hash() -> None:
    for seed in range(600):  # some of them begin with a zero byte
        digest = hashlib.sha256(f"assay/1\0{seed}\0truth".encode()).digest()
        assert stream(seed, "truth").bit_generator.state == PCG64(int.from_bytes(digest[:16], "big")).state


def test_zero_words_at_the_upper_end_change_nothing() -> None:
    assert PCG64(np.array([7, 9, 0, 0], np.uint32)).state == PCG64(7 + (9 << 32)).state

"""Seeds and random streams: everything random in Assay is a pure function of (recipe seed, source name, index, stage).

Keys are names, never positions, so adding a source or a draw cannot reseed its neighbours. Streams are NumPy PCG64 generators, whose
output is fixed by NumPy's compatibility policy for bit generators; only `integers`, `random` and the helpers built on them are used where
bytes must not change.
"""

import hashlib

import numpy as np
from numpy.random import PCG64, Generator


def derive_seed(recipe_seed: int, source: str, index: int) -> int:
    """Seed of one sample: the first 64 bits of SHA-256 over the three keys."""
    digest = hashlib.sha256(f"assay/1\0{recipe_seed}\0{source}\0{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def stream(seed: int, stage: str) -> Generator:
    """The random stream of one stage of one sample. One more draw in a stage cannot change another stage."""
    digest = hashlib.sha256(f"assay/1\0{seed}\0{stage}".encode()).digest()
    words = np.frombuffer(digest[15::-1], "<u4")  # of the number that the first 16 bytes are, lowest first: NumPy takes a while to cut it
    return Generator(PCG64(words))

"""The order in which one data set is read: a pure function of (seed, data set, epoch, position), the same on every machine and rank."""

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt


@lru_cache(maxsize=64)
def epoch_order(seed: int, name: str, epoch: int, length: int) -> npt.NDArray[np.int64]:
    """int64 [length]: which sample stands at each position of an epoch.

    A permutation by sorting keyed 64-bit hashes of the numbers 0 … length - 1, so that no library's shuffle, which may change,
    decides the order. The hash is SplitMix64's finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").

    Args:
        seed: The mixture's seed.
        name: The data set's name; two data sets of one length get unrelated orders.
        epoch: Number of the pass, from 0.
        length: Samples of the data set.
    """
    digest = hashlib.sha256(f"assay/1\0{seed}\0order\0{name}\0{epoch}".encode()).digest()
    key, step = np.frombuffer(digest, "<u8", 2)
    with np.errstate(over="ignore"):
        hashed = _mix(key + np.arange(length, dtype=np.uint64) * (step | np.uint64(1)))
    order = np.argsort(hashed, kind="stable").astype(np.int64)
    order.flags.writeable = False
    return order


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))

"""Our IoU of oriented boxes beside trimesh with manifold3d, on random pairs and on degenerate ones: largest difference, and CPU time of
each.

    pip install trimesh==5.2.0 manifold3d==3.5.4; python bench/spatial_iou.py [--pairs 10000]

Kinds: boxes at random; faces in one plane; one inside the other; equal but for a turn of 1e-9; touching; thin as a sheet. Exit code 1 if
two differ by more than 1e-6.
"""

import argparse
import sys
import time

import numpy as np
import trimesh
from numpy.random import Generator

from schemas.geometry_3d import Box3D, Vec3, from_euler, multiply
from schemas.iou_3d import iou_3d

LIMIT = 1e-6
KINDS = ("random", "coplanar", "nested", "nearly equal", "touching", "thin", "sheared axes")


def vector(rng: Generator, low: float, high: float) -> Vec3:
    x, y, z = (float(v) for v in rng.uniform(low, high, 3))
    return (x, y, z)


def pair(kind: str, rng: Generator) -> tuple[Box3D, Box3D]:
    a = Box3D(vector(rng, -1, 1), vector(rng, 0.2, 2), from_euler(*vector(rng, -3, 3)))
    if kind == "coplanar":  # the same rotation, moved along two axes only
        shift = rng.uniform(-0.5, 0.5)
        return Box3D((0.0, 0.0, 0.0), a.size), Box3D((float(shift) * a.size[0], 0.0, 0.0), (a.size[0], a.size[1], a.size[2] / 2))
    if kind == "nested":
        return a, Box3D(a.center, (a.size[0] * 0.3, a.size[1] * 0.3, a.size[2] * 0.3), from_euler(*vector(rng, -3, 3)))
    if kind == "nearly equal":
        return a, Box3D(a.center, a.size, multiply(a.rotation, from_euler(*vector(rng, -1e-9, 1e-9))))
    if kind == "touching":
        return Box3D((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), Box3D((1.0, float(rng.uniform(-1, 1)), 0.0), (1.0, 1.0, 1.0))
    if kind == "thin":
        return Box3D(a.center, (a.size[0], 1e-4, a.size[2]), a.rotation), Box3D(
            a.center, vector(rng, 0.2, 2), from_euler(*vector(rng, -3, 3))
        )
    b = Box3D(vector(rng, -1, 1), vector(rng, 0.2, 2), from_euler(*vector(rng, -3, 3)))
    return (
        (a, b) if kind == "random" else (a, Box3D(b.center, b.size, multiply(a.rotation, from_euler(0.0, float(rng.uniform(-3, 3)), 0.0))))
    )


def rival(a: Box3D, b: Box3D) -> float:
    meshes = []
    for box in (a, b):
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = box.rotation, box.center
        meshes.append(trimesh.creation.box(box.size, pose))
    common = float(trimesh.boolean.intersection(meshes, engine="manifold").volume)
    return common / (a.volume + b.volume - common)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    pairs = parser.parse_args().pairs
    rng = np.random.default_rng(6)
    each = -(-pairs // len(KINDS))
    print(f"{'kind':14} {'pairs':>6} {'mean IoU':>9} {'largest difference':>19} {'ours ms':>8} {'trimesh ms':>11}")
    worst = 0.0
    for kind in KINDS:
        cases = [pair(kind, rng) for _ in range(each)]
        start = time.process_time()
        ours = np.array([iou_3d(a, b) for a, b in cases])
        middle = time.process_time()
        theirs = np.array([rival(a, b) for a, b in cases])
        end = time.process_time()
        difference = float(np.abs(ours - theirs).max())
        worst = max(worst, difference)
        ours_ms, theirs_ms = (middle - start) / each * 1e3, (end - middle) / each * 1e3
        print(f"{kind:14} {each:6} {ours.mean():9.4f} {difference:19.2e} {ours_ms:8.3f} {theirs_ms:11.3f}")
    return int(not worst <= LIMIT)


if __name__ == "__main__":
    sys.exit(main())

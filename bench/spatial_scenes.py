"""Scenes a second and core: drawing (rays, light, picture), masks and boxes, questions, proof; mean CPU time of each at two sizes.

    python bench/spatial_scenes.py [--scenes 12]

CPU seconds of one process are counted, so that other work on the machine matters less. The longer side of a picture has 640 or 1,024
pixels, whatever its shape.
"""

import argparse
import time

import numpy as np

from schemas.errors import DataError
from schemas.sample import Stored
from schemas.seeds import derive_seed, stream
from synth.spatial.grounding import Grounding
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.seen import look
from synth.spatial.shade import Shader

STEPS = ("scene", "meshes and file", "light", "masks, shares, boxes", "whole sample", "of it proof")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=12)
    scenes = parser.parse_args().scenes
    print(f"{'':>24}" + "".join(f"{f'{side} px: CPU s':>18}" for side in (640, 1024)))
    columns = [measure(side, scenes) for side in (640, 1024)]
    for row, step in enumerate(STEPS):
        print(f"{step:>24}" + "".join(f"{column[row]:18.3f}" for column in columns))
    print(f"{'scenes/s and core':>24}" + "".join(f"{1 / column[4]:18.2f}" for column in columns))


def measure(side: int, scenes: int) -> list[float]:
    """Mean CPU seconds of each of `STEPS`."""
    family = Grounding(min_side_px=side, max_side_px=side)
    times = []
    for index in range(scenes + 1):  # the first warms up: imports, tables
        seed = derive_seed(1, "bench", index)
        try:
            t = [time.process_time()]
            truth = family.sample_truth(index, stream(seed, "truth"))
            t.append(time.process_time())
            meshes = scene_meshes(truth.scene)
            scene_attachment(truth.scene, meshes)
            t.append(time.process_time())
            view = Shader(truth.scene, meshes, stream(seed, "light")).draw()
            t.append(time.process_time())
            look(truth.scene, meshes, view)
            t.append(time.process_time())
            rendering = family.render(truth, stream(seed, "render"))
            turns = family.write_turns(truth, rendering, stream(seed, "turns"))
            made = time.process_time()
            family.verify(Stored(rendering.images, rendering.clips, rendering.attachments), turns, truth)
        except DataError:
            continue
        end = time.process_time()
        if index:
            times.append([*np.diff(t), end - t[4] + t[1] - t[0], end - made])
    return [float(value) for value in np.mean(times, axis=0)]


if __name__ == "__main__":
    main()

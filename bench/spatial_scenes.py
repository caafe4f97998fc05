"""Scenes a second and core: drawing (rays, light, picture), masks and boxes, questions, proof; mean CPU time of each at two sizes. With
Blender's Python, the same scenes drawn by Blender too.

    python bench/spatial_scenes.py [--scenes 13] [--blender PYTHON]

CPU seconds of one process are counted, all its threads, so that other work on the machine matters less. The longer side of a picture has
640 or 1,024 pixels, whatever its shape. PYTHON is an interpreter in which `pip install bpy` was run (Blender 5.0.1 for Python 3.11).
Blender reads the stored scenes, draws a picture and a mask of things, and writes boxes (`blender_scenes.py`); ours over it are the same
steps: meshes, light, picture, masks and boxes. Workbench is its fast engine, without textures, soft shadows or light from surfaces; Cycles
at one sample has the light, with grain. EEVEE needs a GPU: on Mesa's software OpenGL four scenes were not done in 200 s.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from schemas.errors import DataError
from schemas.sample import Stored
from schemas.seeds import derive_seed, stream
from synth.spatial.develop import develop, draw_look, pixels_of
from synth.spatial.grounding import Grounding
from synth.spatial.mesh import scene_attachment, scene_meshes
from synth.spatial.seen import look
from synth.spatial.shade import Shader

STEPS = ("scene", "meshes and file", "light", "picture", "masks, shares, boxes", "whole sample", "of it proof")
ENGINES = ("BLENDER_WORKBENCH", "CYCLES")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=13)
    parser.add_argument("--blender", metavar="PYTHON", help="an interpreter that has bpy")
    options = parser.parse_args()
    for side in (640, 1024):
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(side, options.scenes, Path(folder))
            print(f"longer side {side} px, {options.scenes} scenes")
            for step, value in zip(STEPS, rows, strict=True):
                print(f"{step:>24} {value:8.3f} CPU s")
            print(f"{'scenes/s and core':>24} {1 / rows[5]:8.2f}")
            drawn = sum(rows[1:5])
            print(f"{'drawn, masks and boxes':>24} {drawn:8.3f} CPU s")
            for engine in ENGINES if options.blender else ():
                theirs = blender(options.blender, Path(folder), engine)
                used = theirs["cpu_s"] / theirs["scenes"]
                print(f"{engine:>24} {used:8.3f} CPU s, {used / drawn:.1f} times ours (Blender {theirs['version']})")


def measure(side: int, scenes: int, folder: Path) -> list[float]:
    """Mean CPU seconds of each of `STEPS`; leaves the scenes in `folder`."""
    family = Grounding(min_side_px=side, max_side_px=side)
    times = []
    for index in range(scenes + 1):  # the first warms up: imports, tables
        seed = derive_seed(1, "bench", index)
        try:
            t = [time.process_time()]
            truth = family.sample_truth(index, stream(seed, "truth"))
            t.append(time.process_time())
            meshes = scene_meshes(truth.scene)
            file = scene_attachment(truth.scene, meshes)
            t.append(time.process_time())
            view = Shader(truth.scene, meshes, stream(seed, "light")).draw()
            t.append(time.process_time())
            rng = stream(seed, "render")
            picture = develop(view.light, draw_look(rng), rng)
            t.append(time.process_time())
            look(truth.scene, meshes, view, pixels_of(picture))
            t.append(time.process_time())
            rendering = family.render(truth, stream(seed, "render"))
            turns = family.write_turns(truth, rendering, stream(seed, "turns"))
            made = time.process_time()
            family.verify(Stored(rendering.images, rendering.clips, rendering.attachments), turns, truth)
        except DataError:
            continue
        end = time.process_time()
        (folder / f"{index:04}.glb").write_bytes(file.data)
        if index:
            times.append([*np.diff(t), end - t[5] + t[1] - t[0], end - made])
    return [float(value) for value in np.mean(times, axis=0)]


def blender(python: str, folder: Path, engine: str) -> dict[str, float]:
    """What Blender took for the scenes in a folder, its first left out."""
    script = Path(__file__).with_name("blender_scenes.py")
    done = subprocess.run([python, str(script), str(folder), engine], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"engine"')))
    return found


if __name__ == "__main__":
    main()

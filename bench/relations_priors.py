"""Measures what the name of a kind tells of where such things are: what `synth/spatial/priors.yaml` holds.

    python -m bench.relations_priors --scenes 2000 > synth/spatial/priors.yaml

For each kind, over all scenes that show it clearly among at least four things: its mean rank among them by distance from the camera (0
nearest, 1 farthest) and by height above the floor (0 lowest, 1 highest); the chance that it is nearer, and that it is farther, than two
others of any rank; and how often it was seen. `spatial.relations` compares only things whose kinds have about equal values: with others,
names would tell the answer. To be run again where scenes are drawn otherwise.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench.relations_blind import unlit
from schemas.errors import DataError
from schemas.seeds import derive_seed, stream
from synth.spatial.mesh import scene_meshes
from synth.spatial.relations import Relations
from synth.spatial.seen import look

LEAST_THINGS, LEAST_SEEN = 4, 5
HEAD = """# What a kind's name tells of where such things are in drawn scenes, measured by bench/relations_priors.py over {scenes} scenes:
# kind: [mean rank by distance from the camera (0 nearest), the same by height above the floor (0 lowest), chance to be the nearest of
# three, chance to be the farthest of three, how often seen]"""


def ranks(values: Sequence[float]) -> list[float]:
    """0 for the least, 1 for the greatest."""
    order = np.argsort(np.argsort(values))
    return [float(k) / (len(values) - 1) for k in order]


def main() -> None:
    """Print the table as YAML."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=2000)
    options = parser.parse_args()
    family = Relations(min_side_px=320, max_side_px=320, pairs=0.0)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for index in range(options.scenes):
        try:
            scene = family.sample_truth(index, stream(derive_seed(3, "relations_priors", index), "truth")).scene
        except DataError:
            continue
        meshes = scene_meshes(scene)
        clear = [item for item in look(scene, meshes, unlit(scene, meshes)) if item.clear]
        if len(clear) < LEAST_THINGS:
            continue
        things = [scene.things[item.number] for item in clear]
        away, high = ranks([item.distance_m for item in clear]), ranks([thing.position[2] + thing.size[2] / 2 for thing in things])
        for thing, *place in zip(things, away, high, strict=True):
            found[thing.kind].append((place[0], place[1]))
    print(HEAD.format(scenes=options.scenes))
    for kind, places in sorted(found.items()):
        if len(places) >= LEAST_SEEN:
            away, high = np.array(places).T
            shares = (away.mean(), high.mean(), ((1 - away) ** 2).mean(), (away**2).mean())
            print(f"{kind}: [{', '.join(f'{share:.3f}' for share in shares)}, {len(places)}]")


if __name__ == "__main__":
    main()

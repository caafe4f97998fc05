"""Films are the same bytes whatever the memory holds that nobody has written: x264's macroblock tree reads such."""

import os
import subprocess
import sys

CODE = """
import hashlib
from fractions import Fraction
from pathlib import Path
from synth.video.clips_film import write_excerpt
from synth.video.decode import frames_at, probe
from synth.video.encode import Coding, encode

film = Path("tests/synth/contracts/video.clips/places.mp4")
facts = probe(film)
frames = frames_at(film, facts, range(40))
size = facts.width_px, facts.height_px
made = [encode(lambda s: frames[round(s * 25)], range(40), Fraction(1, 25), size, Coding((25, 1), False, 60, 2, 21))]
made.append(write_excerpt(film.read_bytes(), facts, 0, 39, ())[0])
print([hashlib.sha256(data).hexdigest() for data in made])
"""


def test_what_memory_held_before_does_not_reach_the_film() -> None:
    """glibc fills what it gives away: with the macroblock tree these films had three different contents."""
    found = set()
    for filling in ("0", "85", "255"):
        environment = {**os.environ, "MALLOC_PERTURB_": filling, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1

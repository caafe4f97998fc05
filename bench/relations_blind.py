"""Can the questions of `spatial.relations` be answered without the pictures?

    python -m bench.relations_blind --samples 400 [--tasks nearest support]

Draws scenes and questions (masks and depths, no light, since nothing here looks at pixels), asks the verifier which it accepts, and answers
each question from its words alone: by the answer that its task has most often, and by the words it shares with other samples' questions
(naive Bayes over words and over pairs of slot and name, trained on all samples but a fifth, tested on that). Chance is one over the answers
to choose from; numbers and hours count as right within a quarter and one hour, their chance being the best constant's. `error` is the
standard error of a share near chance, and `over` marks baselines that stand more than 5 points over chance, by two such errors or more
(`!`) or by less than that (`?`: ask for more samples).
"""

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.errors import DataError
from schemas.sample import Turn
from schemas.seeds import derive_seed, stream
from synth.spatial.mesh import Mesh, scene_meshes
from synth.spatial.questions import Asking
from synth.spatial.rays import Rays
from synth.spatial.relations import Relations
from synth.spatial.relations_bodies import Surroundings
from synth.spatial.relations_hiding import Hiding
from synth.spatial.relations_turns import write_turns
from synth.spatial.scene import Scene
from synth.spatial.seen import look
from synth.spatial.shade import View

NAME, FOLDS = "spatial.relations", 5
UNTAUGHT = "0"
"""What is guessed where nothing was learnt: never right."""
ALLOWED = 0.05
"""How far over chance a blind baseline may stand (the project's bar)."""
KINDS = {
    2: ("left_right", "above_below", "front_behind", "own_left_right", "own_front_behind", "facing", "other_side", "camera_move"),
    12: ("clock", "own_clock"),
}


@dataclass(frozen=True)
class Question:
    """One question: its sample, task, words, answer as text, number of answers to choose from (0: a number)."""

    sample: int
    task: str
    features: tuple[str, ...]
    answer: str
    choices: int


def unlit(scene: Scene, meshes: Sequence[Mesh]) -> View:
    """What is where in a picture, without its light."""
    camera = scene.camera
    h, w = camera.height_px, camera.width_px
    v, u = (axis.reshape(-1) + 0.5 for axis in np.mgrid[0:h, 0:w])
    rays = Rays(meshes)
    return View.of(np.zeros((h, w, 3), np.float32), meshes, rays.see(camera, rays.facets(camera), u, v), h, w)


def conversation(family: Relations, index: int, seed: int) -> tuple[Turn, ...]:
    """The turns of a sample, from masks alone."""
    own = derive_seed(seed, NAME, index)
    truth = family.sample_truth(index, stream(own, "truth"))
    meshes = scene_meshes(truth.scene)
    views = []
    for camera in (truth.scene.camera, *([truth.second] if truth.second else [])):
        scene = replace(truth.scene, camera=camera)
        view = unlit(scene, meshes)
        views.append(Surroundings(Asking(scene, look(scene, meshes, view), "qwen3vl-cookbook", False), view))
    hiding = Hiding(views[0], {mesh.thing: mesh for mesh in meshes})
    return write_turns(views[0], hiding, views[1] if len(views) > 1 else None, truth.tasks, family.questions, stream(own, "turns"))


def asked(sample: int, turn: Turn) -> Question | None:
    """What is to be guessed of a turn; None for points and boxes, whose answer is a place."""
    program = turn.proof.program if turn.proof else None
    slots = program["slots"] if isinstance(program, dict) else None
    if turn.proof is None or not isinstance(program, dict) or not isinstance(slots, dict):
        return None
    features = [f"{slot}={text}" for slot, text in slots.items()]
    features += [f"{slot}:{word}" for slot, text in slots.items() for word in str(text).split()]
    value, of = turn.proof.answer, program.get("of")
    if "```" in turn.text or isinstance(value, list):
        return None
    if turn.text.endswith("not there") or value == "absent":
        return Question(sample, turn.task, tuple(features), "absent", 0)
    if isinstance(of, list):
        features += [f"option={text}" for text in of]
        return Question(sample, turn.task, tuple(features), str(value), len(of))
    choices = next((n for n, tasks in KINDS.items() if turn.task in tasks), 0 if isinstance(value, int | float) else 2)
    return Question(sample, turn.task, tuple(features), str(value), choices)


def hit(question: Question, guess: str) -> bool:
    """Whether a guess is right."""
    if question.choices:
        return guess == question.answer
    return abs(float(guess) - float(question.answer)) <= 0.25 * float(question.answer)


def bayes(train: Sequence[Question]) -> Callable[[Question], str]:
    """The likeliest answer by the words of a question; among its options where it has some."""
    prior = Counter(q.answer for q in train)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for q in train:
        for feature in q.features:
            words[feature][q.answer] += 1

    def guess(q: Question) -> str:
        options = [f.removeprefix("option=") for f in q.features if f.startswith("option=")]
        pool = options or sorted(prior) or [UNTAUGHT]

        def score(answer: str) -> float:
            if options:  # how often a name was right where it was an option
                seen = words[f"option={answer}"]
                return (seen[answer] + 1) / (sum(seen.values()) + len(options))
            out = math.log(prior[answer] + 1)
            return out + sum(math.log((words[f][answer] + 0.5) / (prior[answer] + 1)) for f in q.features)

        return max(pool, key=score)

    return guess


def constant(train: Sequence[Question]) -> str:
    """The answer, or number, that is right most often."""
    pool = sorted({q.answer for q in train})
    return max(pool, key=lambda answer: sum(hit(q, answer) for q in train)) if pool else UNTAUGHT


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", nargs="*", default=[])
    options = parser.parse_args()
    family = Relations(questions=40, pairs=0.2, min_side_px=400, max_side_px=480, tasks=tuple(options.tasks))
    questions: list[Question] = []
    for index in range(options.samples):
        try:
            turns = conversation(family, index, options.seed)
        except DataError:
            continue
        questions += [q for turn in turns if turn.role == "assistant" and (q := asked(index, turn))]
    absent = sum(q.answer == "absent" for q in questions)
    print(f"{len(questions)} questions of {options.samples} samples; {absent / len(questions):.1%} name what is not there")
    print(f"{'task':22}{'n':>6}{'chance':>8}{'error':>7}{'constant':>10}{'words':>8} over  most frequent answer")
    totals = [0.0, 0.0, 0.0, 0.0]
    for task in sorted({q.task for q in questions}):
        mine = [q for q in questions if q.task == task and q.answer != "absent"]
        right = [0, 0]
        for fold in range(FOLDS):
            train, test = ([q for q in mine if (q.sample % FOLDS == fold) == held] for held in (False, True))
            common, by_words = constant(train), bayes(train)
            right[0] += sum(hit(q, common) for q in test)
            right[1] += sum(hit(q, by_words(q)) for q in test)
        if not mine:
            continue
        n = len(mine)
        best = sum(hit(q, constant(mine)) for q in mine) / n
        chance = sum(1 / q.choices if q.choices else best for q in mine) / n
        (top, times), *_ = Counter(q.answer for q in mine).most_common(1)
        error = math.sqrt(chance * (1 - chance) / n)
        over = max(right) / n - chance
        mark = "" if over <= ALLOWED else "!" if over >= 2 * error else "?"
        print(f"{task:22}{n:6}{chance:8.3f}{error:7.3f}{right[0] / n:10.3f}{right[1] / n:8.3f} {mark:4}  {top} {times / n:.3f}")
        for k, value in enumerate((float(n), chance * n, *map(float, right))):
            totals[k] += value
    total, *shares = totals
    print(f"{'all':22}{total:6.0f}{shares[0] / total:8.3f}{'':7}{shares[1] / total:10.3f}{shares[2] / total:8.3f}")


if __name__ == "__main__":
    main()

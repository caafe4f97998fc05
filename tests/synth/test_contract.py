"""The contract of `schemas.family`, held against every family that can be found; none is named here.

A family is tried with its default parameters. One that needs others has them in `contracts/<family>.yaml` beside this file. Truth and
turns of four seeds are kept in `tests/goldens/<family>.json`; after raising a family's version, `UPDATE_GOLDENS=1 pytest
tests/synth/test_contract.py` writes them again.
"""

import hashlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from pipelines.report import check_sample
from schemas.canonical import canonical_json
from schemas.errors import NotInstalledError
from schemas.family import AnyFamily, HasAssets
from schemas.sample import Json, Proof, Sample, Turn
from schemas.shard import row_to_sample, sample_to_row, write_shard
from synth.load import load_family
from synth.make import make_sample, truth_adapter

HERE = Path(__file__).parent
GOLDENS = HERE.parent / "goldens"
SEED, INDICES = 20261124, (0, 1, 2, 3)
CPU_SECONDS, SAMPLE_BYTES = 40.0, 64_000_000
"""What one sample may cost; CI machines are slow and shared."""


def parameters(name: str) -> dict[str, Any]:
    path = HERE / "contracts" / f"{name}.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {}
    for value in found.values():
        if isinstance(value, str) and value.startswith("/") and not Path(value).exists():
            pytest.skip(f"{name} is tried on {value}, which is not installed: run `make system`")
    return found


@cache
def family_of(name: str) -> AnyFamily:
    family: AnyFamily = load_family(name, parameters(name))
    if isinstance(family, HasAssets):
        try:
            family.assets()
        except NotInstalledError as missing:
            pytest.skip(f"{name} needs more than is installed: {missing.what}")
    return family


@cache
def sample_of(name: str, index: int) -> Sample:
    return make_sample(family_of(name), name, index, SEED)


def sample_hash(sample: Sample) -> str:
    return hashlib.sha256(write_shard([sample])).hexdigest()


def test_the_same_seed_gives_equal_bytes_in_another_process(family_name: str) -> None:
    family_of(family_name)
    code = (
        "import hashlib, json, sys; from schemas.shard import write_shard;"
        "from synth.load import load_family; from synth.make import make_sample;"
        "name, index, seed, params = sys.argv[1:];"
        "print(hashlib.sha256(write_shard([make_sample(load_family(name, json.loads(params)), name, int(index), int(seed))])).hexdigest())"
    )
    arguments = [family_name, "1", str(SEED), json.dumps(parameters(family_name))]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": os.pathsep.join(sys.path)}
    # index 1 alone, without index 0 before it: what was made earlier must not matter
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sample_hash(sample_of(family_name, 1))


def test_other_seeds_give_another_truth(family_name: str) -> None:
    truths = {sample_of(family_name, index).truth for index in INDICES}
    truths.add(make_sample(family_of(family_name), family_name, 0, SEED + 1).truth)
    assert len(truths) == len(INDICES) + 1


def test_verify_accepts_its_own_answers(family_name: str) -> None:
    for index in INDICES:
        failed = [verdict for verdict in sample_of(family_name, index).verdicts if not verdict.passed]
        assert not failed


def test_what_is_stored_is_proved_as_the_command_proves_it(family_name: str) -> None:
    answers, failures = check_sample(sample_of(family_name, INDICES[1]))
    assert not failures
    assert answers.total() == sum(turn.role == "assistant" for turn in sample_of(family_name, INDICES[1]).turns)


def other_numbers(text: str) -> str:
    """Every digit of any script moved on by one."""
    return "".join(chr(ord(c) - 9) if digit_value(c) == 9 else chr(ord(c) + 1) if digit_value(c) >= 0 else c for c in text)


def digit_value(character: str) -> int:
    return int(character) if character.isdecimal() else -1


def other_letters(text: str) -> str:
    """Every word backwards."""
    return re.sub(r"\w+", lambda match: match[0][::-1], text)


REFUSAL = "The document does not say."
PERTURBATIONS: dict[str, Callable[[str], str]] = {
    "other number": other_numbers,
    "other words": other_letters,
    "refusal": lambda text: REFUSAL,
    "nothing": lambda text: "",
    "cut short": lambda text: text[: len(text) // 2],
}


def refused(turn: Turn) -> bool:
    """Whether the right answer is that there is none: then other numbers in the same refusal are still one."""
    answer = turn.proof.answer if turn.proof else None
    return answer == "absent" or (isinstance(answer, dict) and answer.get("value", answer) is None)


@dataclass(frozen=True)
class Perturbed:
    """A conversation whose answers number `wrong` (positions among the turns) are all made wrong in the same way."""

    kind: str
    wrong: tuple[int, ...]
    turns: tuple[Turn, ...]


def perturbed(sample: Sample) -> Iterator[Perturbed]:
    """The conversation made wrong in each way, in all answers at once: verdicts are given answer by answer."""
    kinds: dict[str, dict[int, Turn]] = {}
    answers = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant"]
    for number in answers:
        turn = sample.turns[number]
        for kind, change in PERTURBATIONS.items():
            if (text := change(turn.text)) != turn.text and not refused(turn):
                kinds.setdefault(kind, {})[number] = replace(turn, text=text)
        other = next((sample.turns[n] for n in answers if answer_of(sample.turns[n]) != answer_of(turn)), None)
        if other is not None and other.text != turn.text:
            kinds.setdefault("another question's answer", {})[number] = replace(turn, text=other.text)
            if turn.proof and other.proof:
                proof = Proof(turn.proof.program, other.proof.answer, turn.proof.evidence)
                kinds.setdefault("another value", {})[number] = replace(turn, text=other.text, proof=proof)
    for kind, changed in kinds.items():
        yield Perturbed(kind, tuple(changed), tuple(changed.get(number, turn) for number, turn in enumerate(sample.turns)))


def answer_of(turn: Turn) -> Json:
    return turn.proof.answer if turn.proof else None


def test_verify_rejects_every_perturbed_answer(family_name: str) -> None:
    family = family_of(family_name)
    own = getattr(importlib.import_module(f"synth.{family_name}"), "perturb", None)  # a family may add kinds that only it knows
    accepted, tried = [], 0
    for index in INDICES[:2]:
        sample = sample_of(family_name, index)
        truth = truth_adapter(family).validate_json(sample.truth)
        positions = [number for number, turn in enumerate(sample.turns) if turn.role == "assistant"]
        for item in (*perturbed(sample), *(Perturbed(*one) for one in (own(sample) if own else ()))):
            verdicts = family.verify(sample.stored, item.turns, truth)
            for number in item.wrong:
                tried += 1
                if verdicts[positions.index(number)].passed:
                    accepted.append((item.kind, sample.turns[number].task, sample.turns[number].text[:80], item.turns[number].text[:80]))
    assert tried >= 4
    assert not accepted, f"{len(accepted)} of {tried} wrong answers were accepted"


def test_verify_notices_other_media(family_name: str) -> None:
    """Answers of one sample cannot be proved from the media of another."""
    family, mine, other = family_of(family_name), sample_of(family_name, 0), sample_of(family_name, 3)
    truth = truth_adapter(family).validate_json(mine.truth)
    mixed = replace(other.stored, attachments=mine.attachments, images=(other.images * len(mine.images))[: len(mine.images)])
    assert not all(verdict.passed for verdict in family.verify(mixed, mine.turns, truth))


def test_placeholders_match_media_and_evidence_lies_inside(family_name: str) -> None:
    for index in INDICES:
        sample = sample_of(family_name, index)
        assert sum(turn.text.count("<image>") for turn in sample.turns) == len(sample.images)
        assert sum(turn.text.count("<video>") for turn in sample.turns) == len(sample.clips)
        for turn in sample.turns:
            assert turn.role != "assistant" or turn.proof is not None
            for evidence in turn.proof.evidence if turn.proof else ():
                if evidence.image is not None and evidence.box_px is not None:
                    image, (x0, y0, x1, y1) = sample.images[evidence.image], evidence.box_px
                    assert -0.5 <= x0 < x1 <= image.width_px + 0.5
                    assert -0.5 <= y0 < y1 <= image.height_px + 0.5


def test_the_answer_is_not_in_the_question(family_name: str) -> None:
    for index in INDICES:
        sample = sample_of(family_name, index)
        for asked, answered in zip(sample.turns, sample.turns[1:], strict=False):
            if answered.role == "assistant" and len(answered.text) > 3:
                assert answered.text.strip() not in asked.text, answered.task


def test_arrow_round_trip(family_name: str) -> None:
    for index in INDICES:
        sample = sample_of(family_name, index)
        row = pa.ipc.open_file(io.BytesIO(write_shard([sample]))).get_batch(0).to_pylist()[0]
        assert row_to_sample(row) == sample
        assert row_to_sample(sample_to_row(sample)) == sample


def test_budget_of_time_bytes_and_tokens(family_name: str) -> None:
    start = time.process_time()
    sample = make_sample(family_of(family_name), family_name, 7, SEED)
    assert time.process_time() - start < CPU_SECONDS
    assert len(write_shard([sample])) < SAMPLE_BYTES
    budget = getattr(family_of(family_name), "context_tokens", None)
    assert budget is None or sample.text_tokens + sample.vision_tokens <= budget


def test_truth_and_turns_are_the_golden_ones(family_name: str) -> None:
    path = GOLDENS / f"{family_name}.json"
    samples = [sample_of(family_name, index) for index in INDICES]
    found = {
        "version": family_of(family_name).version,
        "assets": sorted({asset["sha256"] for sample in samples for asset in json.loads(sample.provenance)["assets"]}),
        "truth": [hashlib.sha256(sample.truth.encode()).hexdigest() for sample in samples],
        "turns": [
            hashlib.sha256(canonical_json([[t.role, t.text, t.task] for t in sample.turns]).encode()).hexdigest() for sample in samples
        ],
    }
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    assert path.exists(), f"write {path.name} with UPDATE_GOLDENS=1"
    golden = json.loads(path.read_text())
    if golden["assets"] != found["assets"] and hasattr(family_of(family_name), "assets"):
        pytest.skip("the real input is another version than the golden one's")
    assert golden == found, f"the same seed gives another sample: if that is meant, raise {family_name}'s version and UPDATE_GOLDENS=1"

"""Records of steps that are cut short or changed fail their step, and it alone."""

import json
from pathlib import Path

import pytest

from dags.ablation_run import RECORD, Machine, after, run_steps
from dags.ablation_steps import make_step


@pytest.mark.parametrize("text", ['{"kind": "train", "outp', "[]", "{}", "", '{"outputs": [], "seconds": 1.0, "measured": {}}', "\xff"])
def test_an_unreadable_record_fails_its_step_alone(tmp_path: Path, text: str) -> None:
    broken, sound = make_step("overlap", "broken", {"is": 1}), make_step("overlap", "sound", {"is": 2})
    needs_it = make_step("overlap", "needs it", {"is": 3}, [broken])
    for step, record in ((broken, text), (sound, json.dumps({"outputs": {}, "seconds": 1.5, "measured": {"overlapping": 0}}))):
        step.folder(tmp_path).mkdir()
        (step.folder(tmp_path) / RECORD).write_bytes(record.encode("latin-1"))
    machine = Machine(tmp_path, 1)
    done = run_steps([broken, needs_it, sound], machine, print)
    assert [done[one.fingerprint].outcome for one in (broken, needs_it, sound)] == ["failed", "skipped", "reused"]
    assert "cut short" in done[broken.fingerprint].error
    assert "delete the folder" in after(broken, [], machine, print).error

"""An ablation's steps side by side on a Ray cluster: each is a task that waits for its inputs; training and evaluation take a GPU each.

Every node sees the store at one path, as with `assay build --address`. A task whose worker or node dies is run again by Ray, and goes on
from what it had stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dags.ablation_run import Done, Machine, Say, after
from dags.ablation_steps import Step
from dags.session import ray_session
from pipelines.commit import StorageError

MAX_RETRIES = 3
"""Times that a step is run again when its worker or node dies."""


def run_side_by_side(steps: Sequence[Step], before: Mapping[str, Done], machine: Machine, say: Say) -> dict[str, Done]:
    """Run steps as tasks of the cluster at `machine.address`.

    Raises:
        StorageError: The disk gave up.
        MachineError: Ray gave up.
    """
    with ray_session(machine.workers, machine.address) as ray:
        gpus = ray.cluster_resources().get("GPU", 0)
        here = replace(machine, address=None)  # what a task does, it does in its own process
        waiting: dict[str, Any] = {fingerprint: ray.put(done) for fingerprint, done in before.items()}
        for step in steps:
            learns = step.kind in ("train", "evaluate")
            on_gpu = learns and gpus > 0 and machine.device != "cpu"
            # max_calls: a process that ran on a GPU would otherwise end after each task, and load torch anew.
            options = {"num_cpus": 1, "num_gpus": 1 if on_gpu else 0, "max_retries": MAX_RETRIES, "max_calls": 0}
            task = ray.remote(**options)(_task)
            inputs = [waiting[one.fingerprint] for one in step.inputs]
            waiting[step.fingerprint] = task.remote(step, here, *inputs)
        found: dict[str, Done] = dict(before)
        names = {waiting[step.fingerprint]: step for step in steps}
        left = list(names)
        while left:
            ready, left = ray.wait(left, num_returns=1)
            step = names[ready[0]]
            done = ray.get(ready[0])
            if isinstance(done, str):
                raise StorageError(done)
            say(f"{done.outcome} {step.kind}: {step.name}{': ' + done.error if done.error else ''} ({len(left)} left)")
            found[step.fingerprint] = done
        return found


def _task(step: Step, machine: Machine, *inputs: Done) -> Done | str:
    """The step's outcome, or what the disk said: an error of our own cannot be told from Ray's when it is raised."""
    try:
        return after(step, inputs, machine, lambda text: None)
    except StorageError as error:
        return str(error)

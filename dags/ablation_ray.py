"""An ablation's steps side by side on a Ray cluster: each is a task that waits for its inputs; training and evaluation take a GPU each.

Every node sees the store at one path, as with `assay build --address`. A task whose worker or node dies is run again by Ray, and goes on
from what it had stored; one that dies every time has failed, and what does not need it goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dags.ablation_run import Done, Machine, Say, after
from dags.ablation_steps import Step
from dags.corpus import ray_errors
from dags.session import ray_session
from pipelines.commit import StorageError

MAX_RETRIES = 3
"""Times that a step is run again when its worker or node dies."""


def run_side_by_side(steps: Sequence[Step], before: Mapping[str, Done], machine: Machine, say: Say) -> dict[str, Done]:
    """Run steps as tasks of the cluster at `machine.address`.

    Raises:
        StorageError: The disk gave up.
        MachineError: Ray gave up as a whole; that a task's processes died fails the step alone.
    """
    with ray_session(machine.workers, machine.address) as ray, ray_errors(ray):
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
            done = _outcome(ray, ready[0], [found.get(one.fingerprint) for one in step.inputs])
            if isinstance(done, str):
                raise StorageError(done)
            say(f"{done.outcome} {step.kind}: {step.name}{': ' + done.error if done.error else ''} ({len(left)} left)")
            found[step.fingerprint] = done
        return found


def _outcome(ray: Any, task: Any, inputs: Sequence[Done | None]) -> Done | str:
    """How a task that is over ended. Ray raises what killed a task for those that wait for it too, which are skipped."""
    try:
        done: Done | str = ray.get(task)
    except (ray.exceptions.RaySystemError, ray.exceptions.LocalRayletDiedError):
        raise
    except ray.exceptions.RayError as error:
        if any(one is None or not one.usable for one in inputs):
            return Done("skipped", error="a step that it needs failed")
        reason = str(error).strip().partition("\n")[0]
        return Done("failed", error=f"{type(error).__name__}: {reason}")
    return done


def _task(step: Step, machine: Machine, *inputs: Done) -> Done | str:
    """The step's outcome, or what the disk said: an error of our own cannot be told from Ray's when it is raised."""
    try:
        return after(step, inputs, machine, lambda text: None)
    except StorageError as error:
        return str(error)

"""`assay submit`: hands a build or an ablation to a Ray cluster's job server, which runs it whether or not this machine stays.

The submission's id is made of the fingerprint of what is asked for and of where it goes, so the same thing is not begun twice at once. With
RAY_AUTH_MODE=token Ray's client sends the token of `ray start`; the job gets the same mode.
"""

import argparse
import asyncio
import os
import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dags.ablation_config import load_ablation
from dags.session import MachineError
from dags.terminal import say
from dags.train_commands import need_torch
from pipelines.plan import plan
from pipelines.quarantine import Failure, attempt
from schemas.canonical import canonical_json
from schemas.errors import UserError, nearest
from schemas.recipe import load_recipe
from schemas.sample import sha256_hex

SENT = ("build", "ablate")
UNFINISHED = ("PENDING", "RUNNING")
"""How a submission stands that a second would run beside."""
STOPPING_S = 15.0
"""Seconds to wait for the end of what is cancelled (chosen: a build stops in 3)."""
DASHBOARD = "http://127.0.0.1:8265"
"""Where `ray start --head` listens for jobs."""


def add_submit(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assay submit`."""
    parser.add_argument("--address", default=DASHBOARD, metavar="URL", help=f"job server of the cluster (default {DASHBOARD})")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--status", metavar="ID", help="print how a submission stands")
    what.add_argument("--logs", metavar="ID", help="print what it has said, and follow it to its end")
    what.add_argument("--cancel", metavar="ID", help="stop it; what is committed is kept")
    parser.add_argument("--no-follow", action="store_true", help="do not wait for the end of what is submitted")
    parser.add_argument("command", nargs="*", help="after --, the command: build or ablate with its arguments, without --address")


def submit(options: Namespace) -> int:
    """`assay submit`."""
    named = options.status or options.logs or options.cancel
    if bool(named) == bool(options.command):
        todo = "write for example: assay submit -- build recipe.yaml --out /shared/data"
        raise UserError("give either a command after --, or one of --status, --logs, --cancel", where="assay submit", todo=todo)
    sent = None if named else submission_id(options.command)
    client = _client(options.address)
    if sent is not None:
        _begin(client, sent, options.command)
        print(sent)
        return 0 if options.no_follow else _follow(client, sent)
    _info(client, named)
    if options.logs:
        return _follow(client, named)
    if options.cancel:
        _ask(partial(client.stop_job, named))
        _ended(client, named)
        say(f"asked {named} to stop; the same submission goes on later")
    print(_status(client, named))
    return 0


def submission_id(command: Sequence[str]) -> str:
    """`assay-build-…` or `assay-ablate-…` with 16 digits of a hash over what is made and where.

    Raises:
        UserError: It is another command, or recipe or config are wrong; nothing is sent then.
    """
    if command[0] not in SENT:
        raise UserError(
            f"{command[0]!r} cannot be submitted", where="assay submit", todo=f"{nearest(command[0], SENT)}known: {', '.join(SENT)}"
        )
    from dags.cli import make_parser  # which knows this module

    asked = make_parser().parse_args(list(command))
    if asked.address:
        raise UserError(
            f"--address {asked.address!r} is decided by the cluster that the job runs on", where="assay submit", todo="take it out"
        )
    if command[0] == "build":
        made = plan(load_recipe(asked.recipe, asked.overrides), asked.recipe).fingerprint
    else:
        made = _ablation_print(asked)
    return f"assay-{command[0]}-{sha256_hex(canonical_json([made, asked.dry_run, str(Path(asked.out).resolve())]).encode())[:16]}"


def _ablation_print(asked: Namespace) -> str:
    """A hash over an ablation: its config, and by its steps what that names, such as recipes, data sets, a checkpoint and the code."""
    ablation = load_ablation(asked.config, asked.overrides)
    need_torch()
    from dags.ablation_prints import CLUSTER
    from dags.ablation_steps import resolve

    steps = [step.fingerprint for step in resolve(ablation, asked.config, asked.device or CLUSTER).steps]
    return sha256_hex(canonical_json([ablation.model_dump(mode="json"), steps]).encode())


def entrypoint(command: Sequence[str]) -> str:
    """What the cluster runs: this installation's command, in this folder, both of which every node has at the same path."""
    return f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join([sys.executable, '-m', 'dags.cli', *command, '--address', 'auto'])}"


def _begin(client: Any, name: str, command: Sequence[str]) -> None:
    there = {job.submission_id: str(job.status) for job in _ask(client.list_jobs)}
    if name in there and there[name] in UNFINISHED:
        raise UserError(
            f"this was submitted already, as {name}: {there[name]}", where="assay submit", todo=f"follow it: assay submit --logs {name}"
        )
    if name in there:
        _ask(partial(client.delete_job, name))  # so that its id is free; the command resumes, and costs nothing where all is there
    variables = {key: os.environ[key] for key in ("RAY_AUTH_MODE", "PYTHONPATH") if key in os.environ}
    _ask(partial(client.submit_job, entrypoint=entrypoint(command), submission_id=name, runtime_env={"env_vars": variables}))


def _follow(client: Any, name: str) -> int:
    """Print the job's output as it comes; 0 if it succeeded."""

    async def tail() -> None:
        async for lines in client.tail_job_logs(name):
            print(lines, end="", flush=True)

    _ask(lambda: asyncio.run(tail()))
    status = _status(client, name)
    say(f"{name}: {status}")
    return 0 if status == "SUCCEEDED" else 1


def _ended(client: Any, name: str) -> None:
    """Wait until a job that was told to stop has, but not for ever: Ray kills what does not heed SIGTERM."""
    until = time.monotonic() + STOPPING_S
    while _status(client, name) in UNFINISHED and time.monotonic() < until:
        time.sleep(0.5)


def _status(client: Any, name: str) -> str:
    return str(_ask(partial(client.get_job_status, name)))


def _info(client: Any, name: str) -> None:
    """UserError if there is no such submission."""
    known = [job.submission_id for job in _ask(client.list_jobs) if job.submission_id]
    if name not in known:
        todo = f"{nearest(name, known)}there are: {', '.join(known) or 'none'}"
        raise UserError(f"there is no submission {name!r}", where="assay submit", todo=todo)


def _client(address: str) -> Any:
    from ray.job_submission import JobSubmissionClient

    return _ask(partial(JobSubmissionClient, address))


def _ask(question: Any) -> Any:
    """What the job server answers.

    Raises:
        MachineError: It does not, or refuses; Ray raises bare errors of several kinds for that.
    """
    found = attempt(question)
    if isinstance(found, Failure):
        why = found.detail.partition("\n")[0]
        todo = "Start the cluster, mend --address"
        if os.environ.get("RAY_AUTH_MODE") != "token":
            todo += ", or set RAY_AUTH_MODE=token if it asks for a token"
        raise MachineError(f"the job server refused or did not answer: {why}. {todo}")
    return found

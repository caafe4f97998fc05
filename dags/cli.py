"""The `assay` command: parses arguments, calls one function of `dags.commands`, and turns errors into exit codes. Data on stdout, the rest
on stderr.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from dags import ablate_commands, commands, dedup_commands, submit, train_commands
from dags.session import MachineError, cpu_count
from dags.terminal import positive, say
from pipelines.commit import StorageError
from schemas.errors import AssayError, DeterminismError, IntegrityError, StoppedError, UserError, nearest

OK, FAILED, MISTAKE, MACHINE, SIGNALLED, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 128, 130, 141

EXIT_CODES = """exit codes:
  0    done, every check passed
  1    a check failed: damaged or unproved data, a rebuild that differs, a source of which no sample was kept
  2    a mistake in the recipe, an argument or a folder; the message says what, where and what to do
  3    trouble with the machine: disk, memory, Ray; the same command again resumes
  130  stopped by Ctrl-C; the same command again resumes. 143: training stopped by SIGTERM
  141  the reader of the output has gone, as `| head` does"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = make_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()  # a reader that has gone is found here, not when Python ends
    except UserError as error:
        say(f"assay: {error}")
        return MISTAKE
    except (IntegrityError, DeterminismError) as error:
        say(f"assay: {error}")
        return FAILED
    except (MachineError, StorageError, MemoryError) as error:
        say(f"assay: {error or 'out of memory; use fewer --workers or a smaller samples_per_shard'}")
        return MACHINE
    except AssayError as error:
        say(f"assay: {error}")
        return FAILED
    except StoppedError as stopped:
        if stopped.told:
            say(f"assay: {stopped.told}")
        return SIGNALLED + stopped.number
    except KeyboardInterrupt:
        say(f"assay: {options.stopped}")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still holds back
        return READER_GONE
    except OSError as error:
        say(f"assay: {error}")
        return MACHINE
    return code


def make_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands; each `--help` ends with an example."""
    parser = _Parser(
        prog="assay",
        description="Builds multimodal training corpora whose every answer can be proved again from the stored bytes, and trains on them.",
        epilog=f"{EXIT_CODES}\n\nexample:\n  assay build pipelines/recipes/demo.yaml --out demo/data && assay verify demo/data",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_build(kinds)
    _add_verify(kinds)
    _add_rebuild(kinds)
    _add_show(kinds)
    _add_stats(kinds)
    _add_dedup(kinds)
    _add_training(kinds)
    _add_listings(kinds)
    return parser


class _Parser(argparse.ArgumentParser):
    """Proposes the nearest of the known words for one that is not among them."""

    def error(self, message: str) -> NoReturn:
        wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)$", message)
        near = nearest(wrong[1], re.findall(r"[\w.-]+", wrong[2])) if wrong else ""
        super().error(f"{message}; {near.strip()}" if near else message)


def _command(kinds: "argparse._SubParsersAction[_Parser]", name: str, about: str, example: str) -> argparse.ArgumentParser:
    parser = kinds.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"{EXIT_CODES}\n\nexample:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module = next(one for one in (commands, train_commands, ablate_commands, dedup_commands, submit) if hasattr(one, name))
    parser.set_defaults(run=getattr(module, name), stopped="stopped.")
    return parser


def _add_machine(parser: argparse.ArgumentParser, workers: int) -> None:
    parser.add_argument(
        "--workers", type=positive, default=workers, metavar="N", help=f"shards worked on at the same time (default {workers})"
    )
    parser.add_argument("--address", metavar="A", help="address of a running Ray cluster; without it Ray is started on this machine")


def _add_build(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "build",
        "build a data set from a recipe, or go on with one",
        "assay build pipelines/recipes/demo.yaml --out demo/data --set sources.0.count=4",
    )
    parser.set_defaults(stopped="stopped. What is committed is kept; run the same command again to go on.")
    parser.add_argument("recipe", help="YAML recipe")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the data set; created if absent")
    _add_machine(parser, cpu_count())
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="override a value of the recipe; may be repeated"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print plan, counts, fingerprint, and bytes and time estimated from one sample a source"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _add_verify(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "verify",
        "check a data set: checksums, schema, ledger, and every answer derived again from the stored bytes",
        "assay verify demo/data --workers 2",
    )
    parser.add_argument("folder", metavar="DIR", help="folder of a finished data set")
    _add_machine(parser, 1)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_rebuild(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "rebuild",
        "make a data set again elsewhere and compare every hash, or make one sample again",
        "assay rebuild demo/data --check --workers 2",
    )
    parser.add_argument("folder", metavar="DIR", help="folder of a data set")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="build everything again in a temporary folder and compare")
    what.add_argument("--sample", metavar="ID", help="make this sample again in this process; print its verdicts, or the traceback")
    _add_machine(parser, cpu_count())
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _add_show(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "show",
        "show samples with questions, answers, evidence and how they were proved",
        "assay show demo/data -n 12 --out demo/index.html",
    )
    parser.add_argument("folder", metavar="DIR", help="folder of a finished data set")
    parser.add_argument("-n", type=positive, default=16, metavar="N", help="samples to show, spread over the data set (default 16)")
    parser.add_argument("--out", metavar="FILE.html", help="write one self-contained HTML page instead of text")
    parser.add_argument("--task", metavar="T", help="only questions of this type")
    parser.add_argument("--family", metavar="F", help="only samples of this family")
    parser.add_argument("--sample", metavar="ID", help="only this sample")
    parser.add_argument(
        "--lost", action="store_true", help="list what was rejected or quarantined instead, with reasons and commands that make it again"
    )


def _add_stats(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "stats",
        "say in ten lines what a data set holds and whether it is as it should be: proofs, rejections, blind baselines, diversity",
        "assay stats demo/data --all",
    )
    parser.add_argument("folder", metavar="DIR", help="folder of a finished data set")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--all", action="store_true", help="print every table with its definition as well")
    how.add_argument("--json", action="store_true", help="print the numbers as JSON, each with its definition")


def _add_dedup(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    about = "find duplicates in and across data sets, by content, truth, text and pictures, and write one data set without them"
    parser = _command(kinds, "dedup", about, "assay dedup data/a data/b --out data/unique")
    dedup_commands.add_dedup(parser)
    _add_machine(parser, 1)


def _add_training(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    train_commands.add_train(
        _command(
            kinds,
            "train",
            "train the reference Qwen3-VL on data sets, or go on with a run",
            "assay train model/configs/tiny.yaml --out runs/tiny",
        )
    )
    train_commands.add_evaluate(
        _command(kinds, "evaluate", "score a trained model by family and task, beside blind baselines", "assay evaluate runs/tiny -n 2")
    )
    about = "find out which data helped: train with and without, over seeds, and compare with intervals"
    ablate = _command(kinds, "ablate", about, "assay ablate dags/ablations/tiny.yaml --dry-run")
    ablate.set_defaults(stopped="stopped. Finished steps are kept; run the same command again to go on.")
    ablate_commands.add_ablate(ablate)
    about = "send a build or an ablation to a Ray cluster's job server, follow it, or stop it"
    submit.add_submit(_command(kinds, "submit", about, "assay submit -- build recipe.yaml --out /shared/data --workers 32"))


def _add_listings(kinds: "argparse._SubParsersAction[_Parser]") -> None:
    parser = _command(
        kinds,
        "families",
        "list the families: version, what they make, parameters with defaults; of one, each parameter's type and meaning",
        "assay families documents.pdf",
    )
    parser.add_argument("family", nargs="?", metavar="FAMILY", help="tell all about the parameters of this one")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    for name, about in (
        ("assets", "list the fonts and asset packs of this installation with licences and hashes"),
        ("doctor", "check python, packages, fonts, system packages, disk, memory and that Ray starts"),
    ):
        parser = _command(kinds, name, about, f"assay {name}")
        parser.add_argument("--json", action="store_true", help="print as JSON")


if __name__ == "__main__":
    sys.exit(main())

"""An ablation's findings for people: one self-contained HTML page with forest plots and loss curves, a Markdown text, a CSV."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from model.metrics import read_metrics

COLUMNS = (
    "change",
    "group",
    "metric",
    "mean",
    "low",
    "high",
    "sure_low",
    "sure_high",
    "p",
    "p_holm",
    "word",
    "seeds",
    "samples",
    "detectable",
)
COLORS = ("#1f4e79", "#b5442a", "#3a7d44", "#8a6d1a", "#6b4a8a", "#2a8a8a", "#a03a6b", "#555555", "#c27c2c", "#4a6fd0")
WORD_COLORS = {"helps": "#3a7d44", "hurts": "#b5442a", "no effect": "#1f4e79", "cannot tell": "#888888"}
POINTS = 80
"""Points of a loss curve, each the mean of the steps around it."""
STYLE = (
    "body{font:15px/1.45 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:left;font-variant-numeric:tabular-nums}"
    "svg{max-width:100%}h2{margin-top:2em}.bad{color:#b5442a}"
)


def rule(result: Mapping[str, Any]) -> str:
    """How words follow, in a sentence or two."""
    crossed = (
        " Factors are crossed: a main effect is the mean over all settings of the others; A x B is half of how much one's effect differs "
        "with the other."
    )
    return (
        f"helps / hurts: p below {result['level']} after Holm's correction for {len(result['comparisons'])} comparisons; no effect: surely "
        f"not larger than {result['smallest']}; else cannot tell. Effects are positive where {result['metric']} gets better; intervals are "
        f"of {1 - result['level']:.0%}, over {len(result['seeds'])} paired seeds and the evaluation samples."
        + (crossed if result["factors"] else "")
    )


def to_csv(result: Mapping[str, Any]) -> str:
    """Every comparison, control, task and further metric, a row each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["kind", *COLUMNS])
    for kind in ("comparisons", "same_data", "tasks", "other_metrics"):
        writer.writerows([kind, *(one[column] for column in COLUMNS)] for one in result[kind])
    return text.getvalue()


def to_markdown(result: Mapping[str, Any]) -> str:
    """The same as text: findings, controls, scores, cost, failures, runs."""
    lines = [f"# Ablation {result['name']}", "", rule(result), ""]
    for title, columns, rows in tables(result):
        lines += [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows] + [""]
    return "\n".join(lines)


def tables(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, columns and rows of every table that has a row."""
    findings = [
        [one["change"], one["group"], _signed(one["mean"]), _interval(one), _number(one["p_holm"]), one["word"], _number(one["detectable"])]
        for one in result["comparisons"]
    ]
    same = [[one["change"], one["group"], _signed(one["mean"]), _interval(one), one["word"]] for one in result["same_data"]]
    says = [[one["control"], {True: "passed", False: "FAILED", None: "-"}[one["passed"]], one["says"]] for one in result["controls"]]
    cost = result["cost"]
    spent = [["seconds now", _parts(cost["seconds"]["done"])], ["seconds of steps used again", _parts(cost["seconds"]["reused"])]]
    spent += [["device seconds, training and evaluation", f"{cost['device_seconds']:.1f}"]]
    spent += [["tokens trained", f"{cost['tokens']:,.0f}"], ["FLOPs of training", f"{cost['flops']:.3g}"]]
    spent += [[f"{name.replace('_', ' ')} a comparison", f"{value:.3g}"] for name, value in cost["by_question"].items()]
    if "wall_seconds" in result:
        beside = result["wall_seconds"] - sum(cost["seconds"]["done"].values())
        spent += [["wall seconds of this command", f"{result['wall_seconds']:.1f}"]]
        spent += [["of which outside of steps", f"{beside:.1f}"]] if beside > 0 else []  # on Ray they run side by side
    spent += [["money", f"{cost['money']:.2f}"]] if cost["money"] is not None else []
    runs = [
        [one["arm"], str(one["seed"]), ", ".join(map(_name, one["data"].values())), ", ".join(map(_name, one["models"])),
         _name(one["evaluation"]), one["outcome"]]
        for one in result["runs"]
    ]  # fmt: skip
    overlaps = [
        [one["set"], str(one.get("overlapping")), f"{one.get('shared_assets')} of {one.get('assets')}"] for one in result["overlaps"]
    ]
    found = [
        ("Findings", ["change", "on", "effect", "interval", "p (Holm)", "says", "detectable"], findings),
        ("Controls", ["control", "outcome", "says"], says),
        ("Same data again (A/A)", ["arm", "on", "effect", "interval", "says"], same),
        *(_scores(result, metric) for metric in result["metrics"]),
        ("Did not finish", ["kind", "step", "outcome", "why"], [[str(v) for v in one.values()] for one in result["failed"]]),
        ("Equal after resolution, run once", ["arm", "is"], [[a, b] for a, b in result["equal_arms"].items()]),
        ("Cost", ["what", "figure"], spent),
        ("Evaluation beside training", ["set", "samples that overlap", "assets also used in training"], overlaps),
        ("Runs", ["arm", "seed", "data", "model", "evaluation", "outcome"], runs),
    ]
    return [(title, columns, rows) for title, columns, rows in found if rows]


def _scores(result: Mapping[str, Any], metric: str) -> tuple[str, list[str], list[list[str]]]:
    """Means by arm and evaluation set, and below them what can be had without looking."""
    sides = [*result["scores"].items(), *((f"blind: {name}", found) for name, found in result["blind"].items())]
    by_side = [(name, found[metric]) for name, found in sides if metric in found]
    sets = sorted({name for _, found in by_side for name in found})
    return f"Mean {metric}", ["arm", *sets], [[name, *(_number(found.get(one)) for one in sets)] for name, found in by_side]


def to_html(result: Mapping[str, Any], curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]) -> str:
    """The page: tables, forest plots of findings and of tasks, loss curves per source."""
    parts = [f"<h1>Ablation {escape(result['name'])}</h1><p>{escape(rule(result))}</p>"]
    found = tables(result)
    for title, columns, rows in found:
        parts.append(f"<h2>{escape(title)}</h2>")
        if title == "Findings":
            parts += [forest(group, members) for group, members in _grouped(result["comparisons"] + result["same_data"])]
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        parts.append(f"<table><tr>{head}</tr>{body}</table>")
    if result["tasks"]:
        parts.append("<h2>By task</h2><p>To look at, not to conclude from: corrected among themselves only.</p>")
        parts += [forest(group, members) for group, members in _grouped(result["tasks"])]
    if curves:
        parts.append("<h2>Training loss by source</h2>")
        arms = list(dict.fromkeys(arm for by_arm in curves.values() for arm in by_arm))
        colors = {arm: COLORS[number % len(COLORS)] for number, arm in enumerate(arms)}
        parts += [curve_plot(source, by_arm, colors) for source, by_arm in curves.items()]
    title = f"<title>Ablation {escape(result['name'])}</title>"
    return f'<!doctype html><html lang="en"><meta charset="utf-8">{title}<style>{STYLE}</style><body>{"".join(parts)}</body></html>\n'


def _grouped(effects: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in effects:
        groups[one["group"]].append(one)
    return sorted(groups.items(), key=lambda pair: (pair[0] != "all", pair[0]))


def forest(group: str, effects: Sequence[Mapping[str, Any]]) -> str:
    """A forest plot: a line an arm, its effect and interval, 0 marked. Arms whose interval is not known have a point only."""
    ends = [value for one in effects for value in (one["low"], one["high"], one["mean"], 0.0) if value is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.05 or 1.0
    low, high = low - room, high + room
    left, width, line = 230, 460, 24
    height = line * len(effects) + 50

    def x(value: float) -> float:
        return left + width * (value - low) / (high - low)

    parts = [f'<text x="0" y="16" font-weight="bold">{escape(group)}</text>']
    parts.append(f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="24" y2="{height - 20}" stroke="#999" stroke-dasharray="3 3"/>')
    for number, one in enumerate(effects):
        y, color = 38 + line * number, WORD_COLORS[one["word"]]
        parts.append(f'<text x="0" y="{y + 4}" fill="#222">{escape(one["change"][:30])}</text>')
        if one["low"] is not None:
            ends_of = f'x1="{x(one["low"]):.1f}" x2="{x(one["high"]):.1f}"'
            parts.append(f'<line {ends_of} y1="{y}" y2="{y}" stroke="{color}" stroke-width="2.5"/>')
        parts.append(f'<circle cx="{x(one["mean"]):.1f}" cy="{y}" r="4.5" fill="{color}"/>')
        parts.append(f'<text x="{left + width + 12}" y="{y + 4}" fill="{color}">{_signed(one["mean"])} {escape(one["word"])}</text>')
    parts.append(f'<text x="{left}" y="{height - 4}" fill="#666">{low:.3g}{" worse" if low < 0 else ""}</text>')
    parts.append(
        f'<text x="{left + width}" y="{height - 4}" fill="#666" text-anchor="end">{"better " if high > 0 else ""}{high:.3g}</text>'
    )
    return f'<p><svg viewBox="0 0 880 {height}" width="880" font-family="sans-serif" font-size="13">{"".join(parts)}</svg></p>'


def curve_plot(source: str, by_arm: Mapping[str, Sequence[tuple[float, float]]], colors: Mapping[str, str]) -> str:
    """Loss over tokens of one source, a line an arm, in the arm's color of the whole page."""
    points = [point for line in by_arm.values() for point in line]
    most, low, high = max(x for x, _ in points) or 1.0, min(y for _, y in points), max(y for _, y in points)
    span = (high - low) or 1.0
    height = max(260, 20 * len(by_arm) + 40)
    parts = [f'<text x="0" y="16" font-weight="bold">{escape(source)}</text>']
    parts += [f'<text x="0" y="{height - 16}" fill="#666">{low:.3g}</text><text x="0" y="38" fill="#666">{high:.3g} nats</text>']
    parts.append(f'<polyline points="60,30 60,{height - 20} 640,{height - 20}" fill="none" stroke="#bbb"/>')
    for number, (arm, line) in enumerate(by_arm.items()):
        color = colors[arm]
        path = " ".join(f"{60 + 580 * x / most:.1f},{30 + (height - 50) * (high - y) / span:.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        parts.append(f'<text x="655" y="{34 + 20 * number}" fill="{color}">{escape(arm[:30])}</text>')
    parts.append(f'<text x="640" y="{height - 2}" fill="#666" text-anchor="end">{most:,.0f} tokens</text>')
    return f'<p><svg viewBox="0 0 880 {height}" width="880" font-family="sans-serif" font-size="13">{"".join(parts)}</svg></p>'


def loss_curves(folders: Mapping[str, Sequence[Sequence[Path]]]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Source to arm to points (tokens trained, loss), averaged over seeds.

    Args:
        folders: Arm to its runs, each the folders of its stages in order.
    """
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
    for arm, seeds in folders.items():
        sums: dict[str, dict[int, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
        for stages in seeds:
            before = 0.0
            lines = []
            for folder in stages:
                stage = read_metrics(folder)
                lines += [(before + line["all_tokens"], line["source_loss"]) for line in stage]
                before = lines[-1][0]
            for number, (tokens, losses) in enumerate(lines):
                for source, loss in losses.items():
                    sums[source][number * POINTS // len(lines)].append((tokens, loss))
        for source, bins in sums.items():
            found[source][arm] = [(float(np.mean([t for t, _ in bins[k]])), float(np.mean([v for _, v in bins[k]]))) for k in sorted(bins)]
    return dict(found)


def _interval(one: Mapping[str, Any]) -> str:
    return "not known" if one["low"] is None else f"{one['low']:+.4f} to {one['high']:+.4f}"


def _signed(value: float) -> str:
    return f"{value:+.4f}"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4f}"


def _parts(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {value:.1f}" for kind, value in sorted(seconds.items())) or "0"


def _name(path: str) -> str:
    return Path(path).name

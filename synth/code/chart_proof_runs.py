"""The verifier's view of programs that print an answer: they must hold the chart's values, and print what follows from them.

That a program computes is not read from its text: with other values in it, chosen so that the right answer changes, it must print the
answer that is right then.
"""

import ast
import itertools
from collections.abc import Sequence
from typing import Any

from schemas.errors import DataError
from schemas.sample import Json
from synth.code.chart_reading import PIE_TOLERANCE, Reading, close_all
from synth.code.chart_run import run_printing

MOST = 1e300
"""Larger numbers are no values of a chart: sums of them have no end."""


def computes_with(shown: Reading, program: dict[str, Json], names: Sequence[str], told: dict[str, Any]) -> bool:
    """Whether a program's `names` and `values` (`series`, if those are counted) are those of the chart; of a pie, by their shares."""
    if program.get("op") == "series":
        return bool(told.get("series") == [row.name for row in shown.rows])
    row = next((row for row in shown.rows if row.name == program.get("series", "")), shown.rows[0])
    values = told.get("values")
    if told.get("names") != list(names) or not isinstance(values, list) or not all(_is_finite(value) for value in values):
        return False
    if shown.kind not in ("pie", "donut"):
        return close_all(row.values, values)
    return sum(values) > 0 and close_all(row.values, [value / sum(values) for value in values], PIE_TOLERANCE)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -MOST < value < MOST


def depends_on(code: str, program: dict[str, Json], told: dict[str, Any]) -> bool:
    """Whether a program prints the right answer for other data too; one that fails on them does not.

    Where values are compared, they are exchanged for others: once so that their order turns round, once each for the next higher, the
    highest for the lowest. None falls below nothing that was above. Where things are counted, the last is taken away.

    Args:
        code: The program.
        program: Of the question: `op`, and what else it names.
        told: `names`, `values` and `series` as the program had them at its end, which have been compared with the chart.
    """
    counted = {"count": "names", "series": "series"}.get(str(program.get("op")))
    try:
        tree = ast.parse(code)
        if counted:
            fewer = ast.unparse(_Shorter(len(told[counted])).visit(tree))
            return run_printing(fewer)[0] == str(len(told[counted]) - 1)
        return all(_answers(code, program, told, others) for others in _exchanges(told["values"]))
    except (DataError, RecursionError, SyntaxError, ValueError):
        return False


def _exchanges(values: Sequence[float]) -> tuple[dict[float, float], dict[float, float]]:
    """Two ways to have other values: what stands for each."""
    ranked = sorted(set(values))
    top = 1 + 2 * max(map(abs, values), default=0)
    return {value: top - value for value in ranked}, dict(zip(ranked, [*ranked[1:], *ranked[:1]], strict=True))


def _answers(code: str, program: dict[str, Json], told: dict[str, Any], others: dict[float, float]) -> bool:
    changed = ast.unparse(_Exchanged(others).visit(ast.parse(code)))
    values = [others[value] for value in told["values"]]
    return run_printing(changed)[0] in _right(program, told["names"], values)


def _right(program: dict[str, Json], names: Sequence[str], values: Sequence[float]) -> set[str]:
    """The right answers: several where values are equal."""
    of = dict(zip(names, values, strict=True))
    match program:
        case {"op": "highest"}:
            return {name for name in names if of[name] == max(values)}
        case {"op": "lowest"}:
            return {name for name in names if of[name] == min(values)}
        case {"op": "ranking"}:
            best = sorted(values, reverse=True)[:3]
            return {", ".join(three) for three in itertools.permutations(names, 3) if [of[name] for name in three] == best}
        case {"op": "more", "row": str(row), "other": str(other)}:
            return {"Yes" if of[row] > of[other] else "No"}
        case {"op": "above", "level": float() | int() as level}:
            return {str(sum(value > level for value in values))}
        case {"op": "value", "row": str(row)}:
            return {f"{of[row]:g}"}
    return set()


class _Exchanged(ast.NodeTransformer):
    """Writes another number for each of the values that stands in a list, a tuple, a set or a dictionary."""

    def __init__(self, others: dict[float, float]) -> None:
        self._others = others
        self._inside = 0

    def visit(self, node: ast.AST) -> ast.AST:
        """A number, or what may hold some."""
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        plain = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        if self._inside and isinstance(plain, ast.Constant) and type(plain.value) in (int, float):
            value = -plain.value if negative else plain.value  # type: ignore[operator]
            return _number(self._others[value]) if value in self._others else node  # type: ignore[index]
        display = isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict))
        self._inside += display
        visited: ast.AST = self.generic_visit(node)
        self._inside -= display
        return visited


def _number(value: float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


class _Shorter(ast.NodeTransformer):
    """Takes the last entry from each list, tuple and dictionary that has as many as are counted."""

    def __init__(self, count: int) -> None:
        self._count = count

    def visit_List(self, node: ast.List) -> ast.AST:
        """Without its last entry."""
        return ast.List(node.elts[:-1], node.ctx) if len(node.elts) == self._count else self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """Without its last entry."""
        return ast.Tuple(node.elts[:-1], node.ctx) if len(node.elts) == self._count else self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """Without its last entry."""
        return ast.Dict(node.keys[:-1], node.values[:-1]) if len(node.keys) == self._count else self.generic_visit(node)

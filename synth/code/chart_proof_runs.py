"""The verifier's view of programs that print an answer: they must hold the chart's values, and print what follows from them.

That a program computes is not read from its text: with other values in it, chosen so that the right answer changes, it must print
something else.
"""

import ast
from collections.abc import Sequence
from typing import Any

from schemas.errors import DataError
from schemas.sample import Json
from synth.code.chart_reading import PIE_TOLERANCE, Reading, close_all
from synth.code.chart_run import run_printing


def computes_with(shown: Reading, program: dict[str, Json], names: Sequence[str], told: dict[str, Any]) -> bool:
    """Whether a program's `names` and `values` (`series`, if those are counted) are those of the chart; of a pie, by their shares."""
    if program["op"] == "series":
        return bool(told.get("series") == [row.name for row in shown.rows])
    row = next((row for row in shown.rows if row.name == program.get("series", "")), shown.rows[0])
    values = told.get("values")
    if told.get("names") != list(names) or not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        return False
    if shown.kind not in ("pie", "donut"):
        return close_all(row.values, values)
    return sum(values) > 0 and close_all(row.values, [value / sum(values) for value in values], PIE_TOLERANCE)


def depends_on(code: str, operation: str, told: dict[str, Any], printed: str) -> bool:
    """Whether a program prints something else, or fails, where its data are others: turned upside down, or one fewer to be counted.

    Args:
        code: The program.
        operation: Of the question's program: `count` and `series` count, all else compares values.
        told: `names`, `values` and `series` as the program had them at its end, which have been compared with the chart.
        printed: What it printed.
    """
    counted = {"count": "names", "series": "series"}.get(operation)
    try:
        other: ast.NodeTransformer = _Shorter(len(told[counted])) if counted else _UpsideDown(told["values"])
        changed = ast.unparse(other.visit(ast.parse(code)))
        return run_printing(changed)[0] != printed
    except (DataError, RecursionError):  # it fails without what it had
        return True


class _UpsideDown(ast.NodeTransformer):
    """Writes -(v + c) for each number v of the values: the order turns round, all lie below them, and none stays as it is."""

    def __init__(self, values: Sequence[float]) -> None:
        self._values = set(values)
        self._shift = 1 + 3 * max(map(abs, values), default=0)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """A number below nothing."""
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float):
            return self.visit_Constant(ast.Constant(-node.operand.value))  # type: ignore[operator]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """A number of the values, or anything else."""
        if type(node.value) in (int, float) and node.value in self._values:
            return ast.Constant(-(node.value + self._shift))
        return node


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

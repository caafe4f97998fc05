"""Programs that answer a question about a chart: the values as they stand in it, and a line that prints the answer."""

from synth.code.chart_questions import Question, row_names
from synth.code.chart_spec import Spec

TAKES = {
    "highest": "print(names[values.index(max(values))])",
    "lowest": "print(names[values.index(min(values))])",
    "ranking": 'order = sorted(range(len(names)), key=lambda place: -values[place])\nprint(", ".join(names[place] for place in order[:3]))',
    "more": 'print("Yes" if table[{row!r}] > table[{other!r}] else "No")',
    "count": "print(len(names))",
    "series": "print(len(series))",
    "value": 'print(f"{{table[{row!r}]:g}}")',
    "above": "print(sum(value > {level!r} for value in values))",
}
"""The last lines by the question's operation; slots are filled from its program."""


def answering_program(spec: Spec, question: Question) -> str:
    """A script that prints the answer."""
    program = question.program
    operation = str(program["op"])
    take = TAKES[operation].format(**{key: value for key, value in program.items() if key != "op"})
    if operation == "series":
        return f"series = {[one.name for one in spec.series]!r}\n{take}\n"
    one = next((one for one in spec.series if one.name == program.get("series", "")), spec.series[0])
    values = [int(value) if float(value).is_integer() else value for value in one.values]
    lines = [f"names = {row_names(spec)!r}", f"values = {values!r}"]
    if "table[" in take:
        lines.append("table = dict(zip(names, values))")
    return "\n".join([*lines, take, ""])

"""Find the sleeps of tests and benches without a reason. One of more than half a second needs a comment beside it.

A sleep costs every run its whole length, and on a busy computer it is still too short. A test waits for its
condition instead; where there is none (something must *not* happen), a comment says so.
"""

import ast
import io
import operator
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDERS = ("tests", "bench")
LIMIT_SECONDS = 0.5  # a longer sleep needs a reason
LENGTH_NAMES = ("delay", "seconds", "timeout")  # the keywords that a length may be given by
DIRECTIVE = re.compile(r"#\s*(?:noqa|type:|fmt:|ruff:|pragma:)[^#]*")  # a comment for a program, not for a reader
REASON = re.compile(r"\w+\W+\w+\W+\w+")  # three words: "# 2 s" is no reason
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
ADVICE = (
    "Wait for the condition instead, or say in a comment on this line or the line before why there is none to wait for."
)


def faults(root: Path) -> list[str]:
    """Return a sentence for each long sleep without a reason, with its file and line."""
    files = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    return [
        f"{path.relative_to(root)}:{line}: a sleep of {seconds:g} s has no reason beside it. {ADVICE}"
        for path in files
        for line, seconds in unexplained(path.read_text())
    ]


def unexplained(source: str) -> Iterator[tuple[int, float]]:
    """Yield the line and the seconds of each long sleep of a module that has no reason."""
    tree = ast.parse(source)
    calls = list(_sleeps(tree))
    if not calls:
        return
    values, lines = _values(tree), _explained_lines(source)
    for call, unit in calls:
        seconds = unit * (_value(length, values) or 0) if (length := _length(call)) else 0
        if seconds > LIMIT_SECONDS and not lines & set(range(call.lineno, (call.end_lineno or call.lineno) + 1)):
            yield call.lineno, seconds


def _sleeps(tree: ast.Module) -> Iterator[tuple[ast.Call, float]]:
    """Yield calls of any `sleep`, also under another name, and of Playwright's pause, with the unit of their length in seconds."""
    units = {"sleep": 1.0, "wait_for_timeout": 0.001}
    units |= {
        alias.asname: 1.0
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "sleep" and alias.asname
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (unit := units.get(_name(node.func))):
            yield node, unit


def _name(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _length(call: ast.Call) -> ast.expr | None:
    named = (keyword.value for keyword in call.keywords if keyword.arg in LENGTH_NAMES)
    return call.args[0] if call.args else next(named, None)


def _value(node: ast.expr, values: dict[str, float]) -> float | None:
    """Return a number as far as the module says it; of two possible ones the larger."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name() | ast.Attribute():
            return values.get(_name(node))
        case ast.IfExp():
            return max(_value(node.body, values) or 0, _value(node.orelse, values) or 0)
        case ast.BinOp() if type(node.op) in OPERATORS:
            left, right = _value(node.left, values), _value(node.right, values)
            if left is None or right is None or (isinstance(node.op, ast.Div) and not right):
                return None
            return OPERATORS[type(node.op)](left, right)
    return None


def _values(tree: ast.Module) -> dict[str, float]:
    """Return the numbers that names have in a module: constants, attributes, defaults. Of several values the largest."""
    found: dict[str, float] = {}
    for name, node in _bindings(tree):
        if (number := _value(node, found)) is not None:
            found[name] = max(number, found.get(name, number))
    return found


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                yield from zip(map(_name, names), values, strict=False)
            case ast.Assign():
                yield from ((_name(target), node.value) for target in node.targets)
            case ast.AnnAssign(value=ast.expr()) | ast.NamedExpr():
                yield _name(node.target), node.value  # type: ignore[misc]  # the pattern has excluded None
            case ast.arguments():
                places = [*node.posonlyargs, *node.args]
                defaults = [*zip(places[::-1], node.defaults[::-1], strict=False)]
                defaults += [
                    (place, value) for place, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value
                ]
                yield from ((place.arg, value) for place, value in defaults)


def _explained_lines(source: str) -> set[int]:
    """Return the lines that have a reason: beside the code, or alone on the line before."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and REASON.search(DIRECTIVE.sub("", token.string)):
            stands_alone = not token.line[: token.start[1]].strip()
            found.add(token.start[0] + stands_alone)
    return found

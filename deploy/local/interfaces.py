"""Find functions that another app calls and that have no docstring: whoever calls them reads that, not the code behind it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.local import file_names

APPS = ("portal", "machines", "courses", "nodes", "quotas", "tunnels", "catalog", "accounts", "cloud", "lib")


def faults(root: Path) -> list[str]:
    """Return a sentence for each such function."""
    return of_sources({path: (root / path).read_text() for path in file_names.modules(root) if _app(path) in APPS})


def of_sources(sources: Mapping[str, str]) -> list[str]:
    """Return the sentences for modules by their paths."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    silent = {name: place for path, tree in trees.items() for name, place in _silent(path, tree)}
    callers = {name: _app(path) for path, tree in trees.items() for name in _named(tree) if _app(path) != _app(name)}
    return [
        f"{silent[name]}: {callers[name]} calls {name}, which has no docstring." for name in silent if name in callers
    ]


def _silent(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (dotted name, path and line) of the public functions without a docstring."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module}.{node.name}", f"{path}:{node.lineno}"


def _named(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names that a module imports, and those that it reads of what it imports."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            known |= {each.asname or each.name: each.name for each in node.names}
    yield from known.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (module := known.get(_dotted(node.value))):
            yield f"{module}.{node.attr}"


def _dotted(node: ast.expr) -> str:
    """Return a name with its dots; '' for any other expression."""
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return node.id if isinstance(node, ast.Name) else ""


def _app(name: str) -> str:
    return name.replace("/", ".").partition(".")[0]

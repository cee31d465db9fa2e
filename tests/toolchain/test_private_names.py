"""A name that begins with an underscore is used in its own file only, in the product and in its tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.database import ROOT

TOPS = ("vendor_admin", "accounts", "risk", "oauth_bridge", "tests", "benchmarks")
BY_NAME = {"setattr", "getattr", "hasattr", "delattr", "patch", "object"}
"""Functions that take the name of an attribute as a text."""

OF_OTHERS = {
    "_asdict", "_fields", "_make", "_replace",  # named tuples
    "_base_manager", "_default_manager", "_meta",  # Django's, documented
    "_dont_enforce_csrf_checks", "_has_been_logged", "_registry",  # Django's, without another way
    "_resource_closers",  # Django's: what is called when an answer has been sent
    "_request",  # Django REST framework's: the request that it wraps
    "_csp_replace", "_csp_update",  # django-csp's, for one answer
    "_exit",  # of os
}  # fmt: skip


def sources() -> Iterator[Path]:
    for top in TOPS:
        yield from (path for path in sorted((ROOT / top).rglob("*.py")) if "migrations" not in path.parts)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in OF_OTHERS


def declared_names(tree: ast.AST) -> set[str]:
    """What a file defines or sets itself: functions, classes, variables, and attributes of its own objects."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            found.add(node.attr)
    return found


def is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def borrowed_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything private that a file takes from elsewhere."""
    own = declared_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value):
            if node.attr not in own:
                yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and called_name(node) in BY_NAME:
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            yield from ((node.lineno, text) for text in texts if is_private(text.rpartition(".")[2]))


def called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_a_private_name_is_found_however_it_is_taken() -> None:
    source = """
from somewhere import _hidden
import module
module._private()
monkeypatch.setattr(module, "_patched", 1)
monkeypatch.setattr("module._by_path", 1)
class Own:
    def _mine(self, other):
        return other._mine() + self._anything
"""
    found = {name for _, name in borrowed_names(ast.parse(source))}
    assert found == {"_hidden", "_private", "_patched", "module._by_path"}


def test_no_file_uses_a_private_name_of_another() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {taken}"
        for path in sources()
        for line, taken in borrowed_names(ast.parse(path.read_text()))
    ]
    assert not found, found

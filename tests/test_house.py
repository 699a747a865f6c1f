"""Rules of the house that no linter knows."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from filter.rule import Rule, load_rules

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "mailstore" / "migrations"
PACKAGES = ("mailstore", "filter", "portal")
FOLDERS = (*PACKAGES, "tests", "bench", "docs")
LONGEST_FILE, LONGEST_FUNCTION = 300, 50
STATE = "State"
# It writes the first state, which has no change behind it.
FIRST_STATES = {("recording", "_delivery")}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*folders: str) -> list[Path]:
    found = {path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    return sorted(path for path in found if MIGRATIONS / "versions" not in path.parents)


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


CODE = files(*PACKAGES)
OURS = [ROOT / "wsgi.py", *files(*FOLDERS)]
RULES = sorted(load_rules().values(), key=lambda rule: rule.symbol)


def test_every_file_is_short_enough_to_be_read() -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in OURS}
    assert [path for path, length in lengths.items() if length > LONGEST_FILE] == []


def test_every_function_fits_on_a_screen() -> None:
    lengths = {f"{path}:{each.name}": (each.end_lineno or 0) - each.lineno + 1
               for path in OURS for each in functions(path)}  # fmt: skip
    assert [name for name, length in lengths.items() if length > LONGEST_FUNCTION] == []


def test_every_module_says_what_it_is_for() -> None:
    spoken = [path for path in OURS if not path.name.startswith(("test_", "conftest"))]
    silent = [path for path in spoken if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_module_takes_a_name_of_the_standard_library() -> None:
    names = {path.parent.name if path.stem == "__init__" else path.stem for path in CODE}
    # As portal.profile it hides nothing.
    assert names & sys.stdlib_module_names == {"profile"}


def test_the_builtin_filter_is_never_hidden() -> None:
    imported = {alias.asname or alias.name for path in OURS
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Import) for alias in node.names}  # fmt: skip
    assert "filter" not in imported


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.symbol)
def test_a_rule_says_what_it_finds_and_is_tested(rule: Rule) -> None:
    module = rule.module.rpartition(".")[2]
    assert rule.doc
    assert rule.says.endswith(".")
    assert (ROOT / "tests" / "filter" / "rules" / f"test_{module}.py").exists()


def test_every_standard_that_code_names_is_in_the_list_of_standards() -> None:
    listed = set(re.findall(r"\d{3,5}", (ROOT / "docs" / "rfc.md").read_text()))
    wanted = {number for path in CODE for number in re.findall(r"RFC (\d{3,5})", path.read_text())}
    assert wanted - listed == set()


def sets_state(function: Function) -> bool:
    """Whether a function writes a state: `state=State.X` or `{"state": State.X}`, or assigns it."""
    return any(is_state(value) for node in ast.walk(function) for value in written_as_state(node))


def written_as_state(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.keyword(arg="state", value=value):
            yield value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "state":
                    yield value
        case ast.Assign(targets=[ast.Attribute(attr="state")], value=value):
            yield value


def is_state(value: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == STATE for node in ast.walk(value))


def records(function: Function) -> bool:
    """Whether a function calls `events.record`, `events.record_all` or a module's own `_record`."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id="_record")):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id="events"), attr=attr)):
                return attr in {"record", "record_all"}
    return False


CHANGES = [
    pytest.param(function, id=f"{path.stem}.{function.name}")
    for path in files("mailstore")
    if STATE in path.read_text()
    for function in functions(path)
    if sets_state(function) and (path.stem, function.name) not in FIRST_STATES
]


@pytest.mark.parametrize("function", CHANGES)
def test_every_change_of_state_has_an_event(function: Function) -> None:
    assert records(function)


def test_the_changes_of_state_that_are_known_are_found() -> None:
    found = {change.id for change in CHANGES}
    assert found >= {"claims.finish_all", "quarantine.release", "quarantine._delete",
                     "copies.resend", "retention.expire_held"}  # fmt: skip


def test_only_the_store_changes_a_state() -> None:
    elsewhere = [f"{path}:{each.name}" for path in files("filter", "portal")
                 for each in functions(path) if sets_state(each)]  # fmt: skip
    assert elsewhere == []

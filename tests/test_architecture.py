"""The house: what may know of what. docs/architecture.md says why."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("words", "tasks", "flows", "dashboard")
IMPURE = {"prefect", "pydantic", "aiohttp", "requests", "selenium", "psycopg2", "httpx"}


@cache
def modules() -> dict[str, ast.Module]:
    """Return the program's modules by their dotted names."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(module: str) -> Iterator[str]:
    """Yield the modules of ours that one imports, also within functions."""
    for node in ast.walk(modules()[module]):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            for known in (name, name.rpartition(".")[0]):
                if known in modules():
                    yield known
                    break


def room(module: str) -> str:
    """Return the part of the house that a module stands in: a folder of tasks/, or itself."""
    package, *inside = module.split(".")
    return ".".join([package, *inside[:1]])


def test_nothing_imports_what_stands_above_it() -> None:
    floor = {name: number for number, name in enumerate(("words", "tasks", "flows", "dashboard"))}
    wrong = [
        f"{module} imports {other}"
        for module in modules()
        for other in imported(module)
        if floor[other.split(".")[0]] > floor[module.split(".")[0]]
    ]
    assert not wrong


def test_the_parts_of_tasks_import_each_other_in_one_direction() -> None:
    arrows: dict[str, set[str]] = {}
    for module in modules():
        if module.startswith("tasks."):
            others = {room(other) for other in imported(module) if other.startswith("tasks.")}
            arrows.setdefault(room(module), set()).update(others - {room(module)})
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from error


def test_modules_import_each_other_in_one_direction() -> None:
    arrows = {module: set(imported(module)) - {module} for module in modules()}
    arrows["flows.collect"].discard("flows.command")  # its command line, where it is run as a file
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from error


def test_what_says_that_it_is_pure_loads_no_framework_and_no_network() -> None:
    pure = [
        name
        for name, tree in modules().items()
        if re.search(r"\bPure\b", ast.get_docstring(tree) or "")
    ]
    assert len(pure) > 10
    script = (
        "import importlib, sys\n"
        f"for name in {pure!r}:\n"
        "    importlib.import_module(name)\n"
        f"    if found := {IMPURE!r} & sys.modules.keys():\n"
        "        sys.exit(f'{name} loads {found}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-500:]


def test_no_work_is_reached_through_prefect() -> None:
    peeling = [
        f"{module}:{node.lineno}"
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "fn"
    ]
    assert not peeling


def test_every_module_begins_with_what_it_is() -> None:
    questions = ("What ", "Which ", "Where ", "How ", "Whether ", "Who ", "When ")
    vague = [
        module
        for module, tree in modules().items()
        if (said := ast.get_docstring(tree)) is not None and said.startswith(questions)
    ]
    assert not vague

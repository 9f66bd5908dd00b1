"""The rooms are kept: imports point one way, vendors stay where they are known, files stay small.

Read from the source, nothing is imported: a line in the wrong room fails here with its file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.architecture import (
    ENVIRON,
    LARGE_FILES,
    LARGE_FUNCTIONS,
    LAZY,
    RINGS,
    ROOMS,
    SDK,
    VENDORS,
)
from tests.support.paths import ROOT

SERVICES = ("ots_local.tablestore", "ots_local.event_source")
PACKAGES = ("ots_sync", "ots_tools", "ots_local")
FILE_LINES, FUNCTION_LINES = 220, 60


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {
    module_of(path): path
    for path in [
        ROOT / "lambda_function.py",
        *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))),
    ]
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Every module that an import statement could mean, in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written out"
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            yield name if name in FILES else str(node.module)


def imports(module: str) -> set[str]:
    return {name for node in ast.walk(tree(module)) for name in imported(node)}


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_every_room_has_its_line_in_the_table() -> None:
    rooms = {name.removeprefix("ots_sync.") for name in FILES if name.startswith("ots_sync.")}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_room_imports_only_what_it_may(room: str) -> None:
    """The table says no more than is so: what a room no longer needs leaves its line."""
    found = {
        n.removeprefix("ots_sync.") for n in imports(f"ots_sync.{room}") if is_in(n, ("ots_sync",))
    }
    assert found == ROOMS[room]


def test_imports_point_one_way() -> None:
    """Rooms can be told in an order in which each needs only those before it."""
    told: set[str] = set()
    while told != set(ROOMS):
        ready = {room for room, needed in ROOMS.items() if needed <= told} - told
        assert ready, f"a circle among {sorted(set(ROOMS) - told)}"
        told |= ready


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_and_world_stay_where_they_are_known(vendor: str) -> None:
    shipped = {
        n: n.removeprefix("ots_sync.") for n in FILES if is_in(n, ("ots_sync", "lambda_function"))
    }
    found = {
        room
        for module, room in shipped.items()
        if any(is_in(name, (vendor,)) for name in imports(module))
    }
    assert found <= VENDORS[vendor]


@pytest.mark.parametrize(("room", "vendor"), sorted(LAZY))
def test_what_is_slow_to_import_is_imported_when_needed(room: str, vendor: str) -> None:
    at_once = {name for node in tree(f"ots_sync.{room}").body for name in imported(node)}
    assert not any(is_in(name, (vendor,)) for name in at_once)


@pytest.mark.parametrize("module", FILES)
def test_ring_imports_only_inner_rings(module: str) -> None:
    """The function knows neither tools nor local parts; the local services know nothing of ours."""
    ring = max((ring for ring in RINGS if is_in(module, (ring,))), key=len)
    ours = {
        n for n in imports(module) if is_in(n, (*PACKAGES, "lambda_function", "config", "tests"))
    }
    assert {name for name in ours if not is_in(name, RINGS[ring])} <= {"ots_local"}


def test_sdk_is_spoken_in_few_rooms() -> None:
    found = {
        module
        for module in FILES
        if any(is_in(name, ("tablestore",)) for name in imports(module))
        and not is_in(module, ("ots_local.tablestore",))
    }
    assert found <= SDK


def test_environment_is_read_by_doors_only() -> None:
    found = {
        module
        for module in FILES
        if not is_in(module, ("ots_local",)) or is_in(module, SERVICES)
        if module.rpartition(".")[2] not in ("command", "__main__")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert found <= ENVIRON


def code_files() -> list[Path]:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    return [*FILES.values(), *(path for path in tests if "node_modules" not in path.parts)]


def test_files_stay_small() -> None:
    """A file that grows past this has two purposes. Tables of test cases may be longer."""
    found = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in FILES.values()
    }
    large = {name: lines for name, lines in found.items() if lines > FILE_LINES}
    assert large.keys() <= LARGE_FILES.keys()
    assert all(lines <= LARGE_FILES[name] for name, lines in large.items())


def test_functions_stay_short() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in code_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    long = {name: lines for name, lines in found.items() if lines > FUNCTION_LINES}
    assert long.keys() <= LARGE_FUNCTIONS.keys()
    assert all(lines <= LARGE_FUNCTIONS[name] for name, lines in long.items())


def test_every_file_says_its_purpose() -> None:
    """The first sentence of a module says what it is for; an empty one has none."""
    texts = {path.as_posix(): path.read_text("utf-8") for path in code_files()}
    assert [name for name, text in texts.items() if text and not docstring(text)] == []


def docstring(text: str) -> str | None:
    return ast.get_docstring(ast.parse(text))


def test_design_tells_of_every_room() -> None:
    told = (ROOT / "docs" / "design.md").read_text("utf-8")
    tools = {name.split(".")[1] for name in FILES if name.startswith("ots_tools.")} - {"__main__"}
    assert [room for room in {*ROOMS, *tools} if f"`{room}`" not in told] == []

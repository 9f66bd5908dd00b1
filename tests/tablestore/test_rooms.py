"""Each module of the local Table Store knows its own matter: shown by what it imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "ots_local" / "tablestore"
MODULES = sorted(str(path.relative_to(HOME)) for path in HOME.rglob("*.py"))
# what may be imported -> by which modules alone
ROOMS = {
    "aiohttp": {"server.py", "incoming.py", "control_paths.py", "running.py"},
    "google": {"wire/read_data.py", "wire/read_filters.py"},
    "tablestore": {
        "wire/read_data.py",
        "wire/read_filters.py",
        "wire/table_messages.py",
        "wire/write_data.py",
    },
    "sqlite3": {"tables.py", "command.py"},
    "click": {"command.py"},
    "fastcrc": {"plainbuffer.py"},
    "ots_sync": set(),
    "ots_tools": set(),
}


def imported(module: str) -> set[str]:
    """List what a module imports, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((HOME / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports(module: str) -> None:
    """A library is known to its own rooms only, and nothing of the product is known at all."""
    for name in imported(module):
        top = name.split(".")[0]
        assert module in ROOMS.get(top, {module}), f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("actions/")])
def test_actions_know_no_wire(module: str) -> None:
    """What an operation does knows neither messages nor HTTP."""
    forbidden = {"wire", "server", "operations", "access", "running"}
    inner = {
        name.split(".")[2] for name in imported(module) if name.startswith("ots_local.tablestore.")
    }
    assert not inner & forbidden


@pytest.mark.parametrize("module", [name for name in MODULES if name.endswith("rules.py")])
def test_rules_know_no_storage(module: str) -> None:
    """What is refused depends on what is asked, not on what is kept."""
    assert not {"ots_local.tablestore.tables", "ots_local.tablestore.instance"} & imported(module)

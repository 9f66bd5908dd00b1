"""The modules of the emulator import only what their layer may import."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "ots_local" / "tablestore"
MODULES = sorted(str(path.relative_to(HOME)) for path in HOME.rglob("*.py"))
# package -> the only modules that may import it
LIBRARIES = {
    "aiohttp": {"http/server.py", "http/control_api.py"},
    "google": {"wire/requests.py"},
    "tablestore": {"wire/requests.py", "wire/responses.py"},
    "sqlite3": {"storage/database.py", "command.py"},
    "click": {"command.py"},
    "fastcrc": {"storage/plainbuffer.py"},
    "ots_sync": set(),
    "ots_tools": set(),
}
# From top to bottom. A module imports modules of its own layer and of the layers below.
LAYERS = [
    {"__init__.py", "command.py", "store.py"},
    {"http/server.py", "http/control_api.py", "http/authentication.py"},
    {"operations/registry.py"},
    {"operations/put.py", "operations/get.py", "operations/tables.py", "wire/requests.py"}
    | {"operations/selection.py", "wire/responses.py"},
    {"instance.py", "fault_control.py"},
    {"fault_injector.py", "storage/database.py"}
    | {f"validate/{name}.py" for name in ("filters", "reads", "rows", "tables", "writes")},
    {"fault.py", "storage/keys.py", "storage/plainbuffer.py", "storage/versions.py"}
    | {"storage/schema.py", "storage/values.py"},
    {"errors.py", "limits.py", "model.py", "settings.py", "token_bucket.py"},
]
OPERATIONS = [name for name in MODULES if name.startswith("operations/") and "registry" not in name]
PACKAGES = [name for name in MODULES if name.endswith("/__init__.py")]


def imported(module: str) -> set[str]:
    """Return the full names of the modules that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((HOME / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def internal(module: str) -> set[str]:
    """Return the paths of the emulator's modules that a module imports."""
    paths = {
        name.removeprefix("ots_local.tablestore.").replace(".", "/") + ".py"
        for name in imported(module)
    }
    return paths & set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_library_is_imported_only_by_its_modules(module: str) -> None:
    """The emulator does not import the product, and each library has few importers."""
    for name in imported(module):
        top = name.split(".")[0]
        assert module in LIBRARIES.get(top, {module}), f"{module} imports {name}"


@pytest.mark.parametrize("module", OPERATIONS)
def test_operations_import_neither_wire_format_nor_http(module: str) -> None:
    """Only the registry connects the operations with the wire format."""
    above = {"operations/registry.py", "command.py", "store.py"}
    assert not {
        name for name in internal(module) if name.startswith(("wire/", "http/")) or name in above
    }


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("validate/")])
def test_validation_does_not_import_the_database(module: str) -> None:
    """A rule depends on the request, not on the stored data."""
    assert not {"storage/database.py", "instance.py"} & internal(module)


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(PACKAGES)))
def test_imports_point_downwards(module: str) -> None:
    """Each module is in one layer and imports nothing from a layer above."""
    level = [number for number, layer in enumerate(LAYERS) if module in layer]
    assert len(level) == 1, f"{module} must be in exactly one layer"
    above = set().union(*LAYERS[: level[0]])
    assert not internal(module) & above

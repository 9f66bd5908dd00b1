"""Check the layers: which module may import which, and where vendors and the environment are used.

Reads the source with `ast`; imports nothing. docs/architecture.md describes each module.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

# What each module of ots_sync imports from ots_sync, exactly. Circles are not possible.
MODULES: dict[str, set[str]] = {
    "errors": set(),
    "limits": set(),
    "connection": set(),
    "retry": set(),
    "model": {"errors"},
    "numeric": {"errors", "limits"},
    "column_names": {"errors", "limits"},
    "settings": {"column_names", "errors", "limits", "numeric"},
    "credentials": {"errors", "settings"},
    "changes": {"errors", "model"},
    "converter": {"errors", "limits", "model", "numeric"},
    "columns": {"column_names", "converter", "errors", "model", "numeric", "settings"},
    "rows": {"errors", "limits", "model"},
    "writer": {"errors", "limits", "model", "retry"},
    "client": {"connection", "credentials", "errors", "model", "settings"},
    "quarantine": {"changes", "errors", "model", "settings"},
    "outcome": {"changes", "errors"},
    "telemetry": {"outcome", "retry"},
    "pipeline": {"changes", "errors", "model", "outcome", "quarantine", "rows", "writer"},
    "invocation": {
        "connection",
        "errors",
        "model",
        "pipeline",
        "quarantine",
        "retry",
        "settings",
        "telemetry",
        "writer",
    },
}

# The modules of the deployed function that may import a library or a source of outside state.
VENDORS: dict[str, set[str]] = {
    "tablestore": {"client", "credentials"},
    "google": {"client"},
    "urllib3": {"client", "connection"},
    "boto3": {"quarantine"},
    "botocore": {"quarantine", "credentials"},
    "aws_lambda_powertools": {"telemetry", "credentials"},
    # Everywhere else, time, randomness and the environment are arguments.
    "os": {"lambda_function"},
    "random": {"lambda_function"},
    "time": {"lambda_function", "connection"},
    "datetime": set(),
    "socket": {"connection"},
    "subprocess": set(),
    "logging": {"ots_sync"},
}
# Imported at first use, because a cold start should load only what it needs.
LAZY = {
    ("quarantine", "boto3"),
    ("quarantine", "botocore"),
    ("credentials", "botocore"),
    ("credentials", "aws_lambda_powertools"),
}

# The project's packages that a module may import, by the longest prefix of its name.
LAYERS: dict[str, tuple[str, ...]] = {
    "lambda_function": ("ots_sync", "config"),
    "ots_sync": ("ots_sync",),
    "ots_tools": ("ots_tools", "ots_sync", "lambda_function", "config"),
    "ots_local": ("ots_local", "ots_tools", "ots_sync", "lambda_function", "config"),
    "ots_local.tablestore": ("ots_local.tablestore",),
    "ots_local.event_source": ("ots_local.event_source",),
}
EMULATORS = ("ots_local.tablestore", "ots_local.event_source")

# The modules that use the Table Store SDK, besides the emulator.
SDK = {
    "ots_sync.client",
    "ots_sync.credentials",
    "ots_tools.target",
    "ots_local.target_table",
    "ots_local.migration.command",
}
# The modules that read the environment, besides commands. They pass settings on as values.
ENVIRON = {
    "lambda_function",
    "ots_tools.aws",
    "ots_tools.backfill_function",
    "ots_tools.cli",
}

PACKAGES = ("ots_sync", "ots_tools", "ots_local")
MAX_FILE_LINES, MAX_FUNCTION_LINES = 420, 60


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {
    module_name(path): path
    for path in [
        ROOT / "lambda_function.py",
        *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))),
    ]
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the full name of every module that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not used"
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            yield name if name in FILES else str(node.module)


def imports(module: str) -> set[str]:
    return {name for node in ast.walk(tree(module)) for name in imported(node)}


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_table_lists_every_module_of_ots_sync() -> None:
    found = {name.removeprefix("ots_sync.") for name in FILES if name.startswith("ots_sync.")}
    assert found == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_exactly_what_the_table_allows(module: str) -> None:
    found = {
        name.removeprefix("ots_sync.")
        for name in imports(f"ots_sync.{module}")
        if is_in(name, ("ots_sync",))
    }
    assert found == MODULES[module]


def test_imports_have_no_circle() -> None:
    ordered: set[str] = set()
    while ordered != set(MODULES):
        ready = {name for name, needed in MODULES.items() if needed <= ordered} - ordered
        assert ready, f"a circle among {sorted(set(MODULES) - ordered)}"
        ordered |= ready


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_library_is_imported_only_where_the_table_allows(vendor: str) -> None:
    shipped = [name for name in FILES if is_in(name, ("ots_sync", "lambda_function"))]
    found = {
        module.removeprefix("ots_sync.")
        for module in shipped
        if any(is_in(name, (vendor,)) for name in imports(module))
    }
    assert found <= VENDORS[vendor]


@pytest.mark.parametrize(("module", "vendor"), sorted(LAZY))
def test_slow_libraries_are_imported_at_first_use(module: str, vendor: str) -> None:
    at_import = {name for node in tree(f"ots_sync.{module}").body for name in imported(node)}
    assert not any(is_in(name, (vendor,)) for name in at_import)


@pytest.mark.parametrize("module", FILES)
def test_a_layer_imports_only_lower_layers(module: str) -> None:
    layer = max((layer for layer in LAYERS if is_in(module, (layer,))), key=len)
    ours = {
        name
        for name in imports(module)
        if is_in(name, (*PACKAGES, "lambda_function", "config", "tests"))
    }
    assert {name for name in ours if not is_in(name, LAYERS[layer])} <= {"ots_local"}


def test_the_sdk_is_used_only_where_the_table_allows() -> None:
    found = {
        module
        for module in FILES
        if any(is_in(name, ("tablestore",)) for name in imports(module))
        and not is_in(module, ("ots_local.tablestore",))
    }
    assert found <= SDK


def test_only_entry_points_read_the_environment() -> None:
    found = {
        module
        for module in FILES
        if not is_in(module, ("ots_local",)) or is_in(module, EMULATORS)
        if module.rpartition(".")[2] not in ("command", "__main__")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert found <= ENVIRON


LEVEL_AT_IMPORT = """
import importlib, importlib.abc, logging, sys

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in ("tablestore", "boto3", "botocore", "urllib3"):
            silent = logging.getLogger("tablestore-client").level > logging.CRITICAL
            print(name, "silenced" if silent else "NOT SILENCED")
        return None

sys.meta_path.insert(0, Watch())
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize(
    "module", ["lambda_function", *(f"ots_sync.{name}" for name in sorted(MODULES))]
)
def test_loggers_are_silenced_before_a_library_is_imported(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LEVEL_AT_IMPORT, module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "NOT SILENCED" not in done.stdout
    if module in ("lambda_function", "ots_sync.client"):
        assert "tablestore silenced" in done.stdout


def code_files() -> list[Path]:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    return [*FILES.values(), *(path for path in tests if "node_modules" not in path.parts)]


def test_modules_stay_within_the_limit_of_one_idea() -> None:
    """A longer module has two purposes. Test modules, with their tables of cases, may be longer."""
    found = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in FILES.values()
    }
    assert {name: lines for name, lines in found.items() if lines > MAX_FILE_LINES} == {}


def test_functions_stay_short() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in code_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in found.items() if lines > MAX_FUNCTION_LINES} == {}


def test_architecture_page_lists_every_module() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    tools = {name.split(".")[1] for name in FILES if name.startswith("ots_tools.")} - {"__main__"}
    assert [name for name in {*MODULES, *tools} if f"`{name}`" not in text] == []

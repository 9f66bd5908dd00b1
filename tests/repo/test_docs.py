"""The documents against the code: every table, command, name and link in them is so."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

import lambda_function
from config import example_config
from ots_local.demo import command
from ots_local.demo.changes import random_changes
from ots_local.demo.samples import show_samples
from ots_local.handler import load_handler
from ots_local.invoke import row_view
from ots_local.tablestore import TableStore
from ots_local.target_table import create_target_table
from ots_sync import converter
from ots_sync.column_names import to_column_name
from ots_sync.errors import SettingsError
from ots_sync.settings import SETTINGS, load
from tests.support.cloudformation import raw
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
MIGRATION = (ROOT / "docs" / "migration.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def table_under(heading: str, text: str = README) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = text.partition(f"\n{heading}\n")[2]
    lines = section[section.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def blocks(language: str, text: str = README) -> list[str]:
    """The lines of every block of a language."""
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return [line for block in found for line in block.splitlines()]


def test_type_table_is_what_the_converter_does() -> None:
    """Each example becomes the value that stands beside it, and each type has its line."""
    tags = []
    for example, kind, becomes, *_ in table_under("## Types"):
        tagged = json.loads(example.strip("`"))
        tags += list(tagged)
        column = converter.to_column(tagged)
        value = bytes(column) if isinstance(column, bytearray) else column
        assert (row_view.TYPES[type(value)], row_view.value_text(value)) == (
            kind,
            becomes.strip("`"),
        )
    assert set(tags) == set(converter.TYPES)
    assert f"`{to_column_name('price €', 'escape')}`" in README


def test_settings_table_is_the_settings() -> None:
    """Names, defaults and meanings, in order; what is required is what an empty world lacks."""
    with pytest.raises(SettingsError) as missing:
        load({}, {})
    required = {fault.partition(":")[0] for fault in missing.value.faults}
    assert table_under("## Settings") == [
        [
            f"`{setting.name}`",
            f"`{setting.default}`" if setting.default else "required" * (setting.name in required),
            setting.meaning,
        ]
        for setting in SETTINGS
    ]


def test_config_file_names_every_setting_and_sets_none() -> None:
    shipped = {name: value for name, value in vars(example_config).items() if name.isupper()}
    assert shipped == {setting.name: "" for setting in SETTINGS}


def test_template_says_which_parameter_is_which_setting() -> None:
    template = raw()
    variables = template["Resources"]["SyncFunction"]["Properties"]["Environment"]["Variables"]
    for name, value in variables.items():
        parameter = template["Parameters"].get(value["Ref"]) if "Ref" in value else None
        if parameter is not None and not name.startswith("POWERTOOLS_"):
            assert f"({name})" in parameter["Description"], name
    assert {name for name in variables if name.startswith("POWERTOOLS_")} <= set(
        re.findall(r"\w+", README)
    )


def test_functions_of_the_article_are_the_doors_own() -> None:
    for cell, *_ in table_under("### Functions"):
        name, arguments = re.fullmatch(r"`(\w+)\((.*)\)`", cell).groups()  # type: ignore[union-attr]
        code = getattr(lambda_function, name).__code__
        assert ", ".join(code.co_varnames[: code.co_argcount]) == arguments


def test_rows_shown_are_the_demos() -> None:
    """The table in the README is what the demo prints at 80 columns."""
    with TableStore() as store:
        settings = load(
            {
                **store.environ(),
                "TABLE_NAME": command.TABLE,
                "PRIMARY_KEY": command.PRIMARY_KEY,
            },
            {},
        )
        door = load_handler(settings)
        keys = {"user_id": str, "action_time": int}
        create_target_table(door.client(), command.TABLE, keys)
        console = Console(width=80, highlight=False)
        with console.capture() as shown:
            show_samples(door, console)
    printed = [line.rstrip() for line in shown.get().splitlines()]
    wanted = blocks("console")
    wanted = wanted[: wanted.index("...")]
    assert len(wanted) > 14, "a line for every column"
    assert printed[: len(wanted)] == wanted


def test_numbers_shown_are_the_demos() -> None:
    """Those that the seed decides; time and machine decide the others."""
    seed = next(p.default for p in command.demo.params if p.name == "seed")
    count = next(p.default for p in command.demo.params if p.name == "count")
    made = list(random_changes(count, Random(seed)))
    kinds = Counter(change.kind for change in made)
    last = {str(change.key): change.kind for change in made}
    rows = sum(kind != "delete" for kind in last.values())
    told = f"{kinds['put']} puts, {kinds['update']} updates, {kinds['delete']} deletes"
    assert f"{count:,} ({told})" in README
    assert f"equal: {rows} rows, every cell and its type" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("#"):
            assert link[1:] in headings, link
        elif not link.startswith("https://"):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_make_targets_named_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {line.split()[1] for line in blocks("sh") if line.startswith("make ")}
    named |= set(re.findall(r"`make ([a-z-]+)", README))
    assert named
    assert named <= targets


def test_files_named_are_there() -> None:
    for name in set(re.findall(r"`((?:events|config|docs|ots_\w+|tests)/[\w./]*)`", README)):
        assert (ROOT / name).exists(), name


def test_lines_of_a_migration_are_those_that_run() -> None:
    """They are lines of docs/migration.md in its order, which another test runs as they stand."""
    section = README.partition("\n## Load, prove, repair\n")[2].partition("\n## ")[0]
    lines = [line for line in blocks("sh", section) if not line.startswith("make ")]
    assert {"backfill", "verify", "repair", "watch"} <= set(" ".join(lines).split())
    run = iter(blocks("sh", MIGRATION))
    assert [line for line in lines if line not in run] == []


def test_commands_run_as_they_stand(tmp_path: Path) -> None:
    """In a copy, so that what a developer keeps in .local stays as it is."""
    for name in ("ots_sync", "ots_tools", "ots_local", "config", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "lambda_function.py", tmp_path)
    lines = [line for line in blocks("sh") if line.startswith(".venv/bin/python ")]
    lines = [line for line in lines if line not in blocks("sh", MIGRATION)]  # they run there
    lines += re.findall(r"`(\.venv/bin/python [^`]*--help)`", README)
    assert len(lines) >= 4
    for line in lines:
        _, *arguments = shlex.split(line)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize(
    ("file", "heading"),
    [
        ("requirements.txt", "## What the function runs on (`requirements.txt`)"),
        (
            "requirements-dev.txt",
            "## What the tools, the local parts and the tests run on (`requirements-dev.txt`)",
        ),
    ],
)
def test_every_direct_dependency_has_its_reason(file: str, heading: str) -> None:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    names = {re.split(r"[\[=; ]", line)[0] for line in lines if line[0] not in "#-"}
    told = table_under(heading, (ROOT / "docs" / "dependencies.md").read_text("utf-8"))
    assert {name for name, _ in told} == names
    assert all(why for _, why in told)

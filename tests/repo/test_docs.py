"""Check the documentation against the code: tables, commands, options, names, files and links."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import click
import pytest
from rich.console import Console

import lambda_function
from ots_local.demo import command
from ots_local.demo.changes import random_changes
from ots_local.demo.samples import show_samples
from ots_local.handler import load_handler
from ots_local.invoke import row_view
from ots_local.tablestore import TableStore
from ots_local.target_table import create_target_table
from ots_sync import converter
from ots_sync.column_names import to_column_name
from ots_sync.settings import load
from tests.repo import generate_docs
from tests.support.pages import (
    PAGES,
    anchors,
    code_lines,
    page_name,
    read,
    section,
    table_under,
)
from tests.support.paths import DOCS, ROOT

README = read("README.md")
ARTICLE = read("docs/article.md")
ARCHITECTURE = read("docs/architecture.md")
MIGRATION = read("docs/migration.md")
MAX_README_LINES = 200

# Options in the documentation that belong to other programs.
FOREIGN_OPTIONS = {
    "aliyun": {"--PolicyName", "--PolicyDocument", "--UserName", "--PolicyType"},
    "aws": {
        "--cli-input-json",
        "--enabled",
        "--export-format",
        "--export-type",
        "--expression-attribute-values",
        "--key",
        "--name",
        "--no-enabled",
        "--output",
        "--query",
        "--secret-id",
        "--secret-string",
        "--stream-specification",
        "--table-name",
        "--update-expression",
        "--uuid",
    },
    "sam": {
        "--build-in-source",
        "--config-env",
        "--docker-network",
        "--env-vars",
        "--event",
        "--event-file",
        "--guided",
        "--stack-name",
    },
}


def test_type_table_shows_what_the_converter_does() -> None:
    tags = []
    for example, kind, becomes, *_ in table_under("## Types", README):
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


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= MAX_README_LINES


def test_generated_pages_are_current() -> None:
    """If this fails, run `make docs`."""
    assert read("docs/cli.md") == generate_docs.cli_reference()
    assert generate_docs.with_settings_table(README) == README


def test_article_functions_are_those_of_lambda_function() -> None:
    functions = table_under("## Functions", ARTICLE)
    assert len(functions) == 6
    for cell, *_ in functions:
        name, arguments = re.fullmatch(r"`(\w+)\((.*)\)`", cell).groups()  # type: ignore[union-attr]
        code = getattr(lambda_function, name).__code__
        assert ", ".join(code.co_varnames[: code.co_argcount]) == arguments


def test_sample_rows_are_the_output_of_the_demo() -> None:
    """The table in docs/article.md is what the demo prints at 80 columns."""
    with TableStore() as store:
        settings = load(
            {
                **store.environ(),
                "TABLE_NAME": command.TABLE,
                "PRIMARY_KEY": command.PRIMARY_KEY,
            },
            {},
        )
        handler = load_handler(settings)
        keys = {"user_id": str, "action_time": int}
        create_target_table(handler.client(), command.TABLE, keys)
        console = Console(width=80, highlight=False)
        with console.capture() as shown:
            show_samples(handler, console)
    printed = [line.rstrip() for line in shown.get().splitlines()]
    wanted = code_lines("console", ARTICLE)
    assert len(wanted) > 14, "a line for every column"
    assert printed[: len(wanted)] == wanted


def test_result_in_readme_is_the_result_of_the_demo() -> None:
    """The seed decides these numbers; time and machine decide the others."""
    defaults = {param.name: param.default for param in command.demo.params}
    seed, count = (int(str(defaults[name])) for name in ("seed", "count"))
    made = list(random_changes(count, Random(seed)))
    kinds = Counter(change.kind for change in made)
    last = {str(change.key): change.kind for change in made}
    rows = sum(kind != "delete" for kind in last.values())
    shown = f"{kinds['put']} puts, {kinds['update']} updates, {kinds['delete']} deletes"
    assert f"{count:,} ({shown})" in README
    assert f"equal: {rows} rows, every cell and its type" in README
    source = (ROOT / "ots_local" / "demo" / "report.py").read_text("utf-8")
    lines = [line for line in code_lines("console", README) if line.startswith("│")]
    labels = [line.split("│")[1].strip() for line in lines]
    assert len(labels) >= 6
    assert [label for label in labels if f'"{label}"' not in source] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            broken.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(target.read_text("utf-8")):
            broken.append(f"{link}: no such heading")
    assert broken == []


def test_every_page_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", README))
    pages = {f"docs/{page.name}" for page in DOCS.glob("*.md")}
    pages |= {page.name for page in ROOT.glob("*.md")} - {"README.md"}
    assert pages - linked == set()


def test_make_targets_in_docs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    wrong = []
    for page in PAGES:
        named = re.findall(r"(?:`|^ *)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
        wrong += [f"{page_name(page)}: make {name}" for name in named if name not in targets]
    assert wrong == []


def test_files_named_in_docs_exist() -> None:
    pattern = r"`((?:events|config|docs|ots_\w+|tests|statemachine)/[\w./-]*)`"
    wrong = [
        f"{page_name(page)}: {name}"
        for page in PAGES
        if page.name not in {"CHANGELOG.md", "cli.md"}
        for name in sorted(set(re.findall(pattern, page.read_text("utf-8"))))
        if not (ROOT / name).exists() and "<" not in name
    ]
    assert wrong == []


def test_names_of_code_in_docs_exist() -> None:
    """Names such as `writer.pack` in the architecture refer to modules of ots_sync."""
    wrong = []
    for module, name in set(re.findall(r"`(\w+)\.(\w+)`", ARCHITECTURE)):
        if (ROOT / "ots_sync" / f"{module}.py").exists() and name != "py":
            found = importlib.import_module(f"ots_sync.{module}")
            if not hasattr(found, name):
                wrong.append(f"{module}.{name}")
    assert wrong == []


COMMAND = re.compile(r"python -m (ots_tools|ots_local) ([a-z][\w-]*)([^`\n]*)")


def options_of(found: click.Command) -> set[str]:
    """Return every option of a command."""
    options = {option for one in found.params for option in (*one.opts, *one.secondary_opts)}
    return {*options, "--help"}


def test_commands_and_options_in_docs_exist() -> None:
    """Check whole command lines, and every option that is named in backticks."""
    options = {
        (group, name): options_of(found)
        for group, click_group in generate_docs.GROUPS.items()
        for name, found in generate_docs.commands(click_group)
    }
    known = set().union(*options.values(), *FOREIGN_OPTIONS.values())
    wrong = []
    for page in PAGES:
        text = page.read_text("utf-8").replace("\\\n", " ")
        text = re.sub(r"^tools (\w)", r"python -m ots_tools \1", text, flags=re.MULTILINE)
        for group, name, rest in COMMAND.findall(text):
            if (group, name) not in options:
                wrong.append(f"{page_name(page)}: {group} {name}")
                continue
            named = set(re.findall(r"(?<![\w-])(--[a-z][\w-]*)", rest))
            unknown = named - options[group, name]
            wrong += [f"{page_name(page)}: {group} {name} {option}" for option in sorted(unknown)]
        unknown = set(re.findall(r"`(--[A-Za-z][\w-]*)", text)) - known
        wrong += [f"{page_name(page)}: {option}" for option in sorted(unknown)]
    assert wrong == []


def test_readme_commands_for_loading_are_in_the_migration_page() -> None:
    lines = code_lines("sh", section("## Load existing data", README))
    assert len(lines) == 4
    commands = {re.sub(r"^\.venv/bin/", "", line) for line in lines}
    assert [line for line in commands if line not in MIGRATION] == []


def test_laptop_commands_in_readme_run(tmp_path: Path) -> None:
    """They run in a copy, so that the developer's own files in .local do not change."""
    for name in ("ots_sync", "ots_tools", "ots_local", "config", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "lambda_function.py", tmp_path)
    text = section("## Try it", README)
    lines = re.findall(r"`(?:sh \.ci/venv && )?(\.venv/bin/python [^`]*)`", text)
    lines = [line for line in lines if not line.endswith(" demo")]  # tests/local runs the demo
    lines += [".venv/bin/python -m ots_local demo --help"]
    assert len(lines) >= 2
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
        ("requirements-dev.txt", "## Development (`requirements-dev.txt`)"),
    ],
)
def test_every_direct_dependency_has_a_reason(file: str, heading: str) -> None:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    names = {re.split(r"[\[=; ]", line)[0] for line in lines if line[0] not in "#-"}
    listed = table_under(heading, read("docs/dependencies.md"))
    assert {name for name, _ in listed} == names
    assert all(reason for _, reason in listed)

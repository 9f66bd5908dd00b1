"""Check the vocabulary and the form of names, docstrings, help and documentation.

docs/glossary.md has the words to use. Each test lists every violation at once.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from tests.repo import generate_docs
from tests.support.paths import ROOT

MAX_TEST_NAME = 70
MIN_MESSAGE_WORDS = 3

# Parts of identifiers (snake case and camel case are split), with what to write instead.
IDENTIFIER_WORDS = {
    "door doors": "handler",
    "room rooms": "module",
    "ring rings": "layer",
    "story stories arrow": "pipeline, history",
    "told tell tells": "log_failures, map_..._error, on_progress",
    "fold folds folded folding": "group, KeyChanges",
    "settle settles settled settling": "reconcile, recheck, resolve",
    "crew": "worker_pool",
    "weather storm spell blow calm fate": "faults, scenario",
    "look looks looked looking": "check, recheck, read",
    "quiet undisturbed seldom": "the effect: silenced, gc_paused",
    "voice": "telemetry",
    "undone": "unprocessed",
    "refuse refuses refused refusal refusals refusing": "rejected",
    "moving": "unstable",
    "pump": "event_source",
    "patience": "timeout, retry",
    "landed lands": "completed, executed",
    "mend mends mended": "repair, correct",
}
# Whole names, because their words are ordinary in longer names.
IDENTIFIERS = {
    "means": "context",
    "Means": "WriterContext",
    "ports": "context",
    "Ports": "Context",
    "world": "context",
    "World": "DoctorContext",
    "may_land": "in_doubt",
    "Kept": "QuarantineStore",
    "kept_objects": "quarantine_store",
}
RATE = (
    r"(?:records|rows|items|units|calls|requests|changes|invocations|readers|files|cells|tables|"
    r"pages|bytes|µs|us|ms|CPU|GB|MB|RCU|CU)"
)
# Patterns for docstrings, comments, messages, help and pages, with what to write instead.
PROSE = {
    r"doors?": "handler module",
    r"rooms|(?:a|the|this|that|each|every|which|own|wrong|inner) room": "module",
    r"rings?": "layer",
    r"the story|the arrow": "pipeline, data flow",
    r"told|tells?|telling": "says, reports, returns, logs",
    r"folds?|folded|folding": "group",
    r"settles?|settled|settling": "reconcile",
    r"kept objects?": "quarantined objects",
    r"crew": "worker pool",
    r"weather|storms?": "faults",
    r"undisturbed|quiet(?:ly|er)?": "plain words for the effect",
    r"undone": "unprocessed",
    r"may land|land(?:s|ed)? (?:behind|later?)": "in doubt, executed",
    r"refus(?:e|es|ed|ing)|refusals?": "reject (connection refused is allowed)",
    r"moving": "unstable",
    r"(?:stream )?pump": "event source mapping",
    r"patience": "timeout, retries",
    r"time-outs?": "timeout",
    r"mends?|mended|mending": "repair, correct",
    r"anew|whoever|thereby|henceforth": "plain English",
    rf"{RATE} an? (?:second|minute|record|row|item|shard|call|request|invocation|cell|line|"
    r"million|month|core|file|page)": "per",
    r"go(?:es)? in\b[^.]*\bcomes? out": "say what the module does",
}
# Where a word is right: path pattern, text pattern, reason.
ALLOWED = [
    (
        "*",
        r"connection[ _]refused|refused[ _]connection|ConnectionRefused|ECONNREFUSED",
        "the system's own words",
    ),
    ("*", r"look_?ups?|LookupError", "a usual word of programming"),
    ("*.md", r"`[^`]*`", "names of code are checked as identifiers"),
    ("tests/repo/test_vocabulary.py", r".*", "lists the words"),
]
SOURCES = ("lambda_function.py", "ots_sync", "ots_tools", "ots_local", "tests", "config")
TEXT_FILES = ("*.md", "*.yaml", "*.yml", "*.asl.json", "Makefile", "*.example", ".ci/*")


class Violation(NamedTuple):
    """A forbidden word: where, what, and what to write instead."""

    path: str
    line: int
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found!r}; write: {self.instead}"


def listed(violations: list[Violation]) -> str:
    """Return one line per violation, for the message of a failed test."""
    return f"{len(violations)} violations\n" + "\n".join(map(str, violations))


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files of the repository that exist; in a copy without git, all files."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    paths = [ROOT / name for name in names] or sorted(ROOT.rglob("*"))
    skipped = {".venv", ".git", "node_modules", "build", "dist"}
    return tuple(path for path in paths if path.is_file() and not skipped & set(path.parts))


def name_of(path: Path) -> str:
    """Return a path from the root."""
    return path.relative_to(ROOT).as_posix()


def python_files() -> list[Path]:
    """Return the Python files of the project."""
    return [p for p in tracked() if p.suffix == ".py" and name_of(p).split("/")[0] in SOURCES]


def text_files() -> list[Path]:
    """Return the documentation and other files with text for people."""
    return [p for p in tracked() if any(fnmatch(name_of(p), pattern) for pattern in TEXT_FILES)]


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names that a file defines, with their lines."""
    yield 1, path.stem
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def words(identifier: str) -> set[str]:
    """Return the words of a name in snake case or camel case."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+", identifier)
    return {part.lower() for part in parts}


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings, comments and messages of a Python file, with their lines."""
    text = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    docstrings = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docstrings.add(id(node.value))
            if isinstance(node.value.value, str):
                yield node.lineno, node.value.value
    if name_of(path).startswith("tests/"):
        return  # other strings of tests are data
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in docstrings and len(node.value.split()) >= MIN_MESSAGE_WORDS:
            yield node.lineno, node.value


def allowed_text(path: str, text: str) -> str:
    """Return the text without the parts that are allowed in this file."""
    for pattern, allowed, _ in ALLOWED:
        if fnmatch(path, pattern):
            text = re.sub(allowed, lambda found: re.sub(r"\S", " ", found[0]), text)
    return text


def prose_violations(path: str, line: int, text: str) -> Iterator[Violation]:
    """Yield the forbidden words of a text."""
    text = allowed_text(path, text)
    for pattern, instead in PROSE.items():
        for found in re.finditer(rf"(?<![\w/-])(?:{pattern})(?![\w-])", text, re.IGNORECASE):
            at = line + text.count("\n", 0, found.start())
            yield Violation(path, at, " ".join(found[0].split()), instead)


def test_identifiers_use_the_vocabulary() -> None:
    by_word = {word: to for some, to in IDENTIFIER_WORDS.items() for word in some.split()}
    violations = {
        Violation(name_of(path), line, name, instead)
        for path in python_files()
        for line, name in identifiers(path)
        for parts in [words(allowed_text(name_of(path), name))]
        for instead in [IDENTIFIERS.get(name), *map(by_word.get, parts)]
        if instead is not None
    }
    assert not violations, listed(sorted(violations))


def test_docstrings_comments_and_messages_use_the_vocabulary() -> None:
    violations = [
        violation
        for path in python_files()
        for line, text in prose(path)
        for violation in prose_violations(name_of(path), line, text)
    ]
    assert not violations, listed(sorted(violations))


def test_pages_and_templates_use_the_vocabulary() -> None:
    violations = [
        violation
        for path in text_files()
        for violation in prose_violations(name_of(path), 1, path.read_text("utf-8"))
    ]
    assert not violations, listed(sorted(violations))


def test_modules_begin_with_a_plain_sentence() -> None:
    """The first paragraph of the docstring is one or more sentences that begin with a capital."""
    violations = []
    for path in python_files():
        if not path.read_text("utf-8").strip():
            continue
        docstring = ast.get_docstring(tree(path)) or ""
        first = " ".join(docstring.partition("\n\n")[0].split())
        if not re.match(r"[A-Z`].*[.:]$", first) or re.match(r"(What|Who|Whoever|Where)\b", first):
            violations.append(
                Violation(name_of(path), 1, first[:60], "a sentence on what the module does")
            )
    assert not violations, listed(violations)


def test_names_of_tests_are_short() -> None:
    violations = [
        Violation(name_of(path), node.lineno, node.name, f"at most {MAX_TEST_NAME} characters")
        for path in python_files()
        if name_of(path).startswith("tests/")
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.name.startswith("test_") and len(node.name) > MAX_TEST_NAME
    ]
    assert not violations, listed(violations)


def test_commands_and_options_have_help() -> None:
    violations = [
        Violation(f"python -m {group} {name}", 1, option.opts[0], "help for every option")
        for group, click_group in generate_docs.GROUPS.items()
        for name, command in generate_docs.commands(click_group)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    violations += [
        Violation(f"python -m {group} {name}", 1, name, "help for every command")
        for group, click_group in generate_docs.GROUPS.items()
        for name, command in generate_docs.commands(click_group)
        if not command.help
    ]
    assert not violations, listed(violations)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The door is open.", ["door"]),
        ("A change lands in a folder; connection refused.", []),
        ("It refuses a record, and 3 ms a record.", ["refuses", "ms a record"]),
        (
            "Rows go in as pairs,\nand a report comes out.",
            ["go in as pairs, and a report comes out"],
        ),
        ("A time-out. A timeout.", ["time-out"]),
        ("tests/room.py and self-told are no words", []),
    ],
)
def test_violations_are_whole_words(text: str, found: list[str]) -> None:
    violations = prose_violations("docs/page.md", 1, text)
    assert sorted(one.found for one in violations) == sorted(found)


def test_words_of_identifiers_are_whole_words() -> None:
    assert words("_open_HTTPFolder2") == {"open", "http", "folder"}
    assert "fold" not in words("folder_name")

"""Check that docs/troubleshooting.md explains every code and message that the function can emit.

Reads the source of ots_sync with `ast`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from ots_sync.errors import SettingsError
from ots_sync.retry import ERROR_CLASSES
from tests.support.pages import read, table_under
from tests.support.paths import ROOT

PAGE = read("docs/troubleshooting.md")
REJECTED = "## Codes of rejected records"
TABLE_STORE = "## Error codes of Table Store"
OWN = "## Codes of the network and of ots-sync"
MESSAGES = "## Errors that fail an invocation"
ERRORS_WITH_MESSAGES = ("ConfigurationError", "UnprocessedRecordsError")
MIN_LITERAL = 12

SOURCES = sorted((ROOT / "ots_sync").glob("*.py"))


def calls(*names: str) -> Iterator[ast.Call]:
    """Yield every call of a name in ots_sync."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in names:
                yield node


def literal_arguments(position: int, *names: str) -> set[str]:
    """Return the literal texts at one position in calls of these names."""
    found = set()
    for call in calls(*names):
        if len(call.args) > position and isinstance(call.args[position], ast.Constant):
            found.add(str(call.args[position].value))  # type: ignore[attr-defined]
    return found


def prefixed_codes() -> set[str]:
    """Return codes that are the beginning of a longer text, such as `NotQuarantined: ...`."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                match = re.fullmatch(r"([A-Z][a-z]+(?:[A-Z][a-z]+)+): ", str(node.values[0].value))
                found |= {match[1]} if match else set()
    return found


def documented(heading: str) -> set[str]:
    """Return the codes in the first column of the table under a heading."""
    return {
        code for first, *_ in table_under(heading, PAGE) for code in re.findall(r"`(\w+)`", first)
    }


def test_every_rejection_code_is_explained() -> None:
    emitted = literal_arguments(0, "RejectedError")
    assert len(emitted) > 10
    assert documented(REJECTED) == emitted


def test_every_error_code_of_table_store_is_explained() -> None:
    assert documented(TABLE_STORE) == {code for code in ERROR_CLASSES if code.startswith("OTS")}


def test_every_other_code_is_explained() -> None:
    emitted = {code for code in ERROR_CLASSES if not code.startswith("OTS")}
    emitted |= literal_arguments(0, "TableStoreError", "QuarantineError")
    emitted |= literal_arguments(1, "Result")
    emitted |= prefixed_codes()
    assert "NotQuarantined" in emitted
    assert "DeadlineExceeded" in emitted
    assert documented(OWN) == emitted


def literals(call: ast.Call) -> list[str]:
    """Return the literal parts of the message of an error, in order."""
    message = call.args[0] if call.args else None
    parts = message.values if isinstance(message, ast.JoinedStr) else [message]
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    return [text for text in texts if len(text) >= MIN_LITERAL]


@pytest.mark.parametrize("name", ERRORS_WITH_MESSAGES)
def test_every_message_that_fails_an_invocation_is_explained(name: str) -> None:
    explained = [first for first, *_ in table_under(MESSAGES, PAGE)]
    messages = [parts[0] for call in calls(name) if (parts := literals(call))]
    assert messages
    missing = [
        message
        for message in (text.strip().partition(" (")[0] for text in messages)
        if not any(cell in message or message in cell for cell in explained)
    ]
    assert missing == []


def test_message_of_invalid_settings_is_explained() -> None:
    first_line = str(SettingsError(["A: missing"])).splitlines()[0]
    assert first_line in [first for first, *_ in table_under(MESSAGES, PAGE)]


def test_every_row_has_a_cause_and_an_action() -> None:
    for heading in (REJECTED, TABLE_STORE, OWN, MESSAGES):
        for row in table_under(heading, PAGE):
            assert all(row), row

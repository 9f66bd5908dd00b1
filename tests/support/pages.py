"""Read the documentation pages: their sections, tables, code blocks and links."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.paths import DOCS, ROOT

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    ROOT / "events" / "README.md",
    ROOT / "ots_local" / "tablestore" / "README.md",
]


def read(name: str) -> str:
    """Return the text of a page, by its path from the root."""
    return (ROOT / name).read_text("utf-8")


def page_name(page: Path) -> str:
    """Return the path of a page from the root."""
    return page.relative_to(ROOT).as_posix()


def section(heading: str, text: str) -> str:
    """Return the text under a heading, up to the next heading of the same level or higher."""
    level = len(heading) - len(heading.lstrip("#"))
    body = f"\n{text}".partition(f"\n{heading}\n")[2]
    assert body, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", body, maxsplit=1, flags=re.MULTILINE)[0]


def table_under(heading: str, text: str, number: int = 0) -> list[list[str]]:
    """Return the cells of a table under a heading, without its header row."""
    tables = re.findall(r"(?:^\|.*\n?)+", section(heading, text), re.MULTILINE)
    lines = tables[number].splitlines()[2:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def code_lines(language: str, text: str) -> list[str]:
    """Return the lines of every code block of a language."""
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return [line for block in found for line in block.splitlines()]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page."""
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    }

"""Write the generated parts of the documentation: docs/cli.md and the README's settings table.

`make docs` runs it. A test compares the files with what this module generates.
"""

from __future__ import annotations

import re

import click

from ots_local.__main__ import main as ots_local
from ots_sync.errors import SettingsError
from ots_sync.settings import SETTINGS, load
from ots_tools.__main__ import main as ots_tools
from tests.support.paths import DOCS, ROOT

WIDTH = 88
GROUPS: dict[str, click.Group] = {"ots_tools": ots_tools, "ots_local": ots_local}
INTRODUCTION = """# Command-line reference

Every command with its own help text. `make docs` generates this page; do not edit it.
"""


def cli_reference() -> str:
    """Return the text of docs/cli.md; the width of the help does not depend on the terminal."""
    parts = [INTRODUCTION]
    for name, group in GROUPS.items():
        parts.append(f"## python -m {name}\n\n{group.help}\n")
        for command_name, command in commands(group):
            parts.append(
                f"### {command_name}\n\n```text\n{_help(name, command_name, command)}\n```\n"
            )
    return "\n".join(parts)


def commands(group: click.Group) -> list[tuple[str, click.Command]]:
    """Return the commands of a group by name."""
    context = click.Context(group)
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [(name, command) for name, command in found if command is not None]


def _help(group: str, name: str, command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=f"python -m {group} {name}",
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def settings_table() -> str:
    """Return the table of settings, with `required` for those that have no default."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    required = required_settings()
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        if setting.name in required:
            default = "required"
        lines.append(f"| `{setting.name}` | {default} | {setting.meaning} |")
    return "\n".join(lines) + "\n"


def required_settings() -> set[str]:
    """Return the names of the settings that cannot be missing."""
    try:
        load({}, {})
    except SettingsError as error:
        names = {setting.name for setting in SETTINGS}
        return {fault.partition(":")[0] for fault in error.faults} & names
    return set()


def with_settings_table(readme: str) -> str:
    """Return the README with the current table of settings."""
    pattern = r"\| variable \| default \| meaning \|\n(?:\|.*\n)+"
    return re.sub(pattern, lambda _: settings_table(), readme, count=1)


def main() -> None:
    """Write the generated parts."""
    (DOCS / "cli.md").write_text(cli_reference(), "utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_settings_table(readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

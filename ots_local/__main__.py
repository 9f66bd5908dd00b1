"""`python -m ots_local`: each part that runs on a laptop is a sub-command, imported when called."""

from __future__ import annotations

import click

from ots_tools.lazy_group import LazyGroup

# sub-command -> (module, name of its click command)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo-migration": ("ots_local.migration.command", "demo_migration"),
    "demo": ("ots_local.demo.command", "demo"),
    "invoke": ("ots_local.invoke", "invoke"),
    "playground": ("ots_local.migration.playground", "playground"),
    "soak": ("ots_local.soak.command", "soak"),
    "tablestore": ("ots_local.tablestore.command", "tablestore"),
}


@click.group(cls=LazyGroup, commands_by_name=COMMANDS)
def main() -> None:
    """Run the parts of ots-sync that a laptop needs instead of cloud accounts."""


if __name__ == "__main__":
    main(prog_name="python -m ots_local")

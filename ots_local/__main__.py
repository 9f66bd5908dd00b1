"""Define the command line `python -m ots_local`."""

from __future__ import annotations

import click

from ots_tools.lazy_group import LazyGroup

# command -> (module, name of its click command)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo-migration": ("ots_local.migration.command", "demo_migration"),
    "demo": ("ots_local.demo.command", "demo"),
    "invoke": ("ots_local.invoke.command", "invoke"),
    "playground": ("ots_local.migration.playground", "playground"),
    "soak": ("ots_local.chaos.command", "soak"),
    "tablestore": ("ots_local.tablestore.command", "tablestore"),
}


@click.group(cls=LazyGroup, commands_by_name=COMMANDS)
def main() -> None:
    """Run ots-sync on this machine, without a cloud account."""


if __name__ == "__main__":
    main(prog_name="python -m ots_local")

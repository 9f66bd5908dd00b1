"""Define the command line `python -m ots_tools`."""

from __future__ import annotations

import click

from ots_tools.lazy_group import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "backfill": ("ots_tools.backfill", "backfill"),
    "doctor": ("ots_tools.doctor.command", "doctor"),
    "redrive": ("ots_tools.redrive", "redrive"),
    "repair": ("ots_tools.repair", "repair"),
    "show": ("ots_tools.show", "show"),
    "verify": ("ots_tools.verify", "verify"),
    "watch": ("ots_tools.watch", "watch"),
}
"""Command name -> (module, name of the click command in it)."""


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    interrupted_message="Stopped. Completed work is kept. To continue, run the same command again.",
)
def main() -> None:
    """Check a deployment; load, verify, repair and monitor a table that ots-sync replicates."""


if __name__ == "__main__":
    main(prog_name="python -m ots_tools")

"""`python -m ots_tools`: each tool is a sub-command, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

# sub-command -> (module, name of its click command)
COMMANDS: dict[str, tuple[str, str]] = {
    "backfill": ("ots_tools.backfill", "backfill"),
    "doctor": ("ots_tools.doctor.command", "doctor"),
    "redrive": ("ots_tools.redrive", "redrive"),
    "repair": ("ots_tools.repair", "repair"),
    "show": ("ots_tools.show", "show"),
    "verify": ("ots_tools.verify", "verify"),
    "watch": ("ots_tools.watch", "watch"),
}


class LazyGroup(click.Group):
    """A group that imports a sub-command only when it is asked for: some of them start slowly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the sub-commands by name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a sub-command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command; when Ctrl-C stops it, end with 2: click's 1 says what was found."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped. What is done is done; run the same command again.", err=True)
            ctx.exit(2)


@click.group(cls=LazyGroup)
def main() -> None:
    """Check, load, prove, mend and watch a table that ots-sync keeps."""


if __name__ == "__main__":
    main(prog_name="python -m ots_tools")

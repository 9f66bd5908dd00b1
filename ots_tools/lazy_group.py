"""Define a command group that imports a command only when it is used.

Some commands import slowly. The command lines of `ots_tools` and `ots_local` are such groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

INTERRUPTED = 2
"""Exit code after Ctrl-C; click's own 1 means "different" or "rejected" in several commands."""


class LazyGroup(click.Group):
    """A command group with lazily imported commands.

    `commands_by_name`: command name -> (module, name of the click command in it).
    `interrupted_message`: printed when Ctrl-C stops a command, which then exits with 2. Without it
    click handles Ctrl-C.
    """

    def __init__(
        self,
        *args: Any,
        commands_by_name: Mapping[str, tuple[str, str]],
        interrupted_message: str = "",
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._commands_by_name = commands_by_name
        self._interrupted_message = interrupted_message

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands, sorted."""
        return sorted(self._commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self._commands_by_name:
            return None
        module, name = self._commands_by_name[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if not self._interrupted_message:
                raise
            click.echo(self._interrupted_message, err=True)
            ctx.exit(INTERRUPTED)

"""Define the command line `python -m ots_local`."""

from __future__ import annotations

from importlib import import_module

import click

# command -> (module, name of its click command)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo-migration": ("ots_local.migration.command", "demo_migration"),
    "demo": ("ots_local.demo.command", "demo"),
    "invoke": ("ots_local.invoke.command", "invoke"),
    "playground": ("ots_local.migration.playground", "playground"),
    "soak": ("ots_local.chaos.command", "soak"),
    "tablestore": ("ots_local.tablestore.command", "tablestore"),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is used, because some imports are slow."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, or None if there is none with this name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup)
def main() -> None:
    """Run ots-sync on this machine, without a cloud account."""


if __name__ == "__main__":
    main(prog_name="python -m ots_local")

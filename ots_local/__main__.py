"""`python -m ots_local`: each part that runs on a laptop is a sub-command, imported when called."""

from __future__ import annotations

from importlib import import_module

import click

# sub-command -> (module, name of its click command)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo-migration": ("ots_local.migration.command", "demo_migration"),
    "demo": ("ots_local.demo.command", "demo"),
    "invoke": ("ots_local.invoke", "invoke"),
    "playground": ("ots_local.migration.playground", "playground"),
    "soak": ("ots_local.soak.command", "soak"),
    "tablestore": ("ots_local.tablestore.command", "tablestore"),
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


@click.group(cls=LazyGroup)
def main() -> None:
    """Run the parts of ots-sync that a laptop needs instead of cloud accounts."""


if __name__ == "__main__":
    main(prog_name="python -m ots_local")

"""`python -m ots_tools repair`: verify's report, or keys, go in; each row is settled."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ots_sync.errors import ConfigurationError
from ots_sync.model import Image
from ots_tools import display, door, report
from ots_tools.item_reads import items_of
from ots_tools.items import key_of_text
from ots_tools.options import COULD_NOT_TELL, Common, common
from ots_tools.scan import Table as SourceTable
from ots_tools.settle import Settled, settle

KEYS_AT_ONCE = 200
NAMED = 20
"""Of the keys that are not settled, so many are told one by one."""


@click.command("repair")
@common
@click.argument(
    "path",
    metavar="[REPORT]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--key",
    "texts",
    multiple=True,
    metavar="JSON",
    help="""Settle this key: '{"user_id": {"S": "..."}}'. As often as you like.""",
)
def repair(shared: Common, path: Path | None, texts: tuple[str, ...]) -> None:
    """Bring each row that verify found wrong to its item's present state.

    Reads the item, writes it or deletes the row, and reads the item again until it is what was
    written: safe beside the live stream.

    Exit code: 0 every key is settled, 1 some can never be written as they are, 2 some are not
    settled.
    """
    if (path is None) == (not texts):
        raise click.UsageError("Give verify's REPORT, or --key, and not both.")
    client, table = shared.source()
    summary = _fitting(path, shared, table) if path else {}
    ends: Counter[str] = Counter()
    unsettled: list[tuple[str, Settled]] = []
    console = Console()
    keys = _of_report(path, ends) if path else _given(texts, shared)
    with display.bar(console) as progress:
        total = sum(summary["kinds"].values()) if summary else len(texts)
        task = progress.add_task("repair", total=total, cost="")
        while some := list(islice(keys, KEYS_AT_ONCE)):
            settled = settle(
                [key for _, key in some],
                lambda keys: items_of(client, table.name, keys),
                door.rules(),
                lambda: door.ports().writer,
            )
            for (name, _), one in zip(some, settled, strict=True):
                ends[one.wrote if one.state == "written" else one.state] += 1
                if one.state != "written" and len(unsettled) < NAMED:
                    unsettled.append((name, one))
            progress.update(task, advance=len(some))
    console.print(_shown(ends))
    for name, one in unsettled:
        words = f"{name}: {one.state}: {one.code} {one.reason}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    code = _exit_code(ends)
    if code == 0 and summary and shared.state.exists():
        with shared.open_state(table.arn) as state:
            state.repaired(summary["id"])
    sys.exit(code)


def _fitting(path: Path, shared: Common, table: SourceTable) -> Any:
    """The report's numbers. Raises ConfigurationError when it is of other tables or settings."""
    summary = report.read_summary(path)
    settings = shared.settings
    ours = {
        "source": table.arn,
        "target": f"{settings.instance}/{settings.table_name}",
        "fingerprint": settings.fingerprint,
    }
    for name, value in ours.items():
        if summary.get(name) != value:
            raise ConfigurationError(
                f"{path} is of another {name} ({summary.get(name)}) than this one ({value}): "
                "nothing was written. Run verify with the same options as repair."
            )
    return summary


def _of_report(path: Path, ends: Counter[str]) -> Iterator[tuple[str, Image]]:
    """Each key with the line of the report that has it: keys stay off the screen."""
    for number, (_, text) in enumerate(report.read_keys(path), 2):
        if text:
            yield f"{path}, line {number}", key_of_text(text)
        else:
            ends["unnamed"] += 1


def _given(texts: tuple[str, ...], shared: Common) -> Iterator[tuple[str, Image]]:
    for number, text in enumerate(texts, 1):
        try:
            key = key_of_text(text)
            if sorted(key) != sorted(shared.settings.key_list):
                raise ValueError
        except ValueError:
            names = json.dumps({name: {"S": "..."} for name in shared.settings.key_list})
            raise click.UsageError(f"A --key is not of the form {names}.") from None
        yield f"--key {number}", key


def _exit_code(ends: Counter[str]) -> int:
    if ends["unprocessed"] or ends["unstable"] or ends["unnamed"]:
        return COULD_NOT_TELL
    return 1 if ends["rejected"] else 0


def _shown(ends: Counter[str]) -> Table:
    table = Table(title="Repaired", show_header=False, title_justify="left")
    names = {
        "put": "rows written",
        "delete": "rows deleted",
        "rejected": "refused: can never be written as they are",
        "unprocessed": "not done: run repair again",
        "unstable": "moving: changed all the while; run verify later",
        "unnamed": "rows whose item cannot be named",
    }
    for name, words in names.items():
        if ends[name] or name in ("put", "delete"):
            table.add_row(words, f"{ends[name]:,}")
    return table

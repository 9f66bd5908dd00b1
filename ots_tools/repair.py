"""Define the command `repair`: reconcile the keys of a report, or given keys."""

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
from ots_tools import display, function
from ots_tools.cli import EXIT_INCOMPLETE, CommonOptions, common_options
from ots_tools.compare.report import read_keys, read_summary
from ots_tools.items import key_from_text, read_items
from ots_tools.reconcile import Reconciled, reconcile
from ots_tools.sources.table import SourceTable

KEYS_PER_BATCH = 200
MAX_LISTED_KEYS = 20
"""The most keys that are listed one by one because they were not repaired."""

_RESULTS = {
    "put": "rows written",
    "delete": "rows deleted",
    "rejected": "rejected: cannot be written as they are",
    "unprocessed": "unprocessed: run repair again",
    "unstable": "unstable: the items changed during the writes; run verify again later",
    "no item key": "rows whose item key is not known",
}


@click.command("repair")
@common_options
@click.argument(
    "path",
    metavar="[REPORT]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="JSON",
    help="""Repair this key: '{"user_id": {"S": "..."}}'. May be given several times.""",
)
def repair(common: CommonOptions, path: Path | None, keys: tuple[str, ...]) -> None:
    """Bring rows that differ to the current state of their items.

    For each key of the REPORT of verify, or each --key, repair reads the item, writes or deletes
    the row, and reads the item again until it is what was written. This is safe while the stream
    writes.

    Exit code: 0 every key is repaired, 1 some items are rejected, 2 some keys are not repaired.
    """
    if (path is None) == (not keys):
        raise click.UsageError("Give either the REPORT of verify or --key, and not both.")
    client, source = common.open_source()
    summary = _matching_summary(path, common, source) if path else {}
    results: Counter[str] = Counter()
    not_repaired: list[tuple[str, Reconciled]] = []
    console = Console()
    named_keys = _keys_of_report(path, results) if path else _parse_keys(keys, common)
    with display.progress_bar(console) as progress:
        total = sum(summary["kinds"].values()) if summary else len(keys)
        task = progress.add_task("repair", total=total, cost="")
        while batch := list(islice(named_keys, KEYS_PER_BATCH)):
            reconciled = reconcile(
                [key for _, key in batch],
                lambda keys: read_items(client, source.name, keys),
                function.row_mapper(),
                lambda: function.build_context().writer,
            )
            for (name, _), result in zip(batch, reconciled, strict=True):
                results[result.action if result.state == "written" else result.state] += 1
                if result.state != "written" and len(not_repaired) < MAX_LISTED_KEYS:
                    not_repaired.append((name, result))
            progress.update(task, advance=len(batch))
    console.print(_results_table(results))
    for name, result in not_repaired:
        line = f"{name}: {result.state}: {result.code} {result.reason}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    exit_code = _exit_code(results)
    if exit_code == 0 and summary and common.state.exists():
        with common.open_state(source.arn) as state:
            state.mark_repaired(summary["id"])
    sys.exit(exit_code)


def _matching_summary(path: Path, common: CommonOptions, source: SourceTable) -> Any:
    """Return the report's summary.

    Raises ConfigurationError if the report is of other tables or settings.
    """
    summary = read_summary(path)
    settings = common.settings
    expected = {
        "source": source.arn,
        "target": f"{settings.instance}/{settings.table_name}",
        "fingerprint": settings.fingerprint,
    }
    for name, value in expected.items():
        if summary.get(name) != value:
            raise ConfigurationError(
                f"{path} is of another {name}: {summary.get(name)}, but here it is {value}. "
                "Nothing was written. Run verify with the same options as repair."
            )
    return summary


def _keys_of_report(path: Path, results: Counter[str]) -> Iterator[tuple[str, Image]]:
    """Yield each key and its line in the report, so that no key is printed."""
    for number, (_, text) in enumerate(read_keys(path), 2):
        if text:
            yield f"{path}, line {number}", key_from_text(text)
        else:
            results["no item key"] += 1


def _parse_keys(texts: tuple[str, ...], common: CommonOptions) -> Iterator[tuple[str, Image]]:
    for number, text in enumerate(texts, 1):
        try:
            key = key_from_text(text)
            if sorted(key) != sorted(common.settings.key_list):
                raise ValueError
        except ValueError:
            example = json.dumps({name: {"S": "..."} for name in common.settings.key_list})
            raise click.UsageError(f"A --key does not have the form {example}.") from None
        yield f"--key {number}", key


def _exit_code(results: Counter[str]) -> int:
    if results["unprocessed"] or results["unstable"] or results["no item key"]:
        return EXIT_INCOMPLETE
    return 1 if results["rejected"] else 0


def _results_table(results: Counter[str]) -> Table:
    table = Table(title="Repaired", show_header=False, title_justify="left")
    for name, description in _RESULTS.items():
        if results[name] or name in ("put", "delete"):
            table.add_row(description, f"{results[name]:,}")
    return table

"""Makes the target table from the source's keys: a World goes in, a Finding comes out.

Refuses a source whose keys are not those of PRIMARY_KEY; leaves a table that is there as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from ots_sync import retry
from ots_sync.errors import TableStoreError
from ots_tools import target_table
from ots_tools.doctor import advice, source_checks
from ots_tools.doctor.findings import Finding, Mark, good, note, to_do
from ots_tools.doctor.world import World

WAITS_MAX = 60
WAIT_S = 1.0
"""A new table takes writes after some seconds."""


def create_target(world: World, sleep: Callable[[float], None]) -> Finding:
    """Makes the table with the key of the source, in the order of PRIMARY_KEY."""
    keys = source_checks.keys(world)
    if keys.mark is Mark.TO_DO:
        return keys
    name, source = world.settings().table_name, world.source_key()
    key = {column: target_table.KEY_TYPES[source[column]] for column in world.settings().key_list}
    shown = ", ".join(f"{column} {kind}" for column, kind in key.items())
    try:
        target_table.create(world.operator(), name, key)
    except TableStoreError as error:
        if error.code == "OTSObjectAlreadyExist":
            return note(f"{name} is there already and is left as it is.")
        return to_do(f"{name} could not be made. {advice.on(error)}")
    for _ in range(WAITS_MAX):
        answer = target_table.ask_to_write(world.writer(), name, key)
        if answer is None or retry.classify(answer.code).action != "retry":
            break
        sleep(WAIT_S)
    return good(f"{name} was made, with the key {shown}, one version kept for ever.")

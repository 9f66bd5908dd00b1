"""Checks of Table Store's side: is it there, does it take the key, is the table the right one.

A World goes in, a Finding comes out.
"""

from __future__ import annotations

from ots_sync.errors import TableStoreError
from ots_tools import target_table
from ots_tools.doctor import advice
from ots_tools.doctor.endpoint import UnreachableError
from ots_tools.doctor.findings import Finding, UnseenError, good, note, to_do
from ots_tools.doctor.world import World

# Answers to a write that changes nothing which show that the access key may write.
_MAY_WRITE = ("OTSConditionCheckFail", "OTSInvalidPK", "OTSParameterInvalid", "OTSObjectNotExist")
_CLOCK_NOTE_S = 60
_CLOCK_WRONG_S = 600
"""Table Store and its SDK take 15 minutes; this leaves room for drift."""


def endpoint(world: World) -> Finding:
    """Whether anything answers at the instance's address."""
    url = world.settings().endpoint
    try:
        world.store_date()
    except UnreachableError as error:
        return to_do(f"{error}.")
    return good(f"{url} answers.")


def clock(world: World) -> Finding:
    """Whether this machine's clock is Table Store's; a request of another time is refused."""
    try:
        there = world.store_date()
    except UnreachableError:
        raise UnseenError("the endpoint does not answer") from None
    if there is None:
        raise UnseenError("the endpoint's answer has no date")
    off_s = abs(world.wall_s() - there)
    if off_s > _CLOCK_WRONG_S:
        return to_do(
            f"This machine's clock and Table Store's are {off_s / 60:.0f} minutes apart, and at 15 "
            "it refuses every request: set the clock by NTP."
        )
    if off_s > _CLOCK_NOTE_S:
        return note(f"This machine's clock and Table Store's are {off_s:.0f} s apart.")
    return good("This machine's clock is Table Store's, within a minute.")


def access_key(world: World) -> Finding:
    """Whether the function's access key is known and may write the table."""
    answer = world.answer()
    if answer is None or answer.code in _MAY_WRITE:
        return good("The function's access key may write.")
    if answer.code in ("OTSAuthFailed", "OTSNoPermissionAccess"):
        return to_do(advice.on(answer))
    raise UnseenError(advice.on(answer))


def table(world: World) -> Finding:
    """Whether the target table exists."""
    name, answer = world.settings().table_name, world.answer()
    if answer is not None and answer.code == "OTSObjectNotExist":
        return to_do(
            f"There is no table {name}. Make it: --create-target does, from the source's keys."
        )
    if answer is not None and answer.code not in _MAY_WRITE:
        raise UnseenError(advice.on(answer))
    return good(f"{name} is there.")


def primary_key(world: World) -> Finding:
    """Whether the target's key is PRIMARY_KEY's, in its order and with the source's types."""
    wanted = world.wanted_key()
    try:
        key = world.definition().key
    except TableStoreError:
        return _key_by_writing(world, wanted)
    if list(key.items()) == list(wanted.items()):
        return good(f"The table's key is {_shown(key)}.")
    return to_do(
        f"The table's key is {_shown(key)}, but PRIMARY_KEY and the source's types make it "
        f"{_shown(wanted)}. Mend PRIMARY_KEY, or make another table: a key cannot be changed."
    )


def _key_by_writing(world: World, wanted: dict[str, str]) -> Finding:
    """A key that may only write learns by it whether its rows suit the table."""
    answer = world.answer()
    if answer is None or answer.code == "OTSConditionCheckFail":
        return good(f"The table takes keys of {_shown(wanted)}.")
    if answer.code == "OTSInvalidPK":
        return to_do(
            f"The table refuses keys of {_shown(wanted)}: {answer.message} "
            "Mend PRIMARY_KEY, or make another table: a key cannot be changed."
        )
    raise UnseenError(advice.on(answer))


def options(world: World) -> Finding:
    """Whether the table keeps what is written, one version of it, and takes updates."""
    found = world.definition()
    faults = []
    if found.time_to_live_s != -1:
        faults.append(f"it forgets cells after {found.time_to_live_s} s: set its TTL to -1")
    if not found.allow_update:
        faults.append("it takes no updates: allow them")
    if found.generated:
        faults.append(f"it makes the key {', '.join(found.generated)} itself: make another table")
    if faults:
        return to_do("The table is not fit: " + "; ".join(faults) + ".")
    if found.max_versions != 1:
        return note(
            f"The table keeps {found.max_versions} versions of each cell, which costs storage; "
            "one is enough."
        )
    return good("The table keeps one version for ever and takes updates.")


def writer(world: World) -> Finding:
    """Whether the function's access key can do no more than write."""
    client, name, key = world.writer(), world.settings().table_name, world.probe_key()
    answers = dict(target_table.reads(client, name, key))
    allowed = [action for action, error in answers.items() if error is None]
    if allowed:
        return note(
            f"The function's access key may also {', '.join(allowed)}. It needs BatchWriteRow on "
            "the one table and nothing else: docs/ram/writer.json."
        )
    for error in answers.values():
        if error is not None and error.code != "OTSNoPermissionAccess":
            raise UnseenError(advice.on(error))
    return good("The function's access key may not read: that is as much as it needs.")


def _shown(key: dict[str, str] | target_table.Key) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in key.items())

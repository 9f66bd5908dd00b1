"""What was loaded and verified, and the mapping, go in; what is missing to switch comes out.

The one place that judges it, wherever the steps are kept; nothing is read or written here. Refuses
to judge two loads as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ots_tools.orders import Check, OrderError, Step, called, enable_before, when

QUIET_S = 60.0
"""How long after a load's last write a verify must begin, to see what that write did."""

POLLS_S = 600.0
"""For so long after it was made or altered, a mapping that skips may do so: it takes minutes until
it reads. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""


class Stream(NamedTuple):
    """What is known of the mapping. `enabled`: None where nobody looked.

    `changed_s`: when it was last altered, in seconds since 1970; None where there is none. `skips`:
    it begins with the newest record, so it never writes what was changed before it read.
    """

    enabled: bool | None
    changed_s: float | None
    skips: bool


def one_history(by_hand: Sequence[Step], at_scale: Sequence[Step]) -> Sequence[Step]:
    """The steps of the state file, or of the ledger. Raises OrderError when both hold some."""
    if by_hand and at_scale:
        raise OrderError(
            f"The state file holds the {called(by_hand[-1])} and the ledger the "
            f"{called(at_scale[-1])}: nobody can tell which of them wrote last. Name a new --state "
            "file beside --ledger, and verify again."
        )
    return by_hand or at_scale


def load_missing(
    history: Sequence[Step], checks: Sequence[Check], now_s: float, stream: Stream
) -> list[str]:
    """What is missing, as sentences, until load and proof allow a switch; [] for nothing.

    A verify from before the mapping was altered proves nothing, for a mapping that was off for a
    day has lost changes; nor does one in whose time it may have skipped some.
    """
    if not history:
        return ["nothing was loaded yet: run backfill, or name the state machine's --ledger"]
    last = history[-1]
    if last.ended_s is None:
        return [f"the {called(last)} is not loaded to its end: run its load again"]
    before_s = enable_before(history)
    if stream.enabled is False and before_s is not None and now_s <= before_s:
        again = f"; {_made_again(before_s)}" if stream.skips else ""
        return [f"the mapping is not enabled: enable it before {when(before_s)}{again}"]
    missing = [] if stream.enabled is not False else ["the mapping is not enabled"]
    loaded_s = max(last.ended_s, last.last_write_s or 0.0) + (QUIET_S if last.live else 0.0)
    reads_s = (stream.changed_s or 0.0) + (POLLS_S if stream.skips else 0.0)
    since_s = max(loaded_s, reads_s)
    newest = next((one for one in reversed(checks) if one.whole and one.began_s >= loaded_s), None)
    counts = (
        newest is not None
        and newest.began_s >= reads_s
        and newest.mapping_enabled is not False  # two clocks are compared above
    )
    if newest is not None and newest.differences and not newest.repaired:
        missing.append(f"the last verify found {newest.differences} differences: run repair")
    elif last.live and not counts:
        missing.append(
            f"a load beside a live stream is done after a verify begun after {when(since_s)} with "
            "the mapping enabled, and a repair of what it finds"
        )
    reason = _equal_needed(history, before_s, now_s, stream.skips)
    if reason and not (counts and newest is not None and newest.differences == 0):
        missing.append(f"an equal verify begun after {when(since_s)}{reason}")
        if stream.skips and before_s is not None and now_s <= before_s:
            missing[-1] += f"; {_made_again(before_s)}"
    return missing


def _equal_needed(
    history: Sequence[Step], before_s: float | None, now_s: float, skips: bool
) -> str:
    if any(step.overlapped for step in history):
        return ", for the mapping was enabled or altered during a load that overwrites"
    if any(step.onto_rows for step in history):
        return ", for the target held rows before the load: some of them may be no items any more"
    if history[-1].kind != "scan" and not history[-1].live:
        return " with the mapping enabled, for no export tells of all that was deleted"
    if before_s is not None and now_s > before_s:
        return f", for {when(before_s)} has passed"
    if before_s is not None and skips:
        return ", for the mapping replays nothing"
    return ""


def _made_again(before_s: float) -> str:
    return (
        "its StartingPosition is LATEST, which skips what was changed since the load began: delete "
        f"the mapping and make it again with TRIM_HORIZON before {when(before_s)}"
    )

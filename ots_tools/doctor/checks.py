"""Every check with its name, in the order in which they are told; and how one is run.

A World goes in, a Finding comes out, whatever happens: a check that cannot look says why.
"""

from __future__ import annotations

from collections.abc import Callable
from traceback import extract_tb

from ots_sync.errors import SyncError, TableStoreError
from ots_tools.doctor import advice, function_checks, mapping_checks, source_checks, store_checks
from ots_tools.doctor.endpoint import UnreachableError
from ots_tools.doctor.findings import Finding, Mark, NotAskedError, UnseenError
from ots_tools.doctor.quarantine_check import quarantine
from ots_tools.doctor.world import World

Check = Callable[[World], Finding]


def run(check: Check, world: World) -> Finding:
    """What the check comes to."""
    try:
        return check(world)
    except NotAskedError as nothing:
        return Finding(Mark.NOT_ASKED, f"{nothing}.")
    except TableStoreError as error:
        return Finding(Mark.UNSEEN, advice.on(error))
    except (UnseenError, UnreachableError, SyncError) as why:
        return Finding(Mark.UNSEEN, str(why).rstrip(".") + ".")
    except Exception as error:  # noqa: BLE001 - its own words could hold a value
        place = extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}, line {place.lineno}"
        return Finding(Mark.UNSEEN, f"an unexpected {type(error).__name__} in {where}.")


CHECKS: dict[str, Check] = {
    "settings": function_checks.settings,
    "secret": function_checks.secret,
    "function": function_checks.function,
    "native codec": function_checks.codec,
    "time-out": function_checks.time_out,
    "mapping": mapping_checks.mapping,
    "partial response": mapping_checks.answer,
    "failed batches": mapping_checks.patience,
    "role": function_checks.role,
    "source keys": source_checks.keys,
    "stream": source_checks.stream,
    "column names": source_checks.columns,
    "key values": source_checks.key_values,
    "endpoint": store_checks.endpoint,
    "clock": store_checks.clock,
    "access key": store_checks.access_key,
    "target table": store_checks.table,
    "target key": store_checks.primary_key,
    "table options": store_checks.options,
    "writer's rights": store_checks.writer,
    "quarantine": quarantine,
}

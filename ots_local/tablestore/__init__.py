"""A Table Store on this machine, spoken to by any official SDK: for tests, demos and learning.

    with TableStore() as store:
        client = OTSClient(
            store.endpoint, store.access_key_id, store.access_key_secret, store.instance
        )

`FaultControl` sets faults and reads counters of one that runs in another process.
"""

from ots_local.tablestore.control import FaultControl
from ots_local.tablestore.store import TableStore

__all__ = ["FaultControl", "TableStore"]

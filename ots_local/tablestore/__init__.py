"""A local emulator of Alibaba Cloud Table Store for tests, demos and learning.

    with TableStore() as store:
        client = OTSClient(
            store.endpoint, store.access_key_id, store.access_key_secret, store.instance
        )

`FaultControl` sets faults and reads counters, also of an emulator in another process.
"""

from ots_local.tablestore.fault_control import FaultControl
from ots_local.tablestore.store import TableStore

__all__ = ["FaultControl", "TableStore"]

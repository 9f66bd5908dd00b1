"""Measure the bytes per record, in the event and in the request body."""

from __future__ import annotations

import json

from tests.benchmarks import sdk_alone
from tests.benchmarks.function import open_handler
from tests.benchmarks.workloads import ARTICLE, SMALL, events

ROWS = 200


def measure_bytes_per_record(endpoint: str) -> dict[str, dict[str, float]]:
    """Return the sizes per workload; the request is measured without its HTTP headers."""
    handler, client = open_handler(endpoint), sdk_alone.connect(endpoint)
    sizes = {}
    for workload in (ARTICLE, SMALL):
        (text,) = events(workload, ROWS, ROWS)
        writes = sdk_alone.build_writes(json.loads(text), handler.row_mapper())
        (request,) = sdk_alone.build_requests(writes)
        encoded = client.protocol.encoder.encode_request("BatchWriteRow", request)
        sizes[workload.name] = {
            "event": len(text) / ROWS,
            "request": len(encoded.SerializeToString()) / ROWS,
        }
    return sizes

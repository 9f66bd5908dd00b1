"""An endpoint goes in, the bytes that leave AWS for a record come out, headers left out."""

from __future__ import annotations

import json

from tests.benchmarks import floor
from tests.benchmarks.subject import open_subject
from tests.benchmarks.workloads import ARTICLE, SMALL, events

ROWS = 200


def bytes_a_record(endpoint: str) -> dict[str, dict[str, float]]:
    """Of each shape of item: as Lambda has the record in its event, and in the request's body."""
    door, client = open_subject(endpoint), floor.connect(endpoint)
    found = {}
    for workload in (ARTICLE, SMALL):
        (text,) = events(workload, ROWS, ROWS)
        (request,) = floor.requests_of(floor.writes_of(json.loads(text), door.row_mapper()))
        encoded = client.protocol.encoder.encode_request("BatchWriteRow", request)
        found[workload.name] = {
            "event": len(text) / ROWS,
            "request": len(encoded.SerializeToString()) / ROWS,
        }
    return found

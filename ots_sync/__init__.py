"""Replicate the records of a DynamoDB stream to a Table Store table.

Importing this package silences the loggers of the libraries below, before any of them is imported.
At DEBUG they write rows, signatures and quarantined records. The SDK also logs a warning at import
where its fast encoder does not load; the function logs that itself, once.
"""

from __future__ import annotations

import logging

_SILENT = logging.CRITICAL + 1

for _name, _level in {
    "tablestore-client": _SILENT,
    "tablestore.encoder": _SILENT,
    "tablestore.decoder": _SILENT,
    "urllib3": logging.ERROR,  # it warns about each connection that the pool does not keep
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "s3transfer": logging.WARNING,
}.items():
    logging.getLogger(_name).setLevel(_level)

"""Importing this keeps the libraries below from logging what they are handed; nothing comes out.

At DEBUG they write rows, signatures and quarantined records, and the SDK warns at import where its
fast encoder does not load, which the function says itself, once. So this comes before the SDK.
"""

from __future__ import annotations

import logging

_SILENT = logging.CRITICAL + 1

for _name, _level in {
    "tablestore-client": _SILENT,
    "tablestore.encoder": _SILENT,
    "tablestore.decoder": _SILENT,
    "urllib3": logging.ERROR,  # a connection more than the pool keeps is no news
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "s3transfer": logging.WARNING,
}.items():
    logging.getLogger(_name).setLevel(_level)

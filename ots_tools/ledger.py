"""Store the load steps of a migration that runs on Step Functions, as one object in a bucket.

The object corresponds to the state file of a local migration. Writes are conditional on the version
that was read, so that of two concurrent writers only one succeeds. A ledger of another source,
target or row format is rejected.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError
from ots_tools.aws import error_code
from ots_tools.migration_rules import LoadStep, StepOrderError, find_resumable
from ots_tools.state_file import MigrationId

KEY = "backfill/ledger.json"

_NOT_FOUND = ("NoSuchKey", "404")
_NOT_RETRYABLE = ("NoSuchBucket", "AccessDenied", "403")


def parse_bucket(location: str) -> str:
    """Return the bucket of a ledger's location: s3://bucket, with or without the object's key.

    Raises ConfigurationError for another location.
    """
    parts = urlsplit(location)
    if parts.scheme != "s3" or not parts.netloc or parts.path.strip("/") not in ("", KEY):
        raise ConfigurationError(
            f"{location} is not the location of a ledger. It is s3://bucket/{KEY}, with the bucket "
            "in the stack's output BackfillLedger."
        )
    return parts.netloc


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger in a bucket; every method reads the object again."""

    client: Any
    bucket: str
    migration: MigrationId

    def history(self) -> list[LoadStep]:
        """Return the steps in the order in which they began; [] if there is no ledger yet."""
        return self._read()[0]

    def begin_step(self, wanted: LoadStep) -> LoadStep:
        """Store the step, or return it if it has begun; StepOrderError if it is not allowed."""
        history, version = self._read()
        position = find_resumable(history, wanted)
        if position is not None:
            return history[position]
        self._write([*history, wanted], version)
        return wanted

    def ensure_current(self, name: str) -> None:
        """Raise StepOrderError if the step of this name is not the newest, or is complete."""
        if _current(self._read()[0], name).ended_s is not None:
            raise _outdated(name)

    def end_step(self, name: str, now_s: float, *, mapping_was_enabled: bool) -> LoadStep:
        """Store that the newest step is complete, and whether the mapping was enabled during it.

        A step that is complete stays unchanged, because a caller that did not get the response
        repeats the call. Raises StepOrderError if the step is not the newest.
        """
        history, version = self._read()
        newest = _current(history, name)
        if newest.ended_s is not None:
            return newest
        ended = replace(
            newest, ended_s=now_s, last_write_s=now_s, mapping_was_enabled=mapping_was_enabled
        )
        self._write([*history[:-1], ended], version)
        return ended

    def _read(self) -> tuple[list[LoadStep], str]:
        """Return the steps and the object's version; '' if there is no object."""
        from botocore.exceptions import ClientError

        try:
            response = self.client.get_object(Bucket=self.bucket, Key=KEY)
        except ClientError as error:
            code = error_code(error)
            if code in _NOT_FOUND:
                return [], ""
            if code in _NOT_RETRYABLE:
                raise ConfigurationError(
                    f"{self._url} cannot be read: {code}. Name the bucket in the stack's output "
                    "BackfillLedger, and allow s3:GetObject and s3:ListBucket on it."
                ) from None
            raise
        migration, history = self._parse(response["Body"].read())
        if migration != self.migration:
            raise ConfigurationError(
                f"{self._url} belongs to another migration: {tuple(migration)}, but here it is "
                f"{tuple(self.migration)}. Move the object away to begin a new migration."
            )
        return history, response["ETag"]

    def _parse(self, body: bytes) -> tuple[MigrationId, list[LoadStep]]:
        try:
            found = json.loads(body)
            return MigrationId(**found["migration"]), [LoadStep(**step) for step in found["steps"]]
        except (ValueError, TypeError, KeyError):
            raise ConfigurationError(
                f"{self._url} is not a ledger of this version of ots-sync. Name the bucket in the "
                "stack's output BackfillLedger. Only the state machine may change the object."
            ) from None

    @property
    def _url(self) -> str:
        return f"s3://{self.bucket}/{KEY}"

    def _write(self, history: Sequence[LoadStep], version: str) -> None:
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        body = {
            "migration": self.migration._asdict(),
            "steps": [asdict(step) for step in history],
        }
        self.client.put_object(
            Bucket=self.bucket, Key=KEY, Body=json.dumps(body).encode(), **condition
        )


def _current(history: Sequence[LoadStep], name: str) -> LoadStep:
    if not history or history[-1].name != name:
        raise _outdated(name)
    return history[-1]


def _outdated(name: str) -> StepOrderError:
    return StepOrderError(
        f"The step {name} is not the current one, so loading more of it could restore old data."
    )

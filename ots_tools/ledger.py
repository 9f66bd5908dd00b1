"""The steps of a migration that runs in AWS, kept as one object in a bucket; the state file's part.

Two that write at once cannot both succeed: each write asks for the object it has read. Refuses the
ledger of another table, target or shape.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ots_sync.errors import ConfigurationError
from ots_tools import orders
from ots_tools.orders import OrderError, Step
from ots_tools.state import Owner

KEY = "backfill/ledger.json"

REFUSED = ("NoSuchBucket", "AccessDenied", "403")
"""What S3 answers to who names another bucket, or may not read it: to ask again helps nobody."""


def bucket(place: str) -> str:
    """The bucket of a ledger that a person names: s3://bucket, with or without the object's key.

    Raises ConfigurationError for anything else.
    """
    parts = urlsplit(place)
    if parts.scheme != "s3" or not parts.netloc or parts.path.strip("/") not in ("", KEY):
        raise ConfigurationError(
            f"{place} is no ledger: it is s3://bucket/{KEY}, in the bucket that the stack's output "
            "BackfillLedger names."
        )
    return parts.netloc


@dataclass(frozen=True, slots=True)
class Ledger:
    """The object in a bucket; every method reads it anew."""

    client: Any
    bucket: str
    owner: Owner

    def history(self) -> list[Step]:
        """The steps in the order in which they began; [] where there is no ledger yet."""
        return self._read()[0]

    def begin(self, wanted: Step) -> Step:
        """Notes the step, or finds it begun. Raises OrderError when it may not begin or go on."""
        history, version = self._read()
        position = orders.resumed(history, wanted)
        if position is not None:
            return history[position]
        self._write([*history, wanted], version)
        return wanted

    def check(self, name: str) -> None:
        """Raises OrderError when the step of this name is not the newest, or has ended."""
        if _newest(self._read()[0], name).ended_s is not None:
            raise _over(name)

    def end(self, name: str, now_s: float, *, overlapped: bool) -> Step:
        """Notes that the newest step is done whole; when it was the stream's turn too.

        A step that has ended stays as it is, for who lost the answer and asks again. Raises
        OrderError when the step is not the newest.
        """
        history, version = self._read()
        newest = _newest(history, name)
        if newest.ended_s is not None:
            return newest
        ended = replace(newest, ended_s=now_s, last_write_s=now_s, overlapped=overlapped)
        self._write([*history[:-1], ended], version)
        return ended

    def _read(self) -> tuple[list[Step], str]:
        """The steps, and the version that a write has to find; '' for none yet."""
        from botocore.exceptions import ClientError

        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=KEY)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in ("NoSuchKey", "404"):
                return [], ""
            if code in REFUSED:
                raise ConfigurationError(
                    f"{self._place} cannot be read: {code}. Name the bucket of the stack's output "
                    "BackfillLedger; it takes s3:GetObject on it, and s3:ListBucket."
                ) from None
            raise
        owner, history = self._parsed(answer["Body"].read())
        if owner != list(self.owner):
            raise ConfigurationError(
                f"{self._place} belongs to another migration ({owner}, this one is "
                f"{list(self.owner)}). Put it elsewhere to begin a new one."
            )
        return history, answer["ETag"]

    def _parsed(self, body: bytes) -> tuple[list[str], list[Step]]:
        """The owner and the steps that the object holds."""
        try:
            found = json.loads(body)
            return list(found["owner"]), [Step(**step) for step in found["steps"]]
        except (ValueError, TypeError, KeyError):
            raise ConfigurationError(
                f"{self._place} is no ledger of ots-sync, or of another version. Name the bucket "
                "of the stack's output BackfillLedger, and leave the object to the state machine."
            ) from None

    @property
    def _place(self) -> str:
        return f"s3://{self.bucket}/{KEY}"

    def _write(self, history: Sequence[Step], version: str) -> None:
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        body = {"owner": list(self.owner), "steps": [asdict(step) for step in history]}
        self.client.put_object(
            Bucket=self.bucket, Key=KEY, Body=json.dumps(body).encode(), **condition
        )


def _newest(history: Sequence[Step], name: str) -> Step:
    if not history or history[-1].name != name:
        raise _over(name)
    return history[-1]


def _over(name: str) -> OrderError:
    return OrderError(
        f"The step {name} is not the one that is being loaded: to load of it now could bring old "
        "data back."
    )

"""What Table Store said goes in, what to do about it comes out; one visible table at the foot.

https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

from ots_sync.errors import TableStoreError


def on(error: TableStoreError) -> str:
    """The service's code and words, and what to do."""
    said = f"{error.code}: {error.message}".rstrip(".")
    for code, part, words in ADVICE:
        if code == error.code and part in error.message:
            return f"{said}. {words}"
    return said


ADVICE: tuple[tuple[str, str, str], ...] = (
    (
        "OTSAuthFailed",
        "instance ACL",
        "A new instance refuses the Internet. Allow it in the Table Store console: the instance, "
        "Network Management, allowed network types, Internet.",
    ),
    (
        "OTSAuthFailed",
        "AccessKey ID",
        "Table Store does not know the key, or it is disabled: check OTS_ID in the RAM console.",
    ),
    (
        "OTSAuthFailed",
        "Signature mismatch",
        "OTS_SECRET does not belong to OTS_ID, or OTS_REGION is not the instance's region.",
    ),
    (
        "OTSAuthFailed",
        "instance is not found",
        "Check OTS_INSTANCE, and that the endpoint is in the instance's region.",
    ),
    ("OTSAuthFailed", "instance is not running", "Start the instance, or settle its bill."),
    (
        "OTSAuthFailed",
        "system time",
        "The clock of this machine is wrong: set it by NTP.",
    ),
    (
        "OTSAuthFailed",
        "STS",
        "Temporary keys expire: take a new one, or the key of a RAM user.",
    ),
    (
        "OTSAuthFailed",
        "no privilege",
        "Attach docs/ram/writer.json to the RAM user, with the names filled in.",
    ),
    (
        "OTSNoPermissionAccess",
        "",
        "The RAM user's policy does not allow it: see docs/ram/.",
    ),
    (
        "OTSObjectNotExist",
        "",
        "Make the table: --create-target does, from the source table's keys.",
    ),
    (
        "ConnectFailed",
        "",
        "See `endpoint` above.",
    ),
)

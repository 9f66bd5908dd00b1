"""Say what to do about an error of Table Store.

https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes
"""

from __future__ import annotations

from ots_sync.errors import TableStoreError


def explain(error: TableStoreError) -> str:
    """Return the service's code and message, and what to do."""
    text = f"{error.code}: {error.message}".rstrip(".")
    for code, part, advice in ADVICE:
        if code == error.code and part in error.message:
            return f"{text}. {advice}"
    return text


ADVICE: tuple[tuple[str, str, str], ...] = (
    (
        "OTSAuthFailed",
        "instance ACL",
        "A new instance does not accept requests from the Internet. Allow them in the Table Store "
        "console: the instance, Network Management, allowed network types, Internet.",
    ),
    (
        "OTSAuthFailed",
        "AccessKey ID",
        "The key does not exist or is disabled. Check OTS_ID in the RAM console.",
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
    ("OTSAuthFailed", "instance is not running", "Start the instance, or pay its bill."),
    (
        "OTSAuthFailed",
        "system time",
        "The clock of this machine is wrong. Synchronize it by NTP.",
    ),
    (
        "OTSAuthFailed",
        "STS",
        "Temporary keys expire. Create a new one, or use the key of a RAM user.",
    ),
    (
        "OTSAuthFailed",
        "no privilege",
        "Attach docs/ram/writer.json to the RAM user, with the names filled in.",
    ),
    (
        "OTSNoPermissionAccess",
        "",
        "The RAM user's policy does not allow it. See docs/ram/.",
    ),
    (
        "OTSObjectNotExist",
        "",
        "Create the table. --create-target does so with the source table's keys.",
    ),
    (
        "ConnectFailed",
        "",
        "See `endpoint` above.",
    ),
    (
        "ConnectionBroken",
        "",
        "See `endpoint` above.",
    ),
)
"""Error code, a part of the message, and what to do; the first match applies."""

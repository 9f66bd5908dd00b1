"""The table of codes knows every code that the SDK or the service's pages know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tablestore

from ots_sync import codes

# https://www.alibabacloud.com/help/en/tablestore/developer-reference/error-codes, and what the
# tests of the official SDKs meet beside them; with what each means for a row that is written.
DOCUMENTED = {
    "OTSServerBusy": "busy",
    "OTSPartitionUnavailable": "busy",
    "OTSNotEnoughCapacityUnit": "busy",
    "OTSCapacityUnitExhausted": "busy",
    "OTSFlowControl": "busy",
    "OTSOperationThrottled": "busy",
    "OTSStorageServerBusy": "busy",
    "OTSQuotaExhausted": "busy",
    "OTSTooFrequentReservedThroughputAdjustment": "busy",
    "OTSRowOperationConflict": "again",
    "OTSOperationConflict": "again",
    "OTSTableNotReady": "again",
    "OTSTimeout": "unknown",
    "OTSServerUnavailable": "unknown",
    "OTSInternalServerError": "unknown",
    "OTSRequestTimeout": "unknown",
    "OTSParameterInvalid": "refuse",
    "OTSConditionCheckFail": "refuse",
    "OTSOutOfRowSizeLimit": "refuse",
    "OTSOutOfColumnCountLimit": "refuse",
    "OTSDataOutOfRange": "refuse",
    "OTSRequestBodyTooLarge": "refuse",
    "OTSInvalidPK": "configuration",
    "OTSObjectNotExist": "configuration",
    "OTSObjectAlreadyExist": "configuration",
    "OTSAuthFailed": "configuration",
    "OTSNoPermissionAccess": "configuration",
    "OTSMethodNotAllowed": "configuration",
    "OTSForbiddenUpdateCapacityUnit": "configuration",
    "OTSTunnelServerUnavailable": "again",
    "OTSTrimmedDataAccess": "configuration",
}

# What the network and the SDK do, as the store names it.
OURS = {
    "ConnectFailed": "again",
    "ConnectionBroken": "unknown",
    "ReadTimeout": "unknown",
    "AnswerNotTrusted": "unknown",
    "AnswerUnreadable": "unknown",
    "NotAcknowledged": "unknown",
    "NoErrorCode": "unknown",
    "GatewayError": "unknown",
    "CredentialsRenewed": "again",
    "NotEncodable": "refuse",
}


def meaning(code: str) -> str:
    """The verdict as one word."""
    verdict = codes.VERDICTS[code]
    if verdict.kind != "retry":
        return verdict.kind
    return "busy" if verdict.busy else "unknown" if verdict.unknown_outcome else "again"


@pytest.mark.parametrize("code", sorted(DOCUMENTED | OURS))
def test_code_has_the_meaning_that_its_documentation_gives_it(code: str) -> None:
    assert meaning(code) == (DOCUMENTED | OURS)[code]


def test_table_holds_nothing_else() -> None:
    """Whoever decides about a code writes its source here."""
    assert set(codes.VERDICTS) == set(DOCUMENTED) | set(OURS)


def test_every_code_of_ours_is_explained() -> None:
    """What the log names has its line in the pages for whoever reads it."""
    text = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")
    section = text.partition("## What a reason means")[2].partition("\n## ")[0]
    cells = {name for line in section.splitlines() for name in line.split("|")[1:2]}
    named = {name.strip() for cell in cells for name in cell.split(",")}
    assert {*OURS, "Late", "NotQuarantined"} <= named


def test_sdk_knows_no_code_that_the_table_does_not() -> None:
    """A new version of the SDK may; its classes begin alike but are no strings."""
    folder = Path(tablestore.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    found = set(re.findall(r"""["'](OTS[A-Z][A-Za-z]+)["']""", sources))
    found -= {"OTSClient", "OTSClientError", "OTSServiceError", "OTSError"}
    found = {code for code in found if not hasattr(tablestore, code)}
    assert "OTSServerBusy" in found
    assert found <= set(codes.VERDICTS)


def test_unknown_code_is_sent_again_and_may_have_been_written() -> None:
    verdict = codes.verdict("OTSNobodyKnows")
    assert (verdict.kind, verdict.unknown_outcome, verdict.may_land) == ("retry", True, True)
    assert not codes.is_known("OTSNobodyKnows")


def test_only_what_may_have_been_written_may_still_land() -> None:
    """And not what was answered or waited for: that is over, whatever came of it."""
    landing = {code for code, verdict in codes.VERDICTS.items() if verdict.may_land}
    unknown = {code for code, verdict in codes.VERDICTS.items() if verdict.unknown_outcome}
    over = {"ReadTimeout", "AnswerNotTrusted", "AnswerUnreadable", "NotAcknowledged"}
    assert landing == unknown - over

"""Test the response to Lambda: the lowest unprocessed record, or an exception."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ots_sync.errors import RejectedError, UnprocessedRecordsError
from ots_sync.outcome import Outcome, build_response, first_unprocessed
from tests.support.builders import record


def outcome_with_unprocessed(*numbers: Any) -> Outcome:
    """Return an outcome in which the records with these sequence numbers are unprocessed."""
    records = [record(SequenceNumber=number) for number in numbers]
    return Outcome(
        records=9,
        unprocessed=records,
        unprocessed_codes=Counter({"DeadlineExceeded": len(records)}),
    )


@pytest.mark.parametrize("partial_response", [True, False])
def test_response_without_unprocessed_records_is_success(partial_response: bool) -> None:
    assert build_response(Outcome(records=3), partial_response=partial_response) == {
        "batchItemFailures": []
    }


def test_response_names_the_lowest_sequence_number() -> None:
    """Lambda compares numbers, not text, and delivers again from the lowest."""
    response = build_response(outcome_with_unprocessed("100", "99", "1000"), partial_response=True)
    assert response == {"batchItemFailures": [{"itemIdentifier": "99"}]}
    assert first_unprocessed(outcome_with_unprocessed("100", "99").unprocessed) == "99"


def test_response_has_the_sequence_number_as_received() -> None:
    """Lambda searches for the exact text."""
    response = build_response(outcome_with_unprocessed("00099", "100"), partial_response=True)
    assert response == {"batchItemFailures": [{"itemIdentifier": "00099"}]}


def test_unprocessed_records_raise_without_partial_response() -> None:
    with pytest.raises(
        UnprocessedRecordsError,
        match=r"2 of 9 records .* \(first .* 5; DeadlineExceeded 2\)",
    ):
        build_response(outcome_with_unprocessed("5", "6"), partial_response=False)


def test_reason_of_a_rejection_has_the_number_of_its_own_record() -> None:
    outcome = outcome_with_unprocessed("5", "6")
    outcome.add_rejection(record(number="6"), RejectedError("Code", "a reason"))
    with pytest.raises(
        UnprocessedRecordsError, match=r"5; DeadlineExceeded 2; rejected 6: a reason\)"
    ):
        build_response(outcome, partial_response=False)


@pytest.mark.parametrize("number", [None, "", 12, "x"])
def test_unprocessed_record_without_a_valid_number_raises(number: Any) -> None:
    """Lambda could take a response with no name, or with an unknown one, for success."""
    with pytest.raises(UnprocessedRecordsError, match="first sequence number unknown"):
        build_response(outcome_with_unprocessed("5", number), partial_response=True)


def test_all_rejections_are_counted_and_the_first_ones_described() -> None:
    outcome = Outcome()
    for number in range(7):
        outcome.add_rejection(record(number=str(number)), RejectedError("Code", "r" * 500))
    assert outcome.rejected == 7
    assert [one["sequence_number"] for one in outcome.rejections] == list("01234")
    assert {len(one["reason"]) for one in outcome.rejections} == {200}


def test_rejection_of_a_record_that_is_no_object_has_no_number() -> None:
    outcome = Outcome()
    outcome.add_rejection(None, RejectedError("MalformedRecord", "a record is not an object"))
    assert outcome.rejections == [
        {"sequence_number": "", "code": "MalformedRecord", "reason": "a record is not an object"}
    ]

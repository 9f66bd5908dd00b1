"""Test the writer: the order of requests, retries, splits, and the results of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import Row, RowWrite
from ots_sync.writer import DEADLINE_EXCEEDED, RowErrors, write_rows
from tests.support.builders import row
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    INVALID,
    MAX_CALL_S,
    SERVICE_TIMEOUT_S,
    THROTTLED,
    ScriptedSender,
    acknowledge,
    in_turn,
    numbered_rows,
    states,
    writer_context,
)

# The order of requests


def test_batches_are_sent_in_the_order_of_the_stream() -> None:
    sender = ScriptedSender()
    results, stats = write_rows(
        numbered_rows(5, per_batch=2), writer_context(sender.send, FakeClock(0.0))
    )
    assert sender.calls == [[0, 1], [2, 3], [4]]
    assert states(results) == "wwwww"
    assert stats.calls == 3


def test_failed_row_is_retried_after_its_backoff_and_before_unsent_rows() -> None:
    """Only the failed row is sent again, and no request starts while it waits."""
    clock = FakeClock(0.0)
    sender = ScriptedSender(in_turn(lambda _: [None, THROTTLED], lambda _: [THROTTLED]))
    write_rows(numbered_rows(4, per_batch=2), writer_context(sender.send, clock))
    assert sender.calls == [[0, 1], [1], [1], [2, 3]]
    assert clock.slept == pytest.approx([0.1, 0.2])


def test_earliest_failed_rows_are_sent_first() -> None:
    sender = ScriptedSender(in_turn(INVALID, THROTTLED, acknowledge, acknowledge, THROTTLED))
    write_rows(numbered_rows(8), writer_context(sender.send, FakeClock(0.0)))
    assert sender.calls == [[*range(8)], [0, 1], [0, 1], [2, 3], [4, 5], [4, 5], [6, 7]]


@pytest.mark.parametrize("calls", [1, 2, 7])
def test_each_request_under_throttling_writes_the_first_unwritten_row(calls: int) -> None:
    """The table accepts one row per request, so each request must begin with the earliest row."""
    clock = FakeClock(0.0)

    def accept_one_row(rows: list[int]) -> RowErrors:
        clock.now_s += 10
        return [None] + [THROTTLED] * (len(rows) - 1)

    sender = ScriptedSender(accept_one_row)
    remaining_s = MAX_CALL_S + 10.5 * (calls - 1) + 0.2
    results, _ = write_rows(
        numbered_rows(20, per_batch=2),
        writer_context(sender.send, clock, remaining_s=remaining_s),
    )
    assert states(results) == "w" * len(sender.calls) + "u" * (20 - len(sender.calls))
    assert len(sender.calls) == calls


def test_writes_of_a_wide_row_are_sent_in_order_with_retries() -> None:
    """A failed write is retried before the next one, and does not delay other rows."""
    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(2500)])
    sent: list[tuple[str, str]] = []
    errors = iter([None, THROTTLED, None, None])

    def send(writes: Sequence[RowWrite]) -> list[TableStoreError | None]:
        sent.extend((write.kind, write.columns[0][0]) for write in writes)
        return [next(errors) if len(write.columns) > 1 else None for write in writes]

    results, stats = write_rows([wide, *numbered_rows(1)], writer_context(send, FakeClock(0.0)))
    expected = [("put", "c0"), ("update", "c1024"), ("update", "c1024"), ("update", "c2048")]
    assert [write for write in sent if write[1] != "n"] == expected
    assert states(results) == "ww"
    assert stats.retried_rows == 1


def test_wide_row_is_unprocessed_until_its_last_write() -> None:
    clock = FakeClock(0.0)

    def slow(rows: list[int]) -> RowErrors:
        clock.now_s += MAX_CALL_S
        return acknowledge(rows)

    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(1025)])
    sender = ScriptedSender(slow)
    results, _ = write_rows([wide], writer_context(sender.send, clock, remaining_s=MAX_CALL_S + 1))
    assert results == [DEADLINE_EXCEEDED]


# Rejected rows


@pytest.mark.parametrize("invalid", [{0}, {199}, {77}, {3, 150}])
def test_invalid_rows_are_isolated_with_a_few_requests(invalid: set[int]) -> None:
    """The service rejects a request with an invalid row as a whole, and writes none of its rows."""

    def reject_invalid(rows: list[int]) -> RowErrors:
        if invalid & set(rows):
            raise INVALID
        return acknowledge(rows)

    sender = ScriptedSender(reject_invalid)
    results, _ = write_rows(numbered_rows(200), writer_context(sender.send, FakeClock(0.0)))
    assert {n for n, result in enumerate(results) if result.state == "rejected"} == invalid
    assert {result.state for result in results} == {"written", "rejected"}
    assert len(sender.calls) <= 17 * len(invalid)
    assert sender.calls[1:] == sorted(sender.calls[1:], key=lambda rows: (rows[0], -len(rows)))


def test_row_rejected_in_a_response_is_not_retried() -> None:
    """Each other row of the request has its own result."""
    sender = ScriptedSender(in_turn(lambda _: [None, INVALID, THROTTLED]))
    results, stats = write_rows(numbered_rows(3), writer_context(sender.send, FakeClock(0.0)))
    assert sender.calls == [[0, 1, 2], [2]]
    assert states(results) == "wrw"
    assert stats.error_codes == {"OTSParameterInvalid": 1, "OTSServerBusy": 1}


REJECTIONS = [
    pytest.param(2, {0, 1}, True, True, id="whole-first-batch-same-message"),
    pytest.param(2, {0, 1}, False, False, id="whole-first-batch-different-messages"),
    pytest.param(2, {0}, True, False, id="part-of-the-first-batch"),
    pytest.param(1, {0}, True, False, id="first-batch-of-one-row"),
    pytest.param(4, {2, 3}, True, False, id="whole-second-batch"),
]


@pytest.mark.parametrize(("count", "invalid", "same_message", "raises"), REJECTIONS)
def test_first_batch_rejected_with_one_message_raises(
    count: int, invalid: set[int], same_message: bool, raises: bool
) -> None:
    """The cause is then the table, not the rows."""

    def reject_invalid(rows: list[int]) -> RowErrors:
        if invalid & set(rows):
            message = "same" if same_message else str(rows)
            raise TableStoreError("OTSParameterInvalid", message)
        return acknowledge(rows)

    context = writer_context(ScriptedSender(reject_invalid).send, FakeClock(0.0))
    if raises:
        with pytest.raises(ConfigurationError, match="every row of the first batch"):
            write_rows(numbered_rows(count, per_batch=2), context)
    else:
        results, _ = write_rows(numbered_rows(count, per_batch=2), context)
        assert {n for n, result in enumerate(results) if result.state == "rejected"} == invalid


@pytest.mark.parametrize("whole_request", [True, False], ids=["request", "row"])
def test_error_that_concerns_every_row_stops_the_writer(whole_request: bool) -> None:
    """No further request is sent, whether the request or a row of it has the error."""
    error = TableStoreError("OTSObjectNotExist", "Requested table does not exist.")
    sender = ScriptedSender(in_turn(error if whole_request else lambda rows: [error] * len(rows)))
    context = writer_context(sender.send, FakeClock(0.0))
    with pytest.raises(ConfigurationError, match="OTSObjectNotExist"):
        write_rows(numbered_rows(6, per_batch=2), context)
    assert sender.calls == [[0, 1]]


# Results


@pytest.mark.parametrize("response", [[], [None], [None, None, None]])
def test_response_of_another_length_acknowledges_no_row(response: list[None]) -> None:
    """Results belong to rows by position, so it could acknowledge the wrong row."""
    sender = ScriptedSender(in_turn(lambda _: response))
    results, stats = write_rows(numbered_rows(2), writer_context(sender.send, FakeClock(0.0)))
    assert sender.calls == [[0, 1], [0, 1]]
    assert states(results) == "ww"
    assert stats.error_codes == {"NotAcknowledged": 2}
    assert stats.unknown_outcomes == 2


def test_error_code_without_a_class_is_retried_and_counted() -> None:
    error = TableStoreError("OTSBrandNew", "?")
    sender = ScriptedSender(in_turn(error, lambda _: [None, error]))
    results, stats = write_rows(numbered_rows(2), writer_context(sender.send, FakeClock(0.0)))
    assert sender.calls == [[0, 1], [0, 1], [1]]
    assert states(results) == "ww"
    assert stats.error_codes == {"OTSBrandNew": 3}
    assert (stats.calls, stats.retried_rows, stats.unknown_outcomes) == (3, 3, 3)


def test_unprocessed_row_has_the_code_of_its_last_error() -> None:
    sender = ScriptedSender(lambda rows: [THROTTLED] * len(rows))
    results, _ = write_rows(
        numbered_rows(2), writer_context(sender.send, FakeClock(0.0), remaining_s=60)
    )
    assert {(result.state, result.code) for result in results} == {("unprocessed", "OTSServerBusy")}


# The source of rows


def recording(rows: list[Row], taken: list[Row]) -> Iterator[Row]:
    """Yield rows, and add each to `taken` when the writer takes it."""
    for one in rows:
        taken.append(one)
        yield one


def test_rows_are_taken_at_most_one_batch_ahead() -> None:
    """The next batch is built while the current one is sent, and no more than that."""
    taken: list[Row] = []
    taken_at_call: list[int] = []

    def script(rows: list[int]) -> RowErrors:
        taken_at_call.append(len(taken))
        return acknowledge(rows)

    results, _ = write_rows(
        recording(numbered_rows(1000), taken),
        writer_context(ScriptedSender(script).send, FakeClock(0.0)),
    )
    assert states(results) == "w" * 1000
    assert taken_at_call[0] <= 400
    assert taken_at_call == sorted(taken_at_call)


def test_rows_after_the_deadline_have_a_result_too() -> None:
    clock = FakeClock(0.0)

    def slow(rows: list[int]) -> RowErrors:
        clock.now_s += 10
        return acknowledge(rows)

    sender = ScriptedSender(slow)
    results, _ = write_rows(
        recording(numbered_rows(1000), []),
        writer_context(sender.send, clock, remaining_s=MAX_CALL_S + 5),
    )
    assert len(sender.calls) == 1
    assert states(results[:200]) == "w" * 200
    assert results[200:] == [DEADLINE_EXCEEDED] * 800


def test_error_in_building_a_row_is_raised_when_no_request_is_in_doubt() -> None:
    """The responses of the requests in flight are not read, so the writer waits for their end."""
    clock = FakeClock(0.0)

    def rows() -> Iterator[Row]:
        yield from numbered_rows(400)
        raise ConfigurationError("an edited function raises this")

    sender = ScriptedSender()
    with pytest.raises(ConfigurationError):
        write_rows(rows(), writer_context(sender.send, clock, max_concurrency=4))
    assert sender.in_flight == 0
    assert clock.monotonic() == SERVICE_TIMEOUT_S

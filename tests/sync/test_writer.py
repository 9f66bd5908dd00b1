"""In what order the writer sends rows and sends them again, what it splits, what it believes."""

from __future__ import annotations

import pytest

from ots_sync import writer
from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import RowWrite
from ots_sync.writer import DEADLINE_EXCEEDED
from tests.support.builders import row
from tests.support.fakes import FakeClock
from tests.support.scripted_sender import (
    BAD,
    BUSY,
    CALL_S,
    Answers,
    Scripted,
    done,
    means,
    numbered,
    script_of,
    states,
)

# What is sent when


def test_batches_are_begun_in_the_order_of_the_stream() -> None:
    store = Scripted()
    results, tally = writer.write_rows(numbered(5, to_a_batch=2), means(store.send, FakeClock(0.0)))
    assert store.calls == [[0, 1], [2, 3], [4]]
    assert states(results) == "wwwww"
    assert tally.calls == 3


def test_what_failed_waits_out_its_delay_before_what_was_never_sent() -> None:
    """Only the row that failed is sent again, and nothing is begun while it waits."""
    clock = FakeClock(0.0)
    store = Scripted(script_of(lambda _: [None, BUSY], lambda _: [BUSY]))
    writer.write_rows(numbered(4, to_a_batch=2), means(store.send, clock))
    assert store.calls == [[0, 1], [1], [1], [2, 3]]
    assert clock.slept == pytest.approx([0.1, 0.2])


def test_the_earliest_of_what_failed_is_sent_first() -> None:
    store = Scripted(script_of(BAD, BUSY, done, done, BUSY))
    writer.write_rows(numbered(8, to_a_batch=200), means(store.send, FakeClock(0.0)))
    assert store.calls == [[*range(8)], [0, 1], [0, 1], [2, 3], [4, 5], [4, 5], [6, 7]]


@pytest.mark.parametrize("calls", [1, 2, 7])
def test_under_throttling_the_first_undone_row_moves_on_with_every_call(calls: int) -> None:
    """A table that takes one row a call: each call must be spent on the earliest that waits."""
    clock = FakeClock(0.0)

    def one_row(rows: list[int]) -> Answers:
        clock.now_s += 10
        return [None] + [BUSY] * (len(rows) - 1)

    store = Scripted(one_row)
    left_s = CALL_S + 10.5 * (calls - 1)
    results, _ = writer.write_rows(
        numbered(20, to_a_batch=2), means(store.send, clock, left_s=left_s + 0.2)
    )
    assert states(results) == "w" * len(store.calls) + "u" * (20 - len(store.calls))
    assert len(store.calls) == calls


def test_a_wide_row_is_written_step_by_step_and_done_after_the_last() -> None:
    """A failed step is sent again before the next one, and other rows are not held up by it."""
    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(2500)])
    kinds: list[tuple[str, str]] = []
    busy = iter([None, BUSY, None, None])

    def send(writes: list[RowWrite]) -> list[TableStoreError | None]:
        kinds.extend((write.kind, write.columns[0][0]) for write in writes)
        return [next(busy) if len(write.columns) > 1 else None for write in writes]

    results, tally = writer.write_rows([wide, *numbered(1)], means(send, FakeClock(0.0)))
    steps = [("put", "c0"), ("update", "c1024"), ("update", "c1024"), ("update", "c2048")]
    assert [kind for kind in kinds if kind[1] != "n"] == steps
    assert states(results) == "ww"
    assert tally.retried_rows == 1


def test_a_wide_row_cut_short_is_not_done() -> None:
    clock = FakeClock(0.0)

    def slow(rows: list[int]) -> Answers:
        clock.now_s += CALL_S
        return done(rows)

    wide = row("put", "user", 0, [(f"c{n}", 1) for n in range(1025)])
    results, _ = writer.write_rows([wide], means(Scripted(slow).send, clock, left_s=CALL_S + 1))
    assert results == [DEADLINE_EXCEEDED]


# What is split


@pytest.mark.parametrize("bad", [{0}, {199}, {77}, {3, 150}])
def test_bad_rows_cost_their_batch_a_few_calls_and_nothing_else(bad: set[int]) -> None:
    """A request that holds one is refused whole, and nothing of it is written."""

    def picky(rows: list[int]) -> Answers:
        if bad & set(rows):
            raise BAD
        return done(rows)

    store = Scripted(picky)
    results, _ = writer.write_rows(numbered(200), means(store.send, FakeClock(0.0)))
    assert {n for n, result in enumerate(results) if result.state == "rejected"} == bad
    assert {result.state for result in results} == {"written", "rejected"}
    assert len(store.calls) <= 17 * len(bad)
    assert store.calls[1:] == sorted(store.calls[1:], key=lambda rows: (rows[0], -len(rows)))


def test_a_row_that_is_refused_in_an_answer_is_not_sent_again() -> None:
    """The others of its call are judged each by its own answer."""
    store = Scripted(script_of(lambda _: [None, BAD, BUSY]))
    results, tally = writer.write_rows(numbered(3), means(store.send, FakeClock(0.0)))
    assert store.calls == [[0, 1, 2], [2]]
    assert states(results) == "wrw"
    assert tally.error_codes == {"OTSParameterInvalid": 1, "OTSServerBusy": 1}


REFUSED_ALONE = [
    pytest.param(2, {0, 1}, "same", True, id="every row of the first batch, one message"),
    pytest.param(2, {0, 1}, "own", False, id="a message for each"),
    pytest.param(2, {0}, "same", False, id="not every row"),
    pytest.param(1, {0}, "same", False, id="a batch of one row says nothing"),
    pytest.param(4, {2, 3}, "same", False, id="not the first batch"),
]


@pytest.mark.parametrize(("count", "bad", "words", "raises"), REFUSED_ALONE)
def test_rows_all_refused_alone_with_one_message_are_configuration(
    count: int, bad: set[int], words: str, raises: bool
) -> None:
    def picky(rows: list[int]) -> Answers:
        if bad & set(rows):
            raise TableStoreError("OTSParameterInvalid", words if words == "same" else str(rows))
        return done(rows)

    work = means(Scripted(picky).send, FakeClock(0.0))
    if raises:
        with pytest.raises(ConfigurationError, match="every row of the first batch"):
            writer.write_rows(numbered(count, to_a_batch=2), work)
    else:
        results, _ = writer.write_rows(numbered(count, to_a_batch=2), work)
        assert {n for n, result in enumerate(results) if result.state == "rejected"} == bad


@pytest.mark.parametrize("whole", [True, False])
def test_a_code_that_concerns_every_row_ends_the_invocation(whole: bool) -> None:
    """Nothing more is sent, whether the request said so or a row of it."""
    error = TableStoreError("OTSObjectNotExist", "Requested table does not exist.")
    store = Scripted(script_of(error if whole else lambda rows: [error] * len(rows)))
    with pytest.raises(ConfigurationError, match="OTSObjectNotExist"):
        writer.write_rows(numbered(6, to_a_batch=2), means(store.send, FakeClock(0.0)))
    assert store.calls == [[0, 1]]


# What an answer is worth


@pytest.mark.parametrize("answers", [[], [None], [None, None, None]])
def test_an_answer_of_another_length_acknowledges_nothing(answers: list[None]) -> None:
    """By position it could acknowledge the wrong row."""
    store = Scripted(script_of(lambda _: answers))
    results, tally = writer.write_rows(numbered(2), means(store.send, FakeClock(0.0)))
    assert store.calls == [[0, 1], [0, 1]]
    assert states(results) == "ww"
    assert tally.error_codes == {"NotAcknowledged": 2}
    assert tally.unknown_outcomes == 2


def test_an_unknown_code_is_sent_again_and_counted() -> None:
    error = TableStoreError("OTSBrandNew", "?")
    store = Scripted(script_of(error, lambda _: [None, error]))
    results, tally = writer.write_rows(numbered(2), means(store.send, FakeClock(0.0)))
    assert store.calls == [[0, 1], [0, 1], [1]]
    assert states(results) == "ww"
    assert tally.error_codes == {"OTSBrandNew": 3}
    assert (tally.calls, tally.retried_rows, tally.unknown_outcomes) == (3, 3, 3)


def test_what_fails_to_the_end_tells_why() -> None:
    store = Scripted(lambda rows: [BUSY] * len(rows))
    results, _ = writer.write_rows(numbered(2), means(store.send, FakeClock(0.0), left_s=60))
    assert {(result.state, result.code) for result in results} == {("unprocessed", "OTSServerBusy")}

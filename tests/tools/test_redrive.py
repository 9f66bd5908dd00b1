"""Test that redrive removes an object only when the rows of its keys match the items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ots_sync.errors import ConfigurationError, TableStoreError
from ots_sync.model import Image
from ots_tools.redrive import DESCRIPTIONS, KEYS_PER_BATCH, results_table
from tests.support.builders import event, item, record
from tests.support.scripted_sender import INVALID as BAD_REQUEST
from tests.support.scripted_sender import THROTTLED
from tests.tools.support.quarantine import ARN, INVALID, QuarantineEnvironment


@pytest.fixture
def quarantine(tmp_path: Path) -> QuarantineEnvironment:
    return QuarantineEnvironment(tmp_path)


def test_corrected_item_is_written_and_its_object_removed(
    quarantine: QuarantineEnvironment,
) -> None:
    """The current state of the item counts, not the record's."""
    quarantine.reject(record(new=item("u", 1, **INVALID)))
    quarantine.put(item("u", 1, good={"S": "now"}))
    run = quarantine.redrive()
    assert quarantine.target.rows == {("u", 1): {"good": "now"}}
    assert quarantine.names() == []
    assert run.results == {"written": 1}


def test_row_of_a_deleted_item_is_deleted(quarantine: QuarantineEnvironment) -> None:
    quarantine.target.rows[("u", 1)] = {"stale": True}
    quarantine.reject(record(new=item("u", 1, **INVALID)))
    quarantine.redrive()
    assert (quarantine.target.rows, quarantine.names()) == ({}, [])


def test_object_rejected_again_is_kept_with_the_new_reason(
    quarantine: QuarantineEnvironment,
) -> None:
    name = quarantine.reject(record(new=item("u", 1, big={"N": "1"})))
    quarantine.put(item("u", 1, **INVALID))
    before = quarantine.read(name)
    run = quarantine.redrive()
    after = quarantine.read(name)
    assert run.results == {"rejected": 1}
    assert after["reason"] != before["reason"]
    assert after["code"] == "ColumnName"
    assert after["record"] == before["record"]
    assert (before["quarantined_at_s"], after["redriven_at_s"]) == (1_800_000_000, 1_900_000_000)
    assert quarantine.redrive().results == {"rejected": 1}  # it can be redriven again


def test_batch_of_lambda_is_reconciled_by_key(quarantine: QuarantineEnvironment) -> None:
    """It is removed when all of its keys are reconciled; a repeated key is written once."""
    quarantine.give_up(*[record(new=item("u", n % 3)) for n in range(9)])
    quarantine.put(item("u", 0), item("u", 1, v={"N": "1"}))
    run = quarantine.redrive()
    assert quarantine.target.rows == {("u", 0): {}, ("u", 1): {"v": 1}}
    assert (quarantine.names(), run.keys, quarantine.target.calls) == ([], 3, [3])


def test_batch_of_lambda_is_kept_while_one_key_is_rejected(
    quarantine: QuarantineEnvironment,
) -> None:
    quarantine.give_up(record(new=item("u", 1)), record(new=item("u", 2)))
    quarantine.put(item("u", 1, v={"N": "1"}), item("u", 2, **INVALID))
    run = quarantine.redrive()
    assert quarantine.target.rows == {("u", 1): {"v": 1}}
    assert run.results == {"rejected": 1}
    kept = quarantine.read(quarantine.names()[0])
    assert kept["code"] == "ColumnName"
    assert len(json.loads(kept["payload"])["Records"]) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"{}", b"not json", b'{"record": {"dynamodb": {"Keys": [1]}}}']
    + [b'{"record": {"dynamodb": {"Keys": {"id": {"S": "x"}}}}}']
    + [json.dumps({"payload": text}).encode() for text in ("", "{}", '{"Records": [1]}')],
)
def test_object_without_key_of_the_table_is_kept_and_named(
    quarantine: QuarantineEnvironment, body: bytes
) -> None:
    (quarantine.folder / "target").mkdir()
    (quarantine.folder / "target" / "odd.json").write_bytes(body)
    run = quarantine.redrive()
    assert [(name, state) for name, state, _ in run.kept] == [("target/odd.json", "unreadable")]
    assert (quarantine.folder / "target" / "odd.json").read_bytes() == body


def test_other_row_format_is_written_only_on_request(quarantine: QuarantineEnvironment) -> None:
    """Its row would differ in format from the rest of the table."""
    quarantine.reject(record(new=item("u", 1)), COLUMN_NAMES="verbatim")
    quarantine.put(item("u", 1, v={"N": "1"}))
    assert quarantine.redrive().results == {"other row format": 1}
    assert quarantine.target.rows == {}
    assert quarantine.redrive(allow_row_format_change=True).results == {"written": 1}
    assert quarantine.target.rows == {("u", 1): {"v": 1}}


def test_object_rejected_again_gets_the_new_fingerprint(
    quarantine: QuarantineEnvironment,
) -> None:
    name = quarantine.reject(record(new=item("u", 1)), COLUMN_NAMES="verbatim")
    quarantine.put(item("u", 1, **INVALID))
    assert quarantine.redrive(allow_row_format_change=True).results == {"rejected": 1}
    assert quarantine.read(name)["fingerprint"] == quarantine.settings.fingerprint
    assert quarantine.redrive().results == {"rejected": 1}


def test_objects_of_other_tables_are_skipped(quarantine: QuarantineEnvironment) -> None:
    quarantine.reject(record(new=item("u", 1)), TABLE_NAME="another")
    elsewhere = f"{ARN}Other/stream/2018"
    document = {"DDBStreamBatchInfo": {"streamArn": elsewhere}, "payload": json.dumps(event())}
    (quarantine.folder / "batch").write_text(json.dumps(document))
    run = quarantine.redrive()
    assert run.results == {"other table": 2}
    assert (len(quarantine.names()), run.kept) == (2, [])


def test_record_of_another_source_with_same_target_is_skipped(
    quarantine: QuarantineEnvironment,
) -> None:
    """Two functions can share a quarantine. With the wrong source the record would be lost."""
    name = quarantine.reject(
        record(new=item("u", 1)) | {"eventSourceARN": f"{ARN}Other/stream/2018"}
    )
    quarantine.reject(record(new=item("u", 2)) | {"eventSourceARN": f"{ARN}/stream/2018"})
    run = quarantine.redrive()
    assert run.results == {"other table": 1, "written": 1}
    assert quarantine.names() == [name]


def test_large_batches_are_reconciled_in_parts(quarantine: QuarantineEnvironment) -> None:
    """The writer's deadline applies to all keys of a call, so large calls would never complete."""
    count = 2 * KEYS_PER_BATCH + 1
    batches: list[int] = []

    def read_items(keys: Sequence[Image]) -> list[Image | None]:
        batches.append(len(keys))
        return quarantine.read_items(keys)

    quarantine.give_up(*[record(new=item("u", number)) for number in range(count)])
    quarantine.put(item("u", 0, v={"N": "1"}), item("u", count - 1, v={"N": "2"}))
    run = quarantine.redrive(read_items=read_items)
    assert batches == [KEYS_PER_BATCH] * 4 + [1] * 2  # each before and after it is written
    assert (quarantine.names(), run.keys) == ([], count)
    assert quarantine.target.rows == {("u", 0): {"v": 1}, ("u", count - 1): {"v": 2}}


def test_dry_run_changes_nothing(quarantine: QuarantineEnvironment) -> None:
    quarantine.reject(record(new=item("u", 1)))
    quarantine.put(item("u", 1))
    run = quarantine.redrive(dry_run=True)
    assert run.results == {"would be tried": 1}
    assert (len(quarantine.names()), quarantine.target.calls) == (1, [])


def test_unstable_key_is_kept_and_named_by_its_object_only(
    quarantine: QuarantineEnvironment,
) -> None:
    name = quarantine.reject(record(new=item("a-secret-key", 1)))
    count = iter(range(1000))

    def changing(keys: Sequence[Image]) -> list[Image | None]:
        return [item("a-secret-key", 1, v={"N": str(next(count))}) for _ in keys]

    run = quarantine.redrive(read_items=changing)
    assert [(kept, state) for kept, state, _ in run.kept] == [(name, "unstable")]
    assert quarantine.names() == [name]
    assert "a-secret-key" not in repr(run.kept)


def test_unacknowledged_key_is_kept(quarantine: QuarantineEnvironment) -> None:
    quarantine.reject(record(new=item("u", 1)))
    quarantine.put(item("u", 1))
    run = quarantine.redrive(send=lambda writes: [THROTTLED] * len(writes))
    assert run.results == {"unprocessed": 1}
    assert len(quarantine.names()) == 1


def test_rows_rejected_alike_are_kept_each_with_its_reason(
    quarantine: QuarantineEnvironment,
) -> None:
    """For a batch of the stream this would be a configuration error; in quarantine it is usual."""
    for number in range(3):
        quarantine.reject(record(new=item("u", number)))
        quarantine.put(item("u", number))

    def reject(_: Any) -> Any:
        raise BAD_REQUEST

    assert quarantine.redrive(send=reject).results == {"rejected": 3}


def test_configuration_error_ends_the_run(quarantine: QuarantineEnvironment) -> None:
    quarantine.reject(record(new=item("u", 1)))
    quarantine.put(item("u", 1))

    def reject(_: Any) -> Any:
        raise TableStoreError("OTSAuthFailed", "Signature mismatch.")

    with pytest.raises(ConfigurationError):
        quarantine.redrive(send=reject)
    assert len(quarantine.names()) == 1


def test_results_table_describes_every_result(quarantine: QuarantineEnvironment) -> None:
    run = quarantine.redrive()
    for result in DESCRIPTIONS:
        run.results[result] += 1
    assert list(results_table(run).columns[1].cells) == list(DESCRIPTIONS.values())

"""Test a load together with the function's mapping, and what watch says about the two."""

from __future__ import annotations

from datetime import timedelta

from tests.support.builders import item
from tests.tools.support.fixtures_deployed import DeployedFunction
from tests.tools.support.migration_environment import MigrationEnvironment

A = item("a", 1, v={"N": "1"})


def test_overwriting_load_is_rejected_while_mapping_is_enabled(
    env: MigrationEnvironment, deployed: DeployedFunction
) -> None:
    """The settings come from the function; one that the function does not have is unset."""
    env.put(A)
    deployed.enable_mapping(True)
    assert "mapping is enabled" in deployed.run("backfill", code=2)
    assert "not both" in deployed.run("backfill", "--settings", __file__, code=2)
    assert env.rows() == {}
    deployed.run("backfill", "--live", "--dry-run")
    deployed.enable_mapping(False)
    deployed.run("backfill")
    assert env.wrong_rows() == []
    assert "enable it before" in deployed.run("watch", "--once", code=1)
    deployed.client.delete_event_source_mapping(UUID=deployed.mapping)
    assert "none from this table" in deployed.run("watch", "--once", code=1)


def test_newly_enabled_mapping_is_not_ready_before_its_first_lag(
    env: MigrationEnvironment, deployed: DeployedFunction
) -> None:
    """Its replay writes old values first, and its lag is reported only minutes later."""
    env.put(A)
    deployed.run("backfill")
    deployed.enable_mapping(True)
    assert "has not reported its lag yet" in deployed.run("watch", "--once", code=1)
    deployed.report_lag(90.0, timedelta(minutes=5))
    assert "the target is 90 s behind the stream" in deployed.run("watch", "--once", code=1)
    deployed.report_lag(0.0, timedelta(0))
    assert "ready to switch" in deployed.run("watch", "--once")


def test_mapping_enabled_between_two_runs_is_detected(
    env: MigrationEnvironment, deployed: DeployedFunction
) -> None:
    """The load may have overwritten what the stream wrote, and that is not delivered again."""
    env.put(A)
    codes = ["OTSNoPermissionAccess"]
    env.store.faults.add("request_error", apis=["BatchWriteRow"], codes=codes)
    deployed.run("backfill", code=2)
    env.store.faults.clear()
    deployed.enable_mapping(True)
    deployed.enable_mapping(False)
    deployed.run("backfill")
    deployed.enable_mapping(True)
    deployed.report_lag(0.0, timedelta(0))
    assert "enabled or changed during a load" in deployed.run("watch", "--once", code=1)
    deployed.run("verify", "--recheck-after", "0")
    assert "ready to switch" in deployed.run("watch", "--once")


def test_mapping_with_starting_position_latest_is_reported(
    env: MigrationEnvironment, deployed: DeployedFunction
) -> None:
    """It skips the changes during the load. A new mapping, created in time, skips nothing."""
    env.put(A)
    deployed.run("backfill")
    newest = deployed.with_new_mapping("LATEST", enabled=False)
    output = newest.run("watch", "--once", code=1)
    assert "enable it before" in output
    assert "create it again with TRIM_HORIZON before" in output
    newest.enable_mapping(True)
    newest.report_lag(0.0, timedelta(0))
    newest.run("verify", "--recheck-after", "0")
    output = newest.run("watch", "--once", code=1)
    assert "because the mapping does not replay the stream" in output
    assert "create it again with TRIM_HORIZON before" in output
    oldest = newest.with_new_mapping("TRIM_HORIZON", enabled=True)
    assert "ready to switch" in oldest.run("watch", "--once")

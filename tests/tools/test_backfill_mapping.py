"""The load and the function's mapping: never side by side when it overwrites, and watch knows."""

from __future__ import annotations

from datetime import timedelta

from tests.support.builders import item
from tests.tools.fix_deployed import Deployed
from tests.tools.stage import Stage

A = item("a", 1, v={"N": "1"})


def test_load_that_overwrites_is_refused_beside_an_enabled_mapping(
    stage: Stage, deployed: Deployed
) -> None:
    """The settings come from the function here; one that it does not set counts as not set."""
    stage.put(A)
    deployed.switch(True)
    assert "mapping is enabled" in deployed.run("backfill", code=2)
    assert "not both" in deployed.run("backfill", "--settings", __file__, code=2)
    assert stage.rows() == {}
    deployed.run("backfill", "--live", "--dry-run")
    deployed.switch(False)
    deployed.run("backfill")
    assert stage.wrong() == []
    assert "enable it before" in deployed.run("watch", "--once", code=1)
    deployed.client.delete_event_source_mapping(UUID=deployed.mapping)
    assert "none from this table" in deployed.run("watch", "--once", code=1)


def test_mapping_that_was_just_enabled_is_not_ready_before_it_tells_its_lag(
    stage: Stage, deployed: Deployed
) -> None:
    """Its replay takes rows back in time, and its first lag is told minutes later."""
    stage.put(A)
    deployed.run("backfill")
    deployed.switch(True)
    assert "tells no lag yet" in deployed.run("watch", "--once", code=1)
    deployed.tell_lag(90.0, timedelta(minutes=5))
    assert "writing is 90 s behind" in deployed.run("watch", "--once", code=1)
    deployed.tell_lag(0.0, timedelta(0))
    assert "ready to switch" in deployed.run("watch", "--once")


def test_mapping_that_was_enabled_between_two_runs_of_a_load_is_noticed(
    stage: Stage, deployed: Deployed
) -> None:
    """What the stream wrote then may have been overwritten, and is not delivered again."""
    stage.put(A)
    refused = ["OTSNoPermissionAccess"]
    stage.store.faults.add("request_error", apis=["BatchWriteRow"], codes=refused)
    deployed.run("backfill", code=2)
    stage.store.faults.clear()
    deployed.switch(True)
    deployed.switch(False)
    deployed.run("backfill")
    deployed.switch(True)
    deployed.tell_lag(0.0, timedelta(0))
    assert "enabled or altered during a load" in deployed.run("watch", "--once", code=1)
    deployed.run("verify", "--settle", "0")
    assert "ready to switch" in deployed.run("watch", "--once")


def test_mapping_that_starts_at_the_newest_record_is_told_before_and_behind_its_start(
    stage: Stage, deployed: Deployed
) -> None:
    """It would leave out what was changed during the load; made again in time, nothing is lost."""
    stage.put(A)
    deployed.run("backfill")
    newest = deployed.mapped_anew("LATEST", enabled=False)
    said = newest.run("watch", "--once", code=1)
    assert "enable it before" in said
    assert "make it again with TRIM_HORIZON before" in said
    newest.switch(True)
    newest.tell_lag(0.0, timedelta(0))
    newest.run("verify", "--settle", "0")
    said = newest.run("watch", "--once", code=1)
    assert "for the mapping replays nothing" in said
    assert "make it again with TRIM_HORIZON before" in said
    oldest = newest.mapped_anew("TRIM_HORIZON", enabled=True)
    assert "ready to switch" in oldest.run("watch", "--once")

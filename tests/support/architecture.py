"""Which room may import what, who speaks to vendors and to the world, and what is still too large.

Tables for test_rooms.py; docs/design.md says what each room is for.
"""

from __future__ import annotations

# What each room of ots_sync may import of ots_sync. Nothing else, and never in a circle.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "limits": set(),
    "codes": set(),
    "retry": set(),
    "quiet": set(),
    "transport": set(),
    "waiting": set(),
    "numerics": {"errors", "limits"},
    "names": {"errors", "limits"},
    "readings": {"limits", "names", "numerics"},
    "settings": {"errors", "names", "readings"},
    "credentials": {"errors", "settings"},
    "changes": {"errors"},
    "converter": {"errors", "limits", "numerics"},
    "measure": {"converter", "errors", "limits"},
    "columns": {"converter", "errors", "measure", "names", "numerics", "settings"},
    "writes": {"limits", "measure"},
    "rows": {"changes", "errors", "measure", "writes"},
    "batches": {"limits", "writes"},
    "results": {"codes", "errors", "rows", "writes"},
    "writer": {"batches", "errors", "results", "retry", "rows", "waiting", "writes"},
    "store": {"credentials", "errors", "settings", "transport", "writes"},
    "quarantine": {"changes", "errors", "settings"},
    "outcome": {"changes", "errors"},
    "telemetry": {"codes", "outcome"},
    "sync": {"changes", "errors", "outcome", "quarantine", "results", "rows", "writer"},
    "invocation": {"errors", "quarantine", "retry", "settings", "sync", "transport", "writer"},
}

# Where a name of the outside may be imported in the function that is deployed.
VENDORS: dict[str, set[str]] = {
    "tablestore": {"store", "credentials"},
    "google": {"store"},
    "urllib3": {"store", "transport"},
    "boto3": {"quarantine"},
    "botocore": {"quarantine", "credentials"},
    "aws_lambda_powertools": {"telemetry", "credentials"},
    # What reaches for the world is an argument everywhere else; a socket's time is real time.
    "os": {"lambda_function"},
    "random": {"lambda_function"},
    "time": {"lambda_function", "transport"},
    "datetime": set(),
    "socket": {"transport"},
    "subprocess": set(),
    "logging": {"quiet"},
}
# Cold starts pay only for what they use.
LAZY = {("quarantine", "boto3"), ("quarantine", "botocore"), ("credentials", "botocore"),
        ("credentials", "aws_lambda_powertools")}  # fmt: skip

# What may be imported of the project, by the longest prefix that fits a module's name.
RINGS: dict[str, tuple[str, ...]] = {
    "lambda_function": ("ots_sync", "config"),
    "ots_sync": ("ots_sync",),
    "ots_tools": ("ots_tools", "ots_sync", "lambda_function", "config"),
    "ots_local": ("ots_local", "ots_tools", "ots_sync", "lambda_function", "config"),
    "ots_local.tablestore": ("ots_local.tablestore",),
    "ots_local.event_source": ("ots_local.event_source",),
}

# Beside the rooms above: who speaks the SDK to read a target, or to make its table.
SDK = {
    "ots_sync.store",
    "ots_sync.credentials",
    "ots_tools.target_rows",
    "ots_tools.target_table",
    "ots_local.target_table",
    "ots_local.migration.command",
}
# The doors, beside commands: only these read the environment. Settings go on as values. Local parts
# start processes and hand them one, but the services among them know none.
ENVIRON = {
    "lambda_function",
    "ots_tools.options",
    "ots_tools.aws",
    "ots_tools.child",
}

# Larger than they should be: they may shrink, and leave this list.
LARGE_FILES = {"ots_sync/settings.py": 240}
LARGE_FUNCTIONS = {}

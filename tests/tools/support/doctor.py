"""Build what tests of the doctor need: a context on local services, and a deployed function.

Nothing is asserted here.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ots_local.dynamodb import DynamoDB, random_table_name
from ots_local.tablestore import TableStore
from ots_tools.aws import client as aws_client
from ots_tools.doctor.command import CHECKS, run_check
from ots_tools.doctor.context import DoctorContext
from ots_tools.doctor.findings import Status

KEYS = {"user_id": "STRING", "action_time": "INTEGER"}
UNREACHABLE = "http://127.0.0.1:9"


@cache
def client(endpoint: str, service: str) -> Any:
    """Return a client without retries; each is created once, because that takes long."""
    return aws_client(service, endpoint, attempts=1)


def environ(store: TableStore, **settings: str) -> dict[str, str]:
    """Return the settings of a function that writes to the article's table in this store."""
    table = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
    return {**store.environ(), **table, **settings}


def doctor_context(
    settings: Mapping[str, str],
    aws: DynamoDB | None = None,
    *,
    function: str | None = None,
    source: str | None = None,
    own_environ: Mapping[str, str] | None = None,
    time_s: Callable[[], float] = time.time,
) -> DoctorContext:
    """Return a context whose AWS is ministack, or an address where nothing responds."""
    return DoctorContext(
        environ=settings,
        fallback={},
        own_environ=own_environ or {},
        function_name=function,
        source_name=source,
        client=lambda service: client(aws.endpoint if aws else UNREACHABLE, service),
        time_s=time_s,
    )


def status(name: str, context: DoctorContext) -> Status:
    """Return the status of one check."""
    return run_check(CHECKS[name], context).status


def message(name: str, context: DoctorContext) -> str:
    """Return the message of one check."""
    return run_check(CHECKS[name], context).message


def deploy(
    aws: DynamoDB,
    stream_arn: str | None,
    settings: Mapping[str, str],
    *,
    mapping: Mapping[str, Any] | None = None,
    allowed: Mapping[str, str] | None = None,
    **function: Any,
) -> str:
    """Create a function with a mapping, and with a role that allows `allowed`; return its name."""
    name = random_table_name("function")
    iam, functions = client(aws.endpoint, "iam"), client(aws.endpoint, "lambda")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    if allowed:
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in allowed.items()
        ]
        iam.put_role_policy(
            RoleName=name,
            PolicyName="sync",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )
    functions.create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.12",
            "Architectures": ["x86_64"],
            "Handler": "lambda_function.lambda_handler",
            "Role": role,
            "Timeout": 120,
            "Code": {"ZipFile": _zip()},
            "Environment": {"Variables": dict(settings)},
            **function,
        }
    )
    if stream_arn is not None:
        functions.create_event_source_mapping(
            **{
                "FunctionName": name,
                "EventSourceArn": stream_arn,
                "StartingPosition": "TRIM_HORIZON",
                "Enabled": False,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "BisectBatchOnFunctionError": True,
                "MaximumRetryAttempts": -1,
                "MaximumRecordAgeInSeconds": 82800,
                "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::kept"}},
                **(mapping or {}),
            }
        )
    return name


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lambda_function.py", "def lambda_handler(event, context): ...\n")
    return packed.getvalue()

"""What tests of the doctor stand on: a World of this machine's parts, and a deployed function.

Settings go in over those of the local Table Store; nothing is asserted here.
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
from ots_tools.doctor.checks import CHECKS, run
from ots_tools.doctor.findings import Mark
from ots_tools.doctor.world import World

KEYS = {"user_id": "STRING", "action_time": "INTEGER"}
NOWHERE = "http://127.0.0.1:9"


@cache
def client(endpoint: str, service: str) -> Any:
    """A client that tries once; a client takes long to make, so each is made once."""
    return aws_client(service, endpoint, attempts=1)


def environ(store: TableStore, **settings: str) -> dict[str, str]:
    """The settings of a function that writes the article's table in this store."""
    named = {"TABLE_NAME": "target", "PRIMARY_KEY": "user_id:string,action_time:integer"}
    return {**store.environ(), **named, **settings}


def world(
    found: Mapping[str, str],
    aws: DynamoDB | None = None,
    *,
    function: str | None = None,
    source: str | None = None,
    own: Mapping[str, str] | None = None,
    wall_s: Callable[[], float] = time.time,
) -> World:
    """A World whose AWS is the ministack, or nobody."""
    return World(
        environ=found,
        fallback={},
        own=own or {},
        function_name=function,
        source_name=source,
        client=lambda service: client(aws.endpoint if aws else NOWHERE, service),
        wall_s=wall_s,
    )


def mark(name: str, found: World) -> Mark:
    """How one check goes."""
    return run(CHECKS[name], found).mark


def words(name: str, found: World) -> str:
    """What one check says."""
    return run(CHECKS[name], found).words


def deploy(
    aws: DynamoDB,
    stream_arn: str | None,
    settings: Mapping[str, str],
    *,
    mapping: Mapping[str, Any] | None = None,
    allowed: Mapping[str, str] | None = None,
    **function: Any,
) -> str:
    """A function in this Lambda, with a mapping and a role that may do what is `allowed`."""
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

"""Resolve template.yaml for given parameters, as CloudFormation would.

SAM's own translator expands the template; this module resolves its intrinsic functions. An
unsupported function or an undefined name raises KeyError.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cfnlint.decode import decode
from samtranslator.translator.transform import transform

from tests.support.paths import ROOT

TEMPLATE = ROOT / "template.yaml"
REQUIRED = {
    "StreamArn": "arn:{partition}:dynamodb:{region}:123456789012:table/Source/stream/2018",
    "OtsInstance": "instance",
    "OtsRegion": "ap-southeast-1",
    "TargetTableName": "target",
    "PrimaryKey": "user_id,action_time",
    "OtsSecretArn": "arn:{partition}:secretsmanager:{region}:123456789012:secret:ots-AbCdEf",
    "AlarmTopicArn": "arn:{partition}:sns:{region}:123456789012:alarms",
}
REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_NOTHING = object()


class _NoManagedPolicies:
    """What the translator needs to map names of AWS's managed policies; the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def raw() -> dict[str, Any]:
    """Return the template as written, with intrinsic functions in their long form."""
    template, faults = decode(str(TEMPLATE))
    assert not faults
    plain: dict[str, Any] = json.loads(json.dumps(template))
    return plain


def expanded() -> dict[str, Any]:
    """Return the template after SAM's transform, with a fictitious location of the code."""
    template = raw()
    for resource in template["Resources"].values():
        for name in {"CodeUri", "DefinitionUri"} & resource["Properties"].keys():
            resource["Properties"][name] = "s3://a-bucket/fictitious"
    result: dict[str, Any] = transform(template, {}, _NoManagedPolicies())
    return result


def resolved(partition: str = "aws", **parameters: Any) -> dict[str, dict[str, Any]]:
    """Return the resources by logical id.

    Values are from `parameters`, then from REQUIRED, then from the template's defaults.
    """
    template, region = expanded(), REGIONS[partition]
    values: dict[str, Any] = {
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::AccountId": "123456789012",
        "AWS::NoValue": _NOTHING,
    }
    for name, parameter in template["Parameters"].items():
        value = parameters.get(name, REQUIRED.get(name, parameter.get("Default")))
        if isinstance(value, str):
            value = value.replace("{partition}", partition).replace("{region}", region)
        values[name] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
    resources = template["Resources"]
    scope = _Scope(values, template["Conditions"], set(resources))
    return {
        name: scope.value(resource)
        for name, resource in resources.items()
        if "Condition" not in resource or scope.holds(resource["Condition"])
    }


def properties(resources: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the properties of one resource."""
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def alarms(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the properties of each alarm, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def metric(alarm: dict[str, Any]) -> tuple[str, str]:
    """Return the namespace and name of an alarm's metric."""
    if "MetricName" in alarm:
        return alarm["Namespace"], alarm["MetricName"]
    (stat,) = (part["MetricStat"]["Metric"] for part in alarm["Metrics"] if "MetricStat" in part)
    return stat["Namespace"], stat["MetricName"]


class _Scope:
    """The values of names in one deployment."""

    def __init__(self, values: dict[str, Any], conditions: dict[str, Any], ids: set[str]) -> None:
        self._values, self._conditions = values, conditions
        self._values |= {name: f"<{name}>" for name in ids}

    def holds(self, name: str) -> bool:
        return bool(self.value(self._conditions[name]))

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name.startswith("Fn::") or name == "Ref":
                return self._call(name, argument)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
        values = {name: self.value(inner) for name, inner in node.items() if name != "Condition"}
        if isinstance(node.get("Condition"), dict):
            values["Condition"] = self.value(node["Condition"])
        return {name: value for name, value in values.items() if value is not _NOTHING}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._values[argument]
        if name == "Fn::If":
            return self.value(argument[1] if self.holds(argument[0]) else argument[2])
        if name == "Fn::GetAtt":
            logical_id, attribute = argument
            return f"{self._values[logical_id]}.{attribute}"
        if name == "Fn::Sub":
            text, local = argument if isinstance(argument, list) else (argument, {})
            names = {inner: self.value(value) for inner, value in local.items()}
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1], names), text)
        arguments = self.value(argument)
        functions: dict[str, Any] = {
            "Fn::Equals": lambda: arguments[0] == arguments[1],
            "Fn::Not": lambda: not arguments[0],
            "Fn::Join": lambda: arguments[0].join(arguments[1]),
            "Fn::Split": lambda: arguments[1].split(arguments[0]),
            "Fn::Select": lambda: arguments[1][int(arguments[0])],
        }
        return functions[name]()

    def _named(self, name: str, local: dict[str, Any]) -> str:
        if name in local:
            return str(local[name])
        logical_id, dot, attribute = name.partition(".")
        return f"{self._values[logical_id]}{dot}{attribute}"

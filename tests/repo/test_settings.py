"""Check that every setting in ots_sync/settings.py is in each place where a user looks for it."""

from __future__ import annotations

import ast
import json
import re

from ots_sync.settings import SETTINGS, load
from tests.support.cloudformation import raw
from tests.support.pages import read, table_under
from tests.support.paths import ROOT

CHOSEN_BY_THE_TEMPLATE = {"PARTIAL_RESPONSE", "QUARANTINE"}


def readme() -> list[str]:
    """Return the settings in the README's table; `make docs` writes it."""
    return [name.strip("`") for name, *_ in table_under("## Settings", read("README.md"))]


def config_file() -> list[str]:
    """Return the variables of config/example_config.py."""
    tree = ast.parse((ROOT / "config" / "example_config.py").read_text("utf-8"))
    targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def template() -> list[str]:
    """Return the environment variables of the function in template.yaml."""
    properties = raw()["Resources"]["SyncFunction"]["Properties"]
    return list(properties["Environment"]["Variables"])


def sam_local() -> list[str]:
    """Return the variables of the example for `sam local invoke` in docs/deploy.md."""
    (text,) = re.findall(r"```json\n(.*?)```", read("docs/deploy.md"), re.DOTALL)
    (variables,) = json.loads(text).values()
    return list(variables)


PLACES = {
    "the table in README.md (run `make docs`)": readme,
    "config/example_config.py": config_file,
    "SyncFunction's environment in template.yaml": template,
    "the example of .local/sam-local.json in docs/deploy.md": sam_local,
}


def test_every_setting_is_in_every_place() -> None:
    """Names what is missing, and what is there without being a setting."""
    names = {setting.name for setting in SETTINGS}
    problems = []
    for place, find in PLACES.items():
        found = set(find())
        problems += [f"{name} is missing in {place}" for name in sorted(names - found)]
        problems += [
            f"{name} in {place} is no setting"
            for name in sorted(found - names)
            if not name.startswith("POWERTOOLS_")
        ]
    problems += _template_problems()
    assert problems == [], "\n" + "\n".join(problems)


def _template_problems() -> list[str]:
    parameters = raw()["Parameters"]
    variables = raw()["Resources"]["SyncFunction"]["Properties"]["Environment"]["Variables"]
    problems = []
    for setting in SETTINGS:
        value = variables.get(setting.name)
        if not isinstance(value, dict) or setting.name in CHOSEN_BY_THE_TEMPLATE:
            continue
        parameter = parameters.get(value.get("Ref"))
        if parameter is None or setting.name.startswith("POWERTOOLS_"):
            continue
        where = f"parameter {value['Ref']} in template.yaml"
        if f"({setting.name})" not in parameter["Description"]:
            problems.append(f"the description of {where} does not name {setting.name}")
        if setting.default and str(parameter.get("Default")) != setting.default:
            problems.append(f"the default of {where} is not {setting.default}")
        if bool(parameter.get("NoEcho")) != setting.secret:
            problems.append(f"NoEcho of {where} does not match {setting.name}")
    return problems


def test_config_file_sets_nothing_as_shipped() -> None:
    namespace: dict[str, object] = {}
    exec((ROOT / "config" / "example_config.py").read_text("utf-8"), namespace)
    assert {namespace[name] for name in config_file()} == {""}


def test_sam_local_example_is_a_valid_configuration() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", read("docs/deploy.md"), re.DOTALL)
    (variables,) = json.loads(text).values()
    assert load(variables, {}).endpoint == "http://host.docker.internal:18080"


def test_every_log_setting_of_the_template_is_in_the_docs() -> None:
    names = {name for name in template() if name.startswith("POWERTOOLS_")}
    assert names
    assert names <= set(re.findall(r"\w+", read("README.md")))
    assert names <= set(re.findall(r"\w+", read("docs/operations.md")))

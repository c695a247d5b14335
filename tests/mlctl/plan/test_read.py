"""Plans that were written to a file, by us or by the Pulumi engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlctl.errors import InputError
from mlctl.plan.model import SECRET, UNKNOWN, Plan, Resource, StackError, StackPlan
from mlctl.plan.read import read_plan
from mlctl.plan.saved import plan_to_json

BUCKET = "urn:pulumi:prod::app::aws:s3/bucket:Bucket::b"
STACK = "urn:pulumi:prod::app::pulumi:pulumi:Stack::app-prod"


def state(**extra: Any) -> dict[str, Any]:
    return {
        "urn": BUCKET,
        "custom": True,
        "id": "",
        "type": "aws:s3/bucket:Bucket",
        "inputs": {"forceDestroy": True},
        "parent": STACK,
        **extra,
    }


def write(folder: Path, text: str) -> Path:
    path = folder / "plan.json"
    path.write_text(text)
    return path


def test_a_saved_plan_comes_back_equal(tmp_path: Path) -> None:
    resource = Resource(
        urn=BUCKET,
        type="aws:s3/bucket:Bucket",
        name="b",
        inputs={"a": [1, {"b": SECRET}], "c": UNKNOWN},
        outputs={"x": 1},
        parent=STACK,
        provider="p::1",
        dependencies=("d",),
        property_dependencies={"a": ("d",)},
        protect=True,
        ignore_changes=("tags",),
        aliases=("old",),
        computed=frozenset({"c"}),
        partial=frozenset({"a[0]"}),
        secret=frozenset({"a[1].b"}),
        file="stacks/app/__main__.py",
        line=7,
    )
    component = Resource(urn=STACK, type="pulumi:pulumi:Stack", name="app-prod", inputs={}, custom=False, outputs_registered=True)
    error = StackError(problem="p", file="f", line=1, key="k", allowed="a", remedy="r", traceback="t")
    stack = StackPlan(
        name="app",
        environment="prod",
        resources=(component, resource),
        exports={"e": 1},
        references=("low",),
        errors=(error,),
        messages=("m",),
        folder="f",
    )
    plan = Plan(environment="prod", stacks=(stack,))
    path = write(tmp_path, json.dumps(plan_to_json(plan)))
    read = read_plan(path)
    assert read.stacks == plan.stacks
    assert read.source == "file"


def test_preview(tmp_path: Path) -> None:
    preview = {
        "steps": [
            {
                "op": "create",
                "urn": STACK,
                "newState": {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"arn": UNKNOWN}},
            },
            {
                "op": "create",
                "urn": BUCKET,
                "newState": state(
                    inputs={"bucket": UNKNOWN, "tags": {"k": "[secret]"}, "days": 7.0, "__defaults": []},
                    dependencies=["urn:x"],
                    propertyDependencies={"bucket": ["urn:x"]},
                    sourcePosition="project:///__main__.py#12,3",
                    protect=True,
                ),
            },
            {"op": "delete", "urn": BUCKET + "2", "oldState": state(urn=BUCKET + "2")},
        ],
        "changeSummary": {"create": 2},
    }
    plan = read_plan(write(tmp_path, json.dumps(preview)))
    assert (plan.environment, plan.source) == ("prod", "preview")
    [stack] = plan.stacks
    assert stack.name == "app"
    bucket = {resource.name: resource for resource in stack.resources}["b"]
    assert len(stack.resources) == 2
    assert bucket.inputs == {"bucket": UNKNOWN, "tags": {"k": SECRET}, "days": 7}
    assert (bucket.computed, bucket.secret) == ({"bucket"}, {"tags.k"})
    assert (bucket.file, bucket.line, bucket.protect) == ("__main__.py", 12, True)


def test_text_before_the_json_is_passed_over(tmp_path: Path) -> None:
    preview = {"steps": [{"op": "same", "urn": BUCKET, "newState": state()}]}
    path = write(tmp_path, "warning: a new version of Pulumi {3.x} is available\n" + json.dumps(preview, indent=2))
    assert [resource.name for resource in read_plan(path).resources()] == ["b"]


def test_errors_of_the_preview_fail_the_stack(tmp_path: Path) -> None:
    preview = {"steps": [{"op": "same", "newState": state()}], "diagnostics": [{"severity": "error", "message": "boom\n"}]}
    [stack] = read_plan(write(tmp_path, json.dumps(preview))).stacks
    assert (stack.status, stack.errors[0].problem) == ("failed", "boom")


def read_one(folder: Path, *states: dict[str, Any]) -> tuple[Resource, ...]:
    [stack] = read_plan(write(folder, json.dumps({"deployment": {"resources": list(states)}}))).stacks
    return stack.resources


def test_the_line_is_the_users_and_not_the_sdks(tmp_path: Path) -> None:
    sdk = "project:///../../.venv/lib/python3.11/site-packages/pulumi_aws/s3/bucket.py#12"
    frames = [{"sourcePosition": sdk}, {}, {"sourcePosition": "project:///__main__.py#7"}, {"sourcePosition": "project:///host.py#1"}]
    [traced] = read_one(tmp_path, state(sourcePosition=sdk, stackTrace=frames))
    assert (traced.file, traced.line) == ("__main__.py", 7)
    [untraced] = read_one(tmp_path, state(sourcePosition="project:///__main__.py#9"))
    assert (untraced.file, untraced.line) == ("__main__.py", 9)


def test_what_the_engine_notes_for_itself_is_left_out(tmp_path: Path) -> None:
    token = "pulumi:providers:aws"
    aws = {"urn": f"urn:pulumi:prod::app::{token}::aws", "type": token, "custom": True}
    own = {"urn": "urn:pulumi:prod::app::pulumi:providers:pulumi::default", "type": "pulumi:providers:pulumi", "custom": True}
    reference = {
        "urn": "urn:pulumi:prod::app::pulumi:pulumi:StackReference::organization/base/prod",
        "type": "pulumi:pulumi:StackReference",
        "custom": True,
        "external": True,
        "provider": f"{own['urn']}::1",
    }
    inputs = {"region": "eu-west-1", "version": "7.51.1", "pluginDownloadURL": "x", "__internal": {}}
    read = read_one(tmp_path, {**aws, "inputs": inputs}, own, reference)
    assert [(item.type, item.inputs, item.provider) for item in read] == [
        (token, {"region": "eu-west-1"}, None),
        ("pulumi:pulumi:StackReference", {}, None),
    ]


def test_ignored_changes_are_read(tmp_path: Path) -> None:
    [read] = read_one(tmp_path, state(ignoreChanges=["tags"]))
    assert read.ignore_changes == ("tags",)


def test_export_redacts_secrets(tmp_path: Path) -> None:
    wrapped = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    export = {"version": 3, "deployment": {"resources": [state(inputs={"password": wrapped}), state(urn=BUCKET + "2", delete=True)]}}
    plan = read_plan(write(tmp_path, json.dumps(export)))
    [bucket] = plan.resources()
    assert plan.source == "export"
    assert bucket.inputs == {"password": SECRET}
    assert bucket.secret == {"password"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no JSON object"),
        ("Error: no login\n", "holds no JSON object"),
        ('{"steps": [{"op": "create", "newSta', "is not JSON"),
        ('{"terraform_version": "1.5", "planned_values": {}}', "is a Terraform plan; allowed: the JSON of mlctl plan"),
        ('{"AWSTemplateFormatVersion": "2010-09-09"}', "is a CloudFormation template"),
        ('{"hello": 1}', "is another tool's file"),
        ('{"steps": []}', "holds no resource"),
        ('{"steps": [{"op": "create"}]}', "steps[0]: has neither newState nor oldState"),
        ('{"steps": [{"op": "create", "newState": {"urn": 1}}]}', "resources[0]: is no resource state"),
        ('{"deployment": {}}', "has no deployment.resources"),
        ('{"format": "mlctl-plan/9", "stacks": []}', "is a plan of format 'mlctl-plan/9'; allowed: mlctl-plan/1"),
        ('{"format": "mlctl-plan/1", "stacks": [{}]}', "is damaged"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_plan(write(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "none.json")

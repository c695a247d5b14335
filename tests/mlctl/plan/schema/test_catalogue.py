"""The schema data is what the installed SDKs say, and is read service by service."""

from __future__ import annotations

import importlib.metadata
import json
import zipfile
from pathlib import Path

import pytest

from mlctl.plan.schema import load, package_of
from tools.schema import refresh
from tools.schema.sdk import read_member

ROOT = Path(__file__).parents[4]
SCHEMA = ROOT / "mlctl" / "plan" / "schema"


@pytest.mark.parametrize("package", ["aws", "kubernetes"])
def test_the_data_is_of_the_installed_version(package: str) -> None:
    catalogue = load(package)
    assert catalogue is not None
    assert catalogue.version == importlib.metadata.version(f"pulumi-{package}"), "run tools/schema/refresh.py"


@pytest.mark.parametrize(
    ("package", "member"),
    [("aws", "ecr"), ("aws", "kms"), ("aws", "iam"), ("aws", "lambda_"), ("kubernetes", "core/v1"), ("kubernetes", "meta/v1")],
)
def test_a_service_read_again_from_the_sdk_is_the_same(package: str, member: str) -> None:
    folder = refresh.member_folders(refresh.sdk_folder(package))[member]
    with zipfile.ZipFile(SCHEMA / f"{package}.zip") as archive:
        stored = json.loads(archive.read(f"{member}.json"))
    assert read_member(folder, member).as_json() == stored, "run tools/schema/refresh.py"


def test_the_same_contents_are_the_same_bytes(tmp_path: Path) -> None:
    contents = {"b": {"x": 1}, "a": {"y": [2]}}
    refresh.write(tmp_path / "one.zip", contents)
    refresh.write(tmp_path / "two.zip", dict(reversed(contents.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("package", ["aws", "kubernetes"])
def test_every_type_that_is_named_is_there(package: str) -> None:
    with zipfile.ZipFile(SCHEMA / f"{package}.zip") as archive:
        members = {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}
    del members["@index"]
    named = set()
    for member in members.values():
        for kind in ("inputs", "outputs"):
            objects = [item["properties"] if kind == "inputs" else item for item in member[kind].values()]
            roots = [item["properties" if kind == "inputs" else "outputs"] for item in member["resources"].values()]
            named |= {(kind, name) for name in _names([*objects, *roots], "object")}
            named |= {("enums", name) for name in _names([*objects, *roots], "enum")}
    missing = {(kind, name) for kind, name in named if name.split(":")[1] not in members[name.split(":")[0]][kind]}
    assert len(named) > 500
    assert missing == set()


def _names(value: object, form: str) -> set[str]:
    """Every name that stands under the form in a nest of types."""
    if isinstance(value, list):
        return set().union(*(_names(item, form) for item in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    own = {value[form]} if set(value) == {form} and ":" in str(value[form]) else set()
    return own.union(*(_names(item, form) for item in value.values()))


def test_a_resource_type_says_what_goes_in_and_what_comes_out() -> None:
    catalogue = load("aws")
    assert catalogue is not None
    schema = catalogue.inputs("aws:kms/alias:Alias")
    assert schema is not None
    assert dict(schema.properties) == {"name": "string", "namePrefix": "string", "region": "string", "targetKeyId": "string"}
    assert schema.required == {"targetKeyId"}
    assert set(schema.outputs) - set(schema.properties) == {"arn", "targetKeyArn"}


def test_a_data_source_says_what_comes_out() -> None:
    catalogue = load("aws")
    assert catalogue is not None
    schema = catalogue.function("aws:index/getCallerIdentity:getCallerIdentity")
    assert schema is not None
    assert set(schema.outputs) == {"accountId", "arn", "id", "userId"}


def test_what_is_not_known_is_none() -> None:
    catalogue = load("aws")
    assert catalogue is not None
    assert catalogue.inputs("aws:ecr/repository:Repositry") is None
    assert catalogue.inputs("aws:nothing/at:All") is None
    assert catalogue.function("aws:ecr/repository:Repository") is None
    assert load("azure") is None


@pytest.mark.parametrize(
    ("token", "package"),
    [
        ("aws:s3/bucket:Bucket", "aws"),
        ("pulumi:providers:aws", "aws"),
        ("kubernetes:core/v1:Pod", "kubernetes"),
        ("pulumi:pulumi:Stack", "pulumi"),
    ],
)
def test_the_package_of_a_token(token: str, package: str) -> None:
    assert package_of(token) == package

"""SageMaker Feature Store behind a real boto3 client, in this process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from ml.features.groups import GROUPS

SERVICE = "sagemaker-featurestore-runtime"
DEFINED = {item["model"]: item for item in json.loads(GROUPS.read_text(encoding="utf-8"))["groups"]}


class Body:
    """What botocore reads of an answer."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Any:
        yield self._content


class Runtime:
    """The service behind a real client: takes what boto3 would have sent, and answers as the service's reference says.

    Groups are the ones moto's SageMaker made from our definitions: names and types are checked against those.
    """

    def __init__(self, control: Any) -> None:
        self._control = control
        self._groups: dict[str, dict[str, Any]] = {}
        self.records: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.asked: list[int] = []
        """Keys of each question."""
        self.overloaded = 0
        """Questions of which the last key is left unprocessed."""
        self.client = boto3.client(SERVICE, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        self.client.meta.events.register(f"before-send.{SERVICE}", self._serve)

    def _serve(self, request: Any, **_: Any) -> AWSResponse:
        status, answer = self._answer(request.method, unquote(request.url.partition(".com")[2]), json.loads(request.body))
        headers = {"content-type": "application/json", **({"x-amzn-errortype": "ResourceNotFound"} if status == 404 else {})}
        return AWSResponse(request.url, status, headers, Body(json.dumps(answer).encode()))

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "PUT" and path.startswith("/FeatureGroup/"):
            return self._put(path.removeprefix("/FeatureGroup/"), body["Record"])
        assert (method, path) == ("POST", "/BatchGetRecord")
        [asked] = body["Identifiers"]
        name, keys = asked["FeatureGroupName"], asked["RecordIdentifiersValueAsString"]
        assert len(keys) <= 100, "the service's limit"
        self.asked.append(len(keys))
        late = keys[-1:] if self.overloaded else []
        self.overloaded = max(0, self.overloaded - 1)
        found = [
            {"FeatureGroupName": name, "RecordIdentifierValueAsString": key, "Record": self.records[name, key]}
            for key in keys
            if key not in late and (name, key) in self.records
        ]
        left = [{"FeatureGroupName": name, "RecordIdentifiersValueAsString": late}] if late else []
        return 200, {"Records": found, "Errors": [], "UnprocessedIdentifiers": left}

    def _put(self, name: str, record: list[dict[str, str]]) -> tuple[int, dict[str, Any]]:
        if name not in DEFINED:
            return 404, {"Message": f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"}
        if name not in self._groups:
            self._groups[name] = self._control.describe_feature_group(FeatureGroupName=name)
        group = self._groups[name]
        kinds = {item["FeatureName"]: item["FeatureType"] for item in group["FeatureDefinitions"]}
        given = {item["FeatureName"]: item["ValueAsString"] for item in record}
        assert set(given) <= set(kinds) and len(given) == len(record)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", given[group["EventTimeFeatureName"]]), (
            "the service's forms of a time"
        )
        for feature, value in given.items():
            assert kinds[feature] == "String" or float(value) == float(value)
        self.records[name, given[group["RecordIdentifierFeatureName"]]] = record
        return 200, {}


@contextmanager
def serving() -> Iterator[Runtime]:
    """With the groups of ml/features/groups.json."""
    with mock_aws():
        control = boto3.client("sagemaker", region_name="us-east-1")
        for name, group in DEFINED.items():
            control.create_feature_group(
                FeatureGroupName=name,
                RecordIdentifierFeatureName=group["record_identifier"],
                EventTimeFeatureName=group["event_time"],
                FeatureDefinitions=[{"FeatureName": item["name"], "FeatureType": item["type"]} for item in group["features"]],
                OnlineStoreConfig={"EnableOnlineStore": True},
                OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://features/offline"}},
                RoleArn="arn:aws:iam::123456789012:role/features",
            )
        yield Runtime(control)

"""Combinations in a model's entry that cannot work are refused when it is read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from mlctl.config.model import Model
from mlctl.config.platform import Image


def model(**entry: Any) -> Model:
    return Model.model_validate({"team": "lending", **entry})


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            {"mode": "realtime", "accelerator": "gpu", "instances": {"instance_type": "ml.m5.large"}},
            "accelerator is gpu but ml.m5.large has no GPU; change one of them",
        ),
        (
            {"mode": "realtime", "instances": {"instance_type": "ml.g5.xlarge"}},
            "accelerator is cpu but ml.g5.xlarge has a GPU; change one of them",
        ),
        (
            {"mode": "kserve", "kserve": {}, "data_capture_percent": 50},
            "KServe records all requests or none; set data_capture_percent to 100 or 0",
        ),
    ],
)
def test_refused(entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(problem)):
        model(**entry)


def test_accepted() -> None:
    assert model(mode="realtime", accelerator="gpu", instances={"instance_type": "ml.g5.xlarge"}).accelerator == "gpu"
    assert model(mode="kserve", kserve={}, data_capture_percent=0).data_capture_percent == 0


def test_silence_is_noticed_within_a_day() -> None:
    """CloudWatch looks back one day at the most."""
    with pytest.raises(ValidationError, match="less than or equal to 1440"):
        model(mode="realtime", instances={}, alarms={"no_traffic_minutes": 1441})


DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(("build", "reference"), [("1.4.2", "host/acme/serving:1.4.2"), (DIGEST, f"host/acme/serving@{DIGEST}")])
def test_an_image_is_pulled_by_tag_or_digest(build: str, reference: str) -> None:
    assert Image(name="serving", team="lending", build=build).reference("host/acme/serving") == reference


@pytest.mark.parametrize("build", ["sha256:short", "with space", ""])
def test_a_build_is_a_tag_or_a_digest(build: str) -> None:
    with pytest.raises(ValidationError, match="build"):
        Image(name="serving", team="lending", build=build)

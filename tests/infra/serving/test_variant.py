"""Which instances encrypt their own disks.

Source: KmsKeyId in https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html.
"""

from __future__ import annotations

import pytest

from infra.serving.variant import has_local_disk


@pytest.mark.parametrize(
    "instance", ["ml.g4dn.xlarge", "ml.g5.2xlarge", "ml.p4d.24xlarge", "ml.m5d.large", "ml.c6gd.xlarge", "ml.r5dn.large"]
)
def test_local_disk(instance: str) -> None:
    assert has_local_disk(instance)


@pytest.mark.parametrize("instance", ["ml.m5.large", "ml.c6i.xlarge", "ml.p3.2xlarge", "ml.inf2.xlarge", "ml.t2.medium", "ml.c6gn.large"])
def test_no_local_disk(instance: str) -> None:
    assert not has_local_disk(instance)

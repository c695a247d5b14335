"""The estimate's services and the bill's meet under one name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mlctl.cost.catalogue import entries
from mlctl.finops.analysis.service_names import billed_service, estimated_services
from mlctl.finops.charge import Kind, Subject


@pytest.mark.parametrize(
    ("billed", "estimated"),
    [
        ("Amazon Relational Database Service", "RDS"),
        ("Amazon Relational Database Service", "Aurora"),
        ("AWS Key Management Service", "KMS"),
        ("AmazonCloudWatch", "CloudWatch"),
        ("EC2 - Other", "EBS"),
        ("Amazon Virtual Private Cloud", "VPC"),
        ("Amazon Elastic Container Service for Kubernetes", "EKS"),
        ("Amazon SageMaker", "SageMaker"),
    ],
)
def test_both_sides_have_one_name(billed: str, estimated: str) -> None:
    assert billed_service(Subject(Kind.CLOUD, billed)) in estimated_services({estimated: Decimal(1)})


def test_nodes_and_what_runs_on_them_belong_to_the_cluster() -> None:
    kinds = (Kind.NODES, Kind.WORKLOAD, Kind.IDLE, Kind.SHARED, Kind.DIFFERENCE)
    assert {billed_service(Subject(kind, "Amazon Elastic Compute Cloud")) for kind in kinds} == {"EKS, its nodes and volumes"}
    assert list(estimated_services({"EKS": Decimal(1), "Kubernetes volumes and load balancers": Decimal(2)}).values()) == [3]


def test_an_unknown_name_stays() -> None:
    assert billed_service(Subject(Kind.CLOUD, "Amazon Braket")) == "Amazon Braket"
    assert estimated_services({"Braket": Decimal(1)}) == {"Braket": Decimal(1)}


def test_every_service_of_the_estimate_can_be_met_by_a_bill() -> None:
    from mlctl.finops.analysis.service_names import _BILLED, CLUSTER

    met = {*_BILLED.values(), CLUSTER}
    free = {"Application Auto Scaling"}  # its alarms are CloudWatch's
    assert {name for entry in entries().values() for name in estimated_services({entry.service: Decimal(0)})} - met == free

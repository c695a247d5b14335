"""Allocation answers: shape, nulls, idle and unmounted, several steps, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import Kind, SourceData, Subject
from mlctl.finops.period import Period
from mlctl.finops.read.allocation import AllocationReader
from mlctl.finops.read.allocation_file import read_allocation_files
from tests.mlctl.finops.conftest import allocation, answer

WORK, IDLE, LOST = "Kubernetes workloads", "Kubernetes idle", "Kubernetes unmounted volumes"


def take(prod: Environment, october: Period, *answers: Mapping[str, Any]) -> SourceData:
    reader = AllocationReader("opencost", prod, october)
    for number, one in enumerate(answers):
        reader.add(json.loads(json.dumps(one), parse_float=Decimal), origin=f"answer {number}")
    return reader.data()


def test_attributes_by_pod_label_namespace_label_model_and_namespace(prod: Environment, october: Period) -> None:
    def properties(**more: Any) -> dict[str, Any]:
        return {"cluster": "c", **more}

    data = take(
        prod,
        october,
        answer(
            allocation(
                "a", "2026-10-01", cpuCost=1, properties=properties(labels={"team": "lending"}, namespaceLabels={"team": "retention"})
            ),
            allocation("b", "2026-10-01", cpuCost=2, properties=properties(namespace="x", namespaceLabels={"team": "retention"})),
            allocation("c", "2026-10-01", cpuCost=4, properties=properties(namespace="x", labels={"model": "churn"})),
            allocation("d", "2026-10-01", cpuCost=8, properties=properties(namespace="lending")),
            allocation("e", "2026-10-01", cpuCost=16, properties=properties(labels={"team": "growth"}, namespace="lending")),
            allocation("f", "2026-10-01", cpuCost=32, gpuCost=64, properties=None),
            allocation("__unmounted__", "2026-10-01", pvCost=128),
        ),
    )
    assert {charge.subject: charge.usd for charge in data.charges} == {
        Subject(Kind.WORKLOAD, WORK, "lending"): Decimal(9),
        Subject(Kind.WORKLOAD, WORK, "retention"): Decimal(2),
        Subject(Kind.WORKLOAD, WORK, "retention", "churn"): Decimal(4),
        Subject(Kind.WORKLOAD, WORK, None, None, None, "growth"): Decimal(16),
        Subject(Kind.WORKLOAD, WORK): Decimal(32),
        Subject(Kind.WORKLOAD, WORK, gpu=True): Decimal(64),
        Subject(Kind.SHARED, LOST): Decimal(128),
    }


def test_idle_gpu_goes_to_the_owner_of_the_pool(prod: Environment, october: Period) -> None:
    labelled = {"cluster": "c", "node": "n", "labels": {"node_pool": "gpu-training"}}
    foreign = {"cluster": "c", "labels": {"karpenter_sh_nodepool": "gone"}}
    data = take(
        prod,
        october,
        answer(
            allocation("n/__idle__", "2026-10-01", cpuCost=1, gpuCost=10, properties=labelled),
            allocation("__idle__", "2026-10-01", cpuCost=2, gpuCost=20),
            allocation("m/__idle__", "2026-10-01", gpuCost=40, properties=foreign),
        ),
    )
    assert {charge.subject: charge.usd for charge in data.charges} == {
        Subject(Kind.IDLE, IDLE, "lending", None, "gpu-training", "", True): Decimal(10),
        Subject(Kind.IDLE, IDLE, "lending", None, "gpu-training", "", False): Decimal(1),
        Subject(Kind.IDLE, IDLE, "lending", None, None, "", True): Decimal(20),  # lending owns the only GPU pool
        Subject(Kind.IDLE, IDLE, "ml-platform", None, None, "", False): Decimal(2),
        Subject(Kind.IDLE, IDLE, None, None, "gone", "", True): Decimal(40),
        Subject(Kind.IDLE, IDLE, None, None, "gone", "", False): Decimal(0),
    }


def test_null_is_a_gap_and_never_zero(prod: Environment, october: Period) -> None:
    nothing = allocation("a", "2026-10-01", cpuCost=None, ramCost=None, totalCost=None)
    partly = allocation("b", "2026-10-02", cpuCost=3, ramCost=None, totalCost=None)
    data = take(prod, october, answer(nothing, partly))
    assert [charge.usd for charge in data.charges] == [Decimal(3)]
    assert [(gap.what, gap.partial) for gap in data.gaps] == [
        ("1 allocations on 2026-10-01 have no cost (null) and are missing from the totals", True),
        ("1 allocations on 2026-10-02 have a cost that is partly null: their cost is at least what is shown", True),
    ]


def test_external_cost_is_left_to_the_bill(prod: Environment, october: Period) -> None:
    one = allocation("a", "2026-10-01", cpuCost=3, externalCost=7)
    data = take(prod, october, answer(one))
    assert [charge.usd for charge in data.charges] == [Decimal(3)]
    assert "external cost of 7.00 USD was left out" in data.gaps[0].what


def test_negative_idle_is_left_out_and_told(prod: Environment, october: Period) -> None:
    whole = allocation("n/__idle__", "2026-10-01", cpuCost=-3, ramCost=1)
    part = allocation("m/__idle__", "2026-10-01", cpuCost=-1, gpuCost=5)
    data = take(prod, october, answer(whole, part))
    assert {charge.subject.gpu: charge.usd for charge in data.charges} == {True: Decimal(4), False: Decimal(0)}
    assert [gap.what for gap in data.gaps] == ["idle nodes of -2.00 USD were left out: more was allocated there than the nodes cost"]


def test_efficiency_leaves_null_out_of_both_sides(prod: Environment, october: Period) -> None:
    first = allocation("a", "2026-10-01", cpuCost=10, ramCost=4, gpuCost=5, cpuEfficiency=0.5, ramEfficiency=None)
    second = allocation("a", "2026-10-02", cpuCost=30, ramCost=4, gpuCost=5, cpuEfficiency=1.5, ramEfficiency=0.25, gpuEfficiency=0.2)
    use = take(prod, october, answer(first, second)).uses[0]
    assert (use.cpu_usd, use.cpu_used_usd) == (Decimal(40), Decimal(35))
    assert (use.ram_usd, use.ram_used_usd) == (Decimal(4), Decimal(1))
    assert (use.gpu_usd, use.gpu_used_usd) == (Decimal(5), Decimal(1))


def test_the_month_before_counts_but_not_for_efficiency(prod: Environment, october: Period) -> None:
    data = take(prod, october, answer(allocation("a", "2026-09-30", cpuCost=1), allocation("b", "2026-08-31", cpuCost=2)))
    assert [charge.usd for charge in data.charges] == [Decimal(1)]
    assert data.uses == ()


@pytest.mark.parametrize("empty", [{"code": 200, "data": []}, {"code": 200, "data": [{}, None]}, {"code": 200, "data": None}])
def test_an_empty_answer_is_no_charge(prod: Environment, october: Period, empty: Mapping[str, Any]) -> None:
    assert take(prod, october, empty).charges == ()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ([], "answer 0: is no answer of the allocation API"),
        ({"resources": [], "monthly_usd": "1"}, "answer 0: is no answer of the allocation API"),
        ({"code": 400, "message": "bad window"}, "is no answer of the allocation API: bad window"),
        ({"code": 200, "data": {"a": {}}}, 'allowed: {"code": 200, "data": [{name: allocation}]}'),
        ({"code": 200, "data": [[1]]}, "answer 0: data[0]: is no map of allocations"),
        ({"code": 200, "data": [{"a": 5}]}, "answer 0: data[0].a: is no allocation"),
        ({"code": 200, "data": [{"a": {"totalCost": 1}}]}, "data[0].a.window: window.start or window.end is missing"),
        (answer(allocation("a", "2026-10-01", cpuCost=-1)), "data[0].a.cpuCost: the amount -1 is negative"),
        (answer(allocation("a", "2026-10-01", totalCost=-1)), "data[0].a.totalCost: the amount -1 is negative"),
        (answer(allocation("a", "2026-10-01", totalCost=1e400)), "data[0].a.totalCost: the amount inf is not finite"),
        (answer(allocation("a", "2026-10-01", totalCost="12")), None),
        (answer(allocation("a", "2026-10-01", totalCost=True)), "data[0].a.totalCost: True is no amount"),
        (answer(allocation("a", "2026-10-01", cpuCost=1, cpuCostAdjustment=-2)), "cpuCost with its adjustment: the amount -1 is negative"),
    ],
)
def test_refuses_what_is_wrong(prod: Environment, october: Period, wrong: Any, problem: str | None) -> None:
    reader = AllocationReader("opencost", prod, october)
    if problem is None:
        assert reader.add(wrong, origin="answer 0") == 1
        return
    with pytest.raises(InputError) as caught:
        reader.add(wrong, origin="answer 0")
    assert problem in str(caught.value)


def test_refuses_windows_that_overlap(prod: Environment, october: Period) -> None:
    day = answer(allocation("a", "2026-10-01", cpuCost=1))
    with pytest.raises(InputError, match="answer 1: the same charge is there twice for the same hours: c a"):
        take(prod, october, day, day)


def test_two_clusters_are_no_overlap(prod: Environment, october: Period) -> None:
    other = allocation("a", "2026-10-01", cpuCost=2, properties={"cluster": "d"})
    data = take(prod, october, answer(allocation("a", "2026-10-01", cpuCost=1)), answer(other))
    assert [charge.usd for charge in data.charges] == [Decimal(3)]


def test_files(prod: Environment, october: Period, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(answer(allocation("a", "2026-10-01", cpuCost=0.1))))
    data = read_allocation_files([path], prod, october)
    assert [(charge.span.first, charge.usd) for charge in data.charges] == [(date(2026, 10, 1), Decimal("0.1"))]
    path.write_text(path.read_text()[:-5])
    with pytest.raises(InputError, match=r"a.json: is no JSON"):
        read_allocation_files([path], prod, october)
    with pytest.raises(InputError, match="there is no such file"):
        read_allocation_files([tmp_path / "none.json"], prod, october)

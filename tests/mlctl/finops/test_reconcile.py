"""Several sources of the same money: each dollar once, the difference shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mlctl.errors import InputError
from mlctl.finops.analysis.reconcile import reconcile
from mlctl.finops.charge import Charge, Kind, Role, SourceData, Span, Subject
from mlctl.finops.period import Period

OCTOBER = Period(date(2026, 10, 1))
TODAY = date(2026, 10, 4)
NODES, CLOUD = Subject(Kind.NODES, "EC2", "lending"), Subject(Kind.CLOUD, "S3")
WORK, IDLE = Subject(Kind.WORKLOAD, "w", "lending"), Subject(Kind.IDLE, "i")
SHARED = Subject(Kind.SHARED, "s")


def source(role: Role, *charges: tuple[Subject, int, int], name: str = "") -> SourceData:
    made = tuple(Charge(subject, Span(date(2026, 10, day), 1), Decimal(usd)) for subject, day, usd in charges)
    return SourceData(name=name or role.value, role=role, charges=made)


def total(charges: tuple[Charge, ...]) -> Decimal:
    return sum((charge.usd for charge in charges), Decimal(0))


def test_the_allocation_replaces_the_nodes_of_the_bill() -> None:
    bill = source(Role.BILL, (NODES, 1, 100), (CLOUD, 1, 7), (NODES, 2, 50), (CLOUD, 2, 7))
    spent = source(Role.ALLOCATION, (WORK, 1, 60), (IDLE, 1, 20), (SHARED, 1, 5), (WORK, 2, 55))
    found = reconcile([spent, bill], OCTOBER, today=TODAY)
    figures = found.reconciliation
    assert total(found.charges) == total(bill.charges) == figures.billed_usd
    assert (figures.nodes_usd, figures.allocated_usd, figures.idle_usd, figures.shared_usd) == (
        Decimal(150),
        Decimal(115),
        Decimal(20),
        Decimal(5),
    )
    assert figures.difference_usd == 150 - 115 - 20 - 5
    differences = {charge.span.first.day: charge.usd for charge in found.charges if charge.subject.kind is Kind.DIFFERENCE}
    assert differences == {1: 15, 2: -5}
    assert NODES not in {charge.subject for charge in found.charges}


def test_a_day_that_only_one_of_them_knows() -> None:
    bill = source(Role.BILL, (NODES, 1, 100), (NODES, 2, 50))
    spent = source(Role.ALLOCATION, (WORK, 1, 60), (WORK, 3, 70))
    found = reconcile([bill, spent], OCTOBER, today=TODAY)
    figures = found.reconciliation
    assert total(found.charges) == 150
    assert (figures.nodes_usd, figures.unsplit_usd, figures.allocated_usd, figures.difference_usd) == (
        Decimal(150),
        Decimal(50),
        Decimal(60),
        Decimal(40),
    )
    assert [gap.what for gap in found.gaps] == [
        "2026-10-02: not in the allocation: the nodes are not split up then",
        "2026-10-03: allocated, but the bill has no nodes then: left out",
    ]


def test_without_nodes_in_the_bill_nothing_is_added() -> None:
    found = reconcile([source(Role.BILL, (CLOUD, 1, 100)), source(Role.ALLOCATION, (WORK, 1, 60))], OCTOBER, today=TODAY)
    assert total(found.charges) == 100
    assert "no row of the bill carries the tag node-pool" in found.gaps[0].what
    assert found.reconciliation.difference_usd is None


def test_a_second_source_of_the_same_money_is_told_and_not_added() -> None:
    first, second = source(Role.BILL, (CLOUD, 1, 100)), source(Role.BILL, (CLOUD, 1, 98), name="cost-explorer")
    found = reconcile([first, second], OCTOBER, today=TODAY)
    assert total(found.charges) == 100
    assert found.reconciliation.others == (("cost-explorer", Decimal(98)),)


def test_the_allocation_alone() -> None:
    found = reconcile([source(Role.ALLOCATION, (WORK, 1, 60), (IDLE, 1, 5))], OCTOBER, today=TODAY)
    assert total(found.charges) == 65
    assert (found.reconciliation.billed_usd, found.reconciliation.difference_usd) == (None, None)


def test_what_is_not_over_does_not_count() -> None:
    found = reconcile([source(Role.BILL, (CLOUD, 3, 1), (CLOUD, 4, 10), (CLOUD, 5, 100))], OCTOBER, today=TODAY)
    assert total(found.charges) == 1


def test_no_source_is_an_error() -> None:
    with pytest.raises(InputError, match="no source is given"):
        reconcile([], OCTOBER, today=TODAY)

"""Schedules as people write them, and as EventBridge reads them."""

from __future__ import annotations

import pytest

from infra.serving.cron import aws_cron


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 2 * * *", "cron(0 2 * * ? *)"),
        ("0 2 * * 0", "cron(0 2 ? * SUN *)"),
        ("0 2 * * 7", "cron(0 2 ? * SUN *)"),
        ("30 6 * * 1-5", "cron(30 6 ? * MON-FRI *)"),
        ("0 0 1 * *", "cron(0 0 1 * ? *)"),
        ("*/15 * * * 1,3", "cron(*/15 * ? * MON,WED *)"),
        ("0 2 * * SAT", "cron(0 2 ? * SAT *)"),
    ],
)
def test_aws_cron(cron: str, expected: str) -> None:
    assert aws_cron(cron) == expected


def test_refuses_both_days() -> None:
    with pytest.raises(ValueError, match=r"'0 2 1 \* 1' gives a day of the month and a day of the week; EventBridge takes one of them"):
        aws_cron("0 2 1 * 1")

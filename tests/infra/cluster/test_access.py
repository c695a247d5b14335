"""One access entry per role, however many teams it serves."""

from __future__ import annotations

from infra.cluster.access import roles_of
from mlctl.config.team import Team


def team(name: str, *roles: str) -> Team:
    return Team(
        name=name,
        cost_centre="CC-1",
        email="a@b.example",
        monthly_budget_usd=1,  # type: ignore[arg-type]
        gpu_quota=0,
        cpu_quota=1,
        memory_quota_gib=1,
        access_roles=roles,
    )


def test_a_role_of_two_teams_is_listed_once_with_both() -> None:
    shared, own = "arn:aws:iam::111111111111:role/shared", "arn:aws:iam::111111111111:role/own"
    assert roles_of([team("lending", shared), team("retention", own, shared), team("nobody")]) == {
        shared: ["lending", "retention"],
        own: ["retention"],
    }

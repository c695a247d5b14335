"""Labels of Kubernetes objects: the recommended ones, and who owns and pays for the object."""

from __future__ import annotations

from mlctl.config.team import Team


def labels(name: str, team: Team, **further: str) -> dict[str, str]:
    """Labels of the object `name`: `app.kubernetes.io/*`, `team` and `cost-centre`, as cost allocation and admission read them."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "ml-platform",
        "app.kubernetes.io/managed-by": "pulumi",
        "team": team.name,
        "cost-centre": team.cost_centre,
        **further,
    }

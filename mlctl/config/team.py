"""A team: who owns models and pays for what runs."""

from __future__ import annotations

from pydantic import Field, field_validator

from mlctl.config.base import Email, Name, RoleArn, Section, Usd

PLATFORM_NAMESPACES = frozenset(
    {
        "argo",
        "cert-manager",
        "cost",
        "external-dns",
        "external-secrets",
        "knative-operator",
        "knative-serving",
        "kourier-system",
        "kserve",
        "kuberay",
        "kueue-system",
        "mlflow",
        "monitoring",
        "notebooks",
        "reloader",
    }
)
"""Namespaces that the platform makes for itself."""


class Team(Section):
    """One team. Its name becomes a namespace, a tag value and a budget."""

    name: Name
    """Short name, unique in the file; the value of the `team` tag. From your organisation chart."""
    cost_centre: str = Field(pattern=r"^[A-Za-z0-9-]{2,20}$")
    """Cost centre that is charged; the value of the `cost-centre` tag. Ask your finance department."""
    email: Email
    """Where budget and model alerts of this team go."""
    monthly_budget_usd: Usd
    """What this team may spend in this environment, USD per calendar month. Agreed with the FinOps owner."""
    gpu_quota: int = Field(ge=0)
    """GPUs the team may request at once in the cluster (ResourceQuota `requests.nvidia.com/gpu`)."""
    cpu_quota: int = Field(ge=1)
    """CPU cores the team's pods may request at once."""
    memory_quota_gib: int = Field(ge=1)
    """Memory the team's pods may request at once, GiB."""
    access_roles: tuple[RoleArn, ...] = ()
    """IAM roles whose holders get edit rights in the team's namespace: IAM console › Roles › ARN."""

    @field_validator("name")
    @classmethod
    def _namespace_is_free(cls, name: str) -> str:
        if name in PLATFORM_NAMESPACES or name == "default" or name.startswith("kube-"):
            raise ValueError(f"a team's namespace has its name, and {name} is one of the cluster's own; choose another name")
        return name

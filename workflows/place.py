"""Where a model's workflows run: everything they take from the environment file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlctl.config.cluster import NodePool
from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.config.team import Team

SERVICE_ACCOUNT = "workflow"
"""Made in every team's namespace by the platform stack, with the team's role in AWS."""

TRACKING_URI = "http://mlflow.mlflow.svc.cluster.local:80"
"""MLflow inside the cluster."""

IMAGE = "training"
"""The image of `registries.images` that holds `ml` and `workflows`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A model in an environment."""

    environment: Environment
    name: str
    """The model's name."""

    @property
    def model(self) -> Model:
        return self.environment.models[self.name]

    @property
    def team(self) -> Team:
        """The team whose namespace the pods run in, and that pays for them."""
        return self.environment.team(self.model.team)

    @property
    def image(self) -> str:
        """The training image in this environment's registry, whose tags never change."""
        environment = self.environment
        host = f"{environment.account}.dkr.ecr.{environment.region}.amazonaws.com"
        return environment.image(IMAGE).reference(f"{host}/{environment.organization}/{IMAGE}")

    @property
    def labels(self) -> dict[str, str]:
        """What admission asks of every pod in the namespace, and cost allocation reads."""
        return {
            "app.kubernetes.io/part-of": "ml-platform",
            "cost-centre": self.team.cost_centre,
            "environment": self.environment.name,
            "model": self.name,
            "team": self.team.name,
        }

    def object_labels(self, name: str) -> dict[str, str]:
        """What every object that the platform stack deploys carries: its pods' labels, its name and what manages it."""
        return {"app.kubernetes.io/managed-by": "pulumi", "app.kubernetes.io/name": name, **self.labels}

    @property
    def link(self) -> str:
        """Where a person looks at the team's workflows, and acts."""
        return f"https://argo.{self.environment.platform.ingress.domain}/workflows/{self.team.name}"

    def bucket(self, purpose: str) -> str:
        """Name of a bucket of this environment: `workflows` holds artefacts, `audit` evidence. Made by the stacks under the same name."""
        return f"{self.environment.prefix}-{purpose}-{self.environment.account}"

    def pool(self, kind: str) -> NodePool | None:
        """The pool for training and batch work: spot, except that a critical model takes on-demand where there is a choice."""
        wanted = "on-demand" if self.model.critical else "spot"
        pools = [pool for pool in self.environment.cluster.node_pools if pool.kind == kind and pool.purpose != "serving"]
        return min(pools, key=lambda pool: (pool.capacity != wanted, -pool.weight, pool.name), default=None)

    @property
    def gpu_pool(self) -> NodePool | None:
        """The pool for training on GPUs; None where there is none or the team may use no GPU."""
        return self.pool("gpu") if self.team.gpu_quota else None


def places(environment: Environment) -> Iterator[Place]:
    """Every model of an environment, in the order of the file."""
    return (Place(environment=environment, name=name) for name in environment.models)

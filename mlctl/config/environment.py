"""One environment: everything that differs between dev, staging and prod."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from mlctl.config.base import Name, Section
from mlctl.config.cluster import Cluster
from mlctl.config.gates import Policy, Promotion
from mlctl.config.model import FrontDoor, Model
from mlctl.config.network import Network
from mlctl.config.platform import Image, Platform, Registries
from mlctl.config.security import Security
from mlctl.config.spend import Budgets, Owners, Schedules
from mlctl.config.team import Team
from mlctl.config.usage import Usage


class Environment(Section):
    """The whole of environments/<name>.yaml."""

    name: Name
    """The environment's name, equal to the file's name and to the Pulumi stack's."""
    tier: Literal["development", "staging", "production"]
    """How careful rules are: multi-zone, deletion protection and evidence are demanded of production."""
    organization: Name
    """Short name of your company; prefix of everything that must be unique in the world."""
    account: str = Field(pattern=r"^\d{12}$")
    """AWS account number, 12 digits in quotes: `aws sts get-caller-identity`."""
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    """AWS region, for example eu-west-1."""
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    """GitHub `owner/name` of this repository; only it may assume the deploy role."""
    owners: Owners
    """Who is told about what."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Further tags on every resource, besides environment, team, cost-centre, service and managed-by."""
    teams: tuple[Team, ...] = Field(min_length=1)
    """Everybody who owns a model or pays for something. The first one owns what is shared."""
    network: Network
    """Addresses: VPC, zones, subnets, NAT."""
    security: Security = Security()
    """Account-wide guards."""
    cluster: Cluster
    """The EKS cluster and its node pools."""
    platform: Platform
    """What runs on the cluster besides models."""
    registries: Registries
    """Images, data and model registries."""
    front_door: FrontDoor = FrontDoor()
    """How applications reach the models."""
    models: dict[Name, Model] = Field(default_factory=dict)
    """What serves here. The key is the name of a file ml/models/<name>.yaml."""
    budgets: Budgets
    """Limits of the whole environment."""
    schedules: Schedules = Schedules()
    """When things run and when they do not."""
    policy: Policy = Policy()
    """How strict the rules are here."""
    promotion: Promotion = Promotion()
    """What a model version must show before it is pinned here."""
    usage: Usage = Usage()
    """What pricing assumes."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for key, names in (
            ("teams", [team.name for team in self.teams]),
            ("cluster.node_pools", [pool.name for pool in self.cluster.node_pools]),
            ("registries.images", [image.name for image in self.registries.images]),
        ):
            for name, count in Counter(names).items():
                if count > 1:
                    raise ValueError(f"{key} has {count} entries named {name}; rename one")
        return self

    @model_validator(mode="after")
    def _teams_exist(self) -> Self:
        teams = [team.name for team in self.teams]
        owners = [
            *((f"cluster.node_pools.{pool.name}", pool.team) for pool in self.cluster.node_pools),
            *((f"registries.images.{image.name}", image.team) for image in self.registries.images),
            *((f"models.{name}", model.team) for name, model in self.models.items()),
        ]
        for key, team in owners:
            if team not in teams:
                raise ValueError(f"{key}.team is {team}, which is no team here; allowed: {', '.join(teams)}")
        return self

    @model_validator(mode="after")
    def _usage_exists(self) -> Self:
        pools = [pool.name for pool in self.cluster.node_pools]
        for key, given, known in (
            ("usage.node_pools", self.usage.node_pools, pools),
            ("usage.models", self.usage.models, list(self.models)),
        ):
            for name in given:
                if name not in known:
                    raise ValueError(f"{key}.{name} names nothing in this file; allowed: {', '.join(known) or 'none'}")
        return self

    @model_validator(mode="after")
    def _images_exist(self) -> Self:
        images = [image.name for image in self.registries.images]
        for name, model in self.models.items():
            if model.image not in images:
                raise ValueError(f"models.{name}.image is {model.image}, which is no image here; allowed: {', '.join(images)}")
        return self

    @model_validator(mode="after")
    def _zones_exist(self) -> Self:
        for zone in self.network.zones:
            if not zone.startswith(self.region):
                raise ValueError(f"network.zones holds {zone}, which is not in region {self.region}")
        for pool in self.cluster.node_pools:
            for zone in pool.zones:
                if zone not in self.network.zones:
                    raise ValueError(f"cluster.node_pools.{pool.name}.zones holds {zone}, which is not in network.zones")
        return self

    @model_validator(mode="after")
    def _platform_carries_models(self) -> Self:
        for name, model in self.models.items():
            if model.mode == "kserve" and not self.platform.kserve:
                raise ValueError(f"models.{name}.mode is kserve but platform.kserve is false")
            gpu_pools = [pool for pool in self.cluster.node_pools if pool.kind == "gpu" and pool.purpose == "serving"]
            if model.mode == "kserve" and model.accelerator == "gpu" and not gpu_pools:
                raise ValueError(f"models.{name} serves on GPUs of the cluster, which has no GPU pool with purpose serving")
        return self

    @property
    def production(self) -> bool:
        return self.tier == "production"

    @property
    def prefix(self) -> str:
        """`acme-prod`: how names begin that must be unique."""
        return f"{self.organization}-{self.name}"

    @property
    def shared_team(self) -> Team:
        """The team that owns what is shared."""
        return self.teams[0]

    def team(self, name: str) -> Team:
        """The team of that name; KeyError where there is none."""
        for team in self.teams:
            if team.name == name:
                return team
        raise KeyError(name)

    def image(self, name: str) -> Image:
        """The image of that name; KeyError where there is none."""
        for image in self.registries.images:
            if image.name == name:
                return image
        raise KeyError(name)

    def default_tags(self, service: str) -> dict[str, str]:
        """Tags of everything in a stack: the provider sets them, a resource of one team overrides `team` and `cost-centre`."""
        owner = self.shared_team
        return {
            "environment": self.name,
            "team": owner.name,
            "cost-centre": owner.cost_centre,
            "service": service,
            "managed-by": "pulumi",
            "repository": self.repository,
            **self.tags,
        }

"""What runs on the cluster besides models: Argo, MLflow, KServe, monitoring, notebooks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from mlctl.config.base import Minutes, Name, Section


class Database(Section):
    """RDS Postgres behind MLflow and the workflow archive."""

    instance_class: str = "db.t4g.medium"
    """RDS instance class: RDS console › Create database › Instance configuration."""
    storage_gib: int = Field(default=50, ge=20)
    """gp3 storage, GiB."""
    maximum_storage_gib: int = Field(default=200, ge=20)
    """Storage grows by itself up to this, GiB."""
    multi_zone: bool = False
    """A standby in a second zone."""
    backup_days: int = Field(default=7, ge=1, le=35)
    """Days of point-in-time recovery."""
    deletion_protection: bool = True
    """Refuse deletion until this is turned off first."""


class Ingress(Section):
    """The way in for people: Argo, MLflow, Grafana and notebooks, behind single sign-on."""

    domain: str = Field(pattern=r"^[a-z0-9.-]+\.[a-z]{2,}$")
    """DNS zone of this environment; `argo.<domain>`, `mlflow.<domain>` … are made in it. Route 53 console › Hosted zones."""
    hosted_zone_id: str = Field(pattern=r"^Z[A-Z0-9]+$")
    """Route 53 console › Hosted zones › Hosted zone ID."""
    oidc_issuer: str = Field(pattern=r"^https://")
    """Issuer of your identity provider: its `.well-known/openid-configuration`."""
    oidc_authorization_endpoint: str = Field(pattern=r"^https://")
    """`authorization_endpoint` in the same document."""
    oidc_token_endpoint: str = Field(pattern=r"^https://")
    """`token_endpoint` in the same document."""
    oidc_user_info_endpoint: str = Field(pattern=r"^https://")
    """`userinfo_endpoint` in the same document."""
    oidc_client_id: str
    """Client registered for this platform at the identity provider. The client secret is read from Secrets Manager."""
    public: bool = False
    """Internet-facing load balancer; otherwise reachable from the VPC and VPN only."""


class Notebooks(Section):
    """Where people explore."""

    mode: Literal["sagemaker", "jupyterhub", "none"] = "jupyterhub"
    """A SageMaker domain, JupyterHub on the cluster, or none."""
    instance_type: str = "ml.t3.medium"
    """SageMaker mode: default instance of an app."""
    idle_minutes: Minutes = 60
    """An idle notebook is shut down after this long."""
    storage_gib: int = Field(default=20, ge=5)
    """Home volume per user, GiB."""

    @model_validator(mode="after")
    def _idle(self) -> Self:
        if self.mode == "sagemaker" and self.idle_minutes < 60:
            raise ValueError(f"idle_minutes is {self.idle_minutes}; SageMaker allows 60 at the least")
        return self


class Monitoring(Section):
    """Prometheus, Grafana and the cost exporter."""

    retention_days: int = Field(default=15, ge=1)
    """How long metrics are kept, days."""
    storage_gib: int = Field(default=50, ge=10)
    """Volume of Prometheus, GiB."""
    cost_exporter: Literal["opencost", "kubecost"] = "opencost"
    """Which allocation API the FinOps report reads."""


class Platform(Section):
    """The platform stack."""

    database: Database = Database()
    """MLflow's and the workflow archive's database."""
    ingress: Ingress
    """How people get in."""
    notebooks: Notebooks = Notebooks()
    """Where people explore."""
    monitoring: Monitoring = Monitoring()
    """Metrics and cost."""
    kserve: bool = True
    """Install KServe. Needed by models with mode kserve."""
    kuberay: bool = True
    """Install the KubeRay operator. Needed by distributed training."""
    kueue: bool = True
    """Install Kueue: teams share GPUs fairly, within their quotas."""
    workflow_retention_days: int = Field(default=30, ge=1)
    """How long finished workflows are kept in the archive, days."""


class Image(Section):
    """A container image of our own: one ECR repository."""

    name: Name
    """Repository name below the organisation's prefix."""
    team: Name
    """The team that builds it. One of `teams`."""
    keep: int = Field(default=30, ge=1)
    """How many images are kept."""
    build: str = Field(default="1.0.0", pattern=r"^(sha256:[0-9a-f]{64}|[\w][\w.-]{0,127})$")
    """The build in use: its digest (`sha256:…`), or its tag, which the repository never lets change. ECR console › Images."""

    def reference(self, repository_url: str) -> str:
        """What to pull: `<url>@sha256:…` or `<url>:<tag>`."""
        return f"{repository_url}{'@' if self.build.startswith('sha256:') else ':'}{self.build}"


class BucketLifecycle(Section):
    """When objects move to cheaper classes."""

    infrequent_after_days: int = Field(default=30, ge=30)
    """Days until S3 Standard-IA (AWS allows 30 at the least)."""
    archive_after_days: int = Field(default=120, ge=31)
    """Days until S3 Glacier Instant Retrieval."""
    noncurrent_days: int = Field(default=90, ge=1)
    """Days an overwritten or deleted version is kept."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.archive_after_days <= self.infrequent_after_days:
            raise ValueError("archive_after_days must be above infrequent_after_days")
        return self


class Registries(Section):
    """Images, data and model registries."""

    images: tuple[Image, ...] = Field(min_length=1)
    """Own images."""
    pull_through: tuple[Literal["public.ecr.aws", "registry.k8s.io", "quay.io"], ...] = (
        "public.ecr.aws",
        "registry.k8s.io",
        "quay.io",
    )
    """Public registries mirrored through ECR, so that a rate limit elsewhere stops nothing."""
    lifecycle: BucketLifecycle = BucketLifecycle()
    """Of the data buckets."""
    feature_store: bool = True
    """Create SageMaker feature groups from the feature definitions."""

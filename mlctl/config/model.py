"""A model: which version serves in this environment, and how.

Which combinations AWS rejects is in https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html (Feature exclusions).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mlctl.config.base import Cron, Name, Percent, Section

Mode = Literal["serverless", "realtime", "asynchronous", "batch", "kserve"]


class Rollout(Section):
    """How a real-time endpoint moves to a new version; CloudWatch alarms roll it back."""

    strategy: Literal["canary", "linear", "all_at_once"] = "canary"
    """Traffic shift of SageMaker's blue/green deployment."""
    step_percent: int = Field(default=10, ge=1, le=50)
    """Share that moves first (canary) or at each step (linear), percent of capacity. AWS allows up to 50."""
    bake_minutes: int = Field(default=10, ge=0, le=60)
    """Minutes watched after each step."""


class Challenger(Section):
    """A second version that gets a share of the traffic (A/B), or a copy of it (shadow)."""

    version: int = Field(ge=1)
    """Registry version of the challenger."""
    weight_percent: Percent = 10
    """Share of requests; of copied requests where `shadow`."""
    shadow: bool = False
    """Answers are recorded and never returned. Real-time only."""


class Serverless(Section):
    """SageMaker serverless inference."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    """Memory, MB. AWS allows steps of 1024 up to 6144."""
    max_concurrency: int = Field(default=10, ge=1, le=200)
    """Most requests at once."""
    provisioned_concurrency: int = Field(default=0, ge=0, le=200)
    """Instances kept warm; billed while they wait."""

    @model_validator(mode="after")
    def _provisioned(self) -> Self:
        if self.provisioned_concurrency > self.max_concurrency:
            raise ValueError("provisioned_concurrency is above max_concurrency; AWS rejects that")
        return self


class Instances(Section):
    """SageMaker endpoint on instances: real-time, asynchronous or batch transform."""

    instance_type: str = Field(default="ml.m5.large", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    """SageMaker instance type, with `ml.`: https://aws.amazon.com/sagemaker/pricing/."""
    minimum: int = Field(default=1, ge=0)
    """Fewest instances. Zero only where mode is asynchronous."""
    maximum: int = Field(default=4, ge=1)
    """Most instances."""
    target_invocations: int = Field(default=200, ge=1)
    """Invocations per instance and minute that autoscaling aims at (asynchronous: backlog per instance)."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class KServe(Section):
    """A KServe InferenceService on the cluster."""

    deployment_mode: Literal["Knative", "Standard"] = "Knative"
    """`Standard` (raw deployment) ignores canary weights: kserve/kserve#5335."""
    cpu: str = "1"
    """CPU request and limit of a replica."""
    memory: str = "2Gi"
    """Memory request and limit of a replica."""
    minimum: int = Field(default=1, ge=0)
    """Fewest replicas; zero scales to none (Knative only)."""
    maximum: int = Field(default=4, ge=1)
    """Most replicas."""

    @model_validator(mode="after")
    def _scale_to_zero(self) -> Self:
        if self.minimum == 0 and self.deployment_mode == "Standard":
            raise ValueError("minimum 0 needs deployment_mode: Knative")
        return self


class ServingAlarms(Section):
    """When people are woken, and when a rollout is undone."""

    error_percent: float = Field(default=1.0, gt=0, le=100)
    """Share of 5xx answers over five minutes."""
    p99_ms: int = Field(default=500, ge=1)
    """99th percentile of model latency, milliseconds."""
    no_traffic_minutes: Annotated[int, Field(ge=1, le=1440)] | None = 60
    """Alarm after this long without one request; null where silence is normal."""


class Model(Section):
    """How one model serves in this environment. Its training is defined in ml/models/<name>.yaml."""

    team: Name
    """Owner. One of `teams`."""
    mode: Mode
    """serverless: spiky, CPU. realtime: steady or GPU. asynchronous: large or slow. batch: no endpoint. kserve: on the cluster."""
    version: int | None = Field(default=None, ge=1)
    """Registry version that serves. Empty: no endpoint is made. Changed by `mlctl model promote` and `rollback`."""
    previous_version: int | None = Field(default=None, ge=1)
    """The last good version: where `mlctl model rollback` goes. Kept by promote."""
    image: Name = "serving"
    """The image that serves it: a name in `registries.images`."""
    accelerator: Literal["cpu", "gpu"] = "cpu"
    """Where requests run."""
    critical: bool = False
    """Alarms page at night and budgets never stop it."""
    challenger: Challenger | None = None
    """A second version under trial."""
    serverless: Serverless | None = None
    """Only where mode is serverless."""
    instances: Instances | None = None
    """Only where mode is realtime, asynchronous or batch."""
    kserve: KServe | None = None
    """Only where mode is kserve."""
    rollout: Rollout = Rollout()
    """How a new version takes over."""
    alarms: ServingAlarms = ServingAlarms()
    """Limits that alarm."""
    data_capture_percent: Percent = 100
    """Share of requests kept for drift and audit: by SageMaker (realtime), by the router (serverless), by a function that is told of each
    answer (asynchronous), by KServe (all or none). What goes in and out of batch models lies in the data bucket anyway."""
    network_isolation: bool = True
    """The container cannot reach any network. AWS has no such switch for serverless: set it to false there."""
    vpc: bool = True
    """The container runs in the private subnets. AWS has no such switch for serverless: set it to false there."""
    batch_schedule: Cron | None = None
    """When batch scoring runs. Only where mode is batch."""

    @model_validator(mode="after")
    def _mode_settings(self) -> Self:
        wanted = {
            "serverless": "serverless",
            "realtime": "instances",
            "asynchronous": "instances",
            "batch": "instances",
            "kserve": "kserve",
        }
        for key in ("serverless", "instances", "kserve"):
            given = getattr(self, key) is not None
            if given and key != wanted[self.mode]:
                raise ValueError(f"{key} is set but mode is {self.mode}; remove {key} or change mode")
            if not given and key == wanted[self.mode]:
                raise ValueError(f"mode is {self.mode} but {key} is missing; add a {key} section")
        if (self.mode == "batch") != (self.batch_schedule is not None):
            raise ValueError("batch_schedule belongs to mode batch and to no other; set both or neither")
        return self

    @model_validator(mode="after")
    def _aws_accepts(self) -> Self:
        """SageMaker's own exclusions, refused when the file is read instead of half-way through a deployment."""
        if self.mode == "serverless":
            refused = {
                "accelerator: gpu": self.accelerator == "gpu",
                "network_isolation: true": self.network_isolation,
                "vpc: true": self.vpc,
                "challenger.shadow: true": self.challenger is not None and self.challenger.shadow,
            }
            for setting, present in refused.items():
                if present:
                    raise ValueError(f"AWS has no {setting} on a serverless endpoint; change it or use mode: realtime")
        if self.challenger and self.challenger.shadow and self.mode != "realtime":
            raise ValueError(f"AWS runs shadow variants on real-time endpoints only, and mode is {self.mode}")
        if self.challenger and self.mode in ("asynchronous", "batch"):
            raise ValueError(f"a challenger needs live traffic to split, and mode is {self.mode}; remove challenger")
        if self.instances and self.mode == "realtime" and self.instances.minimum == 0:
            raise ValueError("instances.minimum 0: a real-time endpoint does not scale to zero; use mode: asynchronous or serverless")
        return self

    @model_validator(mode="after")
    def _capture_fits(self) -> Self:
        if self.mode == "kserve" and self.data_capture_percent not in (0, 100):
            raise ValueError("KServe records all requests or none; set data_capture_percent to 100 or 0")
        return self

    @model_validator(mode="after")
    def _accelerator_fits(self) -> Self:
        if self.instances:
            gpu_instance = self.instances.instance_type.removeprefix("ml.").startswith(("g", "p"))
            if gpu_instance != (self.accelerator == "gpu"):
                family = "a GPU" if gpu_instance else "no GPU"
                raise ValueError(f"accelerator is {self.accelerator} but {self.instances.instance_type} has {family}; change one of them")
        return self

    @model_validator(mode="after")
    def _challenger_fits(self) -> Self:
        if self.challenger and self.version is None:
            raise ValueError("challenger is set but version is not; a challenger needs a champion")
        if self.challenger and self.kserve and self.kserve.deployment_mode == "Standard":
            raise ValueError(
                "challenger needs kserve.deployment_mode: Knative; KServe ignores canary weights otherwise (kserve/kserve#5335)"
            )
        if self.challenger and self.challenger.version == self.version:
            raise ValueError(f"challenger.version {self.challenger.version} is the version that serves already")
        return self


class FrontDoor(Section):
    """The authenticated way in for applications that call models."""

    auth: Literal["iam", "jwt"] = "iam"
    """IAM signatures, or tokens of your identity provider."""
    jwt_issuer: str | None = Field(default=None, pattern=r"^https://")
    """Issuer of the tokens; with auth jwt: the provider's `.well-known/openid-configuration`."""
    jwt_audience: tuple[str, ...] = ()
    """Audiences accepted; with auth jwt."""
    rate_per_second: int = Field(default=100, ge=1)
    """Steady requests a second before callers get 429."""
    burst: int = Field(default=200, ge=1)
    """Requests that may come at once."""

    @model_validator(mode="after")
    def _jwt(self) -> Self:
        if self.auth == "jwt" and not (self.jwt_issuer and self.jwt_audience):
            raise ValueError("auth: jwt needs jwt_issuer and jwt_audience")
        return self

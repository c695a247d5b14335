"""One model with a pinned version, and where in this environment it serves: what every mode needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from mlctl.config.model import Model
from mlctl.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all models of the environment share."""

    prefix: str
    account: str
    region: str
    log_retention_days: int
    key_deletion_days: int
    models_bucket: pulumi.Input[str]
    models_bucket_arn: pulumi.Input[str]
    models_key_arn: pulumi.Input[str]
    data_bucket: pulumi.Input[str]
    """What asynchronous and batch inference read and write."""
    data_bucket_arn: pulumi.Input[str]
    capture_bucket: pulumi.Input[str]
    """Receives captured requests, where the teams' workflows read them; not the locked audit bucket, since a request may hold personal data
    that must be deleted on demand."""
    data_key_arn: pulumi.Input[str]
    alerts_key_arn: pulumi.Input[str]
    platform_topic_arn: pulumi.Input[str]
    """Also told of alarms of critical models."""
    repository_arns: Mapping[str, str]
    """Image name → ARN of its repository."""
    image_references: Mapping[str, pulumi.Input[str]]
    """Image name → what to pull."""
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: pulumi.Input[Sequence[str]]
    s3_prefix_list_id: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedModel:
    """A model that serves."""

    name: str
    version: int
    model: Model
    tags: Mapping[str, str]
    """Of the team that owns it."""
    topic_arn: pulumi.Input[str]
    """The team's: told when an alarm of it goes off."""
    here: Surroundings

    @property
    def alarm_topics(self) -> list[pulumi.Input[str]]:
        """Whom its alarms tell."""
        return [self.topic_arn, self.here.platform_topic_arn] if self.model.critical else [self.topic_arn]

    @property
    def endpoint_name(self) -> str:
        """`acme-dev-churn`.

        Raises
        ------
        InputError
            Longer than SageMaker allows.
        """
        name = f"{self.here.prefix}-{self.name}"
        if len(name) > 52:  # 63, less `-challenger`
            raise InputError(
                f"the endpoint name {name} has {len(name)} characters and there is room for 52",
                key=f"models.{self.name}",
                remedy="shorten the model's name or organization",
            )
        return name

    @property
    def image(self) -> pulumi.Input[str]:
        return self.here.image_references[self.model.image]

    def artefact(self, version: int) -> pulumi.Output[str]:
        """Where the registered version lies: `s3://<models bucket>/<model>/<version>/model.tar.gz`."""
        return pulumi.Output.concat("s3://", self.here.models_bucket, f"/{self.name}/{version}/model.tar.gz")

    @property
    def capture_prefix(self) -> str:
        """Folder of its captured requests, below the prefix of its team: what its monitoring workflow reads as decisions."""
        return f"{self.model.team}/monitoring/{self.name}/decisions"

    @property
    def capture(self) -> pulumi.Output[str]:
        """The same as a location: `s3://<bucket>/<team>/monitoring/<model>/decisions`."""
        return pulumi.Output.concat("s3://", self.here.capture_bucket, "/", self.capture_prefix)

    @property
    def capture_arn(self) -> pulumi.Output[str]:
        """Everything in that folder."""
        return pulumi.Output.concat("arn:aws:s3:::", self.here.capture_bucket, "/", self.capture_prefix, "/*")

    @property
    def log_group(self) -> str:
        """Log group of its pods on the cluster: `/acme-dev/models/churn`. The log collector sends them there by their label `model`."""
        return f"/{self.here.prefix}/models/{self.name}"

    def data(self, purpose: str) -> pulumi.Output[str]:
        """Its folder in the data bucket: `s3://<bucket>/<purpose>/<model>`."""
        return pulumi.Output.concat("s3://", self.here.data_bucket, f"/{purpose}/{self.name}")

    def data_arn(self, purpose: str) -> pulumi.Output[str]:
        """Everything in that folder."""
        return pulumi.Output.concat(self.here.data_bucket_arn, f"/{purpose}/{self.name}/*")

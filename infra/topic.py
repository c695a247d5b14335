"""An encrypted SNS topic that people receive by e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow, deny, policy_document

EVENTS = "events.amazonaws.com"
"""EventBridge as a service principal."""

TEAM_TOPIC = "alerts-"
"""Begins the name of each team's topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicArgs:
    """Who publishes and who reads."""

    display_name: str
    key_arn: pulumi.Input[str]
    """Customer-managed key; it must let the publishing services use it."""
    account: str
    publishers: Sequence[str]
    """Service principals that may publish for this account."""
    emails: Sequence[str] = ()
    """Each confirms its subscription once, by the link that AWS sends."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Topic(pulumi.ComponentResource):
    """Creates the topic, a policy that lets the publishers of this account publish over TLS, and a subscription per address."""

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:messaging:Topic", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, display_name=args.display_name, kms_master_key_id=args.key_arn, tags=dict(args.tags), opts=child)
        publish = [_publish(topic.arn, service, args.account) for service in args.publishers]
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        tls = deny("DenyPlainHttp", actions=("sns:Publish",), resources=topic.arn, principal="*", condition=plain)
        policy = aws.sns.TopicPolicy(name, arn=topic.arn, policy=policy_document(*publish, tls), opts=child)
        for number, email in enumerate(args.emails, 1):
            aws.sns.TopicSubscription(f"{name}-{number}", topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.arn = topic.arn
        self.policy = policy
        self.register_outputs({"arn": self.arn})


def _publish(arn: pulumi.Input[str], service: str, account: str) -> Statement:
    """EventBridge is documented to publish without a source account; every other service names it."""
    mine = None if service == EVENTS else {"StringEquals": {"aws:SourceAccount": account}}
    sid = f"Publish{service.split('.', 1)[0].capitalize()}"
    return allow(sid, actions=("sns:Publish",), resources=arn, principal={"Service": service}, condition=mine)

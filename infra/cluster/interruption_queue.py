"""How Karpenter learns that AWS is about to take a node away."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow, deny, policy_document

RULES = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "health": ("aws.health", "AWS Health Event"),
    "capacity-reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionQueueArgs:
    """Its name and account."""

    queue_name: str
    account: str
    region: str


class InterruptionQueue(pulumi.ComponentResource):
    """Creates an encrypted queue that keeps a message five minutes; its policy (EventBridge rules of this account may send, over
    TLS only); and a rule with target for spot interruption, rebalance advice, state change, health events and the end of a reservation.
    """

    def __init__(self, name: str, args: InterruptionQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:InterruptionQueue", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # SQS's own encryption: EventBridge cannot use the AWS-managed KMS key, and the messages hold instance numbers only.
        queue = aws.sqs.Queue(name, name=args.queue_name, message_retention_seconds=300, sqs_managed_sse_enabled=True, opts=child)
        policy = aws.sqs.QueuePolicy(name, queue_url=queue.id, policy=_queue_policy(args), opts=child)
        after_policy = pulumi.ResourceOptions(parent=self, depends_on=[policy])
        for short, (source, detail) in RULES.items():
            pattern = pulumi.Output.json_dumps({"source": [source], "detail-type": [detail]})
            rule = aws.cloudwatch.EventRule(f"{name}-{short}", event_pattern=pattern, description=f"To Karpenter: {detail}", opts=child)
            aws.cloudwatch.EventTarget(f"{name}-{short}", rule=rule.name, arn=queue.arn, opts=after_policy)
        self.arn = queue.arn
        self.queue_name = queue.name
        self.register_outputs({"arn": self.arn, "queue_name": self.queue_name})


def _queue_policy(args: InterruptionQueueArgs) -> pulumi.Output[str]:
    arn = f"arn:aws:sqs:{args.region}:{args.account}:{args.queue_name}"
    rules = {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{args.region}:{args.account}:rule/*"}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return policy_document(
        allow(
            "SendFromEventBridge",
            actions=("sqs:SendMessage",),
            resources=arn,
            principal={"Service": "events.amazonaws.com"},
            condition=rules,
        ),
        deny("DenyPlainHttp", actions=("sqs:*",), resources=arn, principal="*", condition=plain),
    )

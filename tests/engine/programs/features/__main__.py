"""Uses what the SDK has to offer once each: what is left out here is not known to be planned as it is registered."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
base = pulumi.StackReference(f"organization/base/{pulumi.get_stack()}")


def tag_everything(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != "aws:sqs/queue:Queue":
        return None
    return pulumi.ResourceTransformResult(props={**args.props, "tags": {"from": "the stack"}}, opts=args.opts)


def longer(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformResult(props={**args.props, "delaySeconds": 30}, opts=opts)


pulumi.runtime.register_resource_transform(tag_everything)


class Inner(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Inner", name, {"given": 1}, opts)
        self.bucket = aws.s3.Bucket(f"{name}-bucket", tags={"a.b": "dot", "c": "plain"}, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"name": self.bucket.bucket})


class Outer(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Outer", name, None, opts)
        self.inner = Inner(f"{name}-inner", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


provider = aws.Provider("west", region="us-west-2", default_tags={"tags": {"owner": "west"}})
outer = Outer("outer", opts=pulumi.ResourceOptions(providers=[provider], protect=True))
topic = aws.sns.Topic("topic", name=pulumi.Output.concat("topic-", outer.inner.bucket.bucket, "-", str(config.require_int("size"))))
queue = aws.sqs.Queue(
    "queue",
    visibility_timeout_seconds=45,
    kms_master_key_id=base.require_output("key_arn"),
    opts=pulumi.ResourceOptions(
        transforms=[longer],
        depends_on=[outer],
        aliases=["urn:pulumi:dev::old::aws:sqs/queue:Queue::queue", pulumi.Alias(name="former"), pulumi.Alias(parent=outer)],
        ignore_changes=["tags", "delaySeconds"],
        delete_before_replace=True,
        retain_on_delete=True,
    ),
)
parameter = aws.ssm.Parameter("parameter", type="SecureString", value=base.get_output("password"))
mixed = aws.ssm.Parameter("mixed", type="String", value=pulumi.Output.all(topic.arn, pulumi.Output.secret("s")).apply(lambda both: both[0]))
function = aws.lambda_.Function(
    "function",
    role="arn:aws:iam::111111111111:role/r",
    runtime="python3.12",
    handler="index.handler",
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): ..."), "all": pulumi.FileArchive(".")}),
    memory_size=base.require_output("nested").apply(lambda nested: nested["count"] * 128),
)
existing = aws.s3.Bucket.get("existing", "logs-of-old")
identity = aws.get_caller_identity()
aws.s3.BucketPolicy(
    "policy",
    bucket=existing.bucket,
    policy=aws.iam.get_policy_document_output(
        statements=[
            {
                "actions": ["s3:GetObject"],
                "resources": [existing.arn],
                "principals": [{"type": "AWS", "identifiers": [identity.account_id]}],
            }
        ]
    ).json,
)
cluster = kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("{}"))
namespace = kubernetes.core.v1.Namespace("apps", opts=pulumi.ResourceOptions(provider=cluster))
kubernetes.core.v1.ConfigMap(
    "settings",
    metadata={"namespace": namespace.metadata["name"], "labels": {"app.kubernetes.io/name": "x"}},
    data={"queue": queue.url, "size": "3"},
    opts=pulumi.ResourceOptions(provider=cluster, deleted_with=namespace),
)
kubernetes.apiextensions.CustomResource(
    "pool",
    api_version="karpenter.sh/v1",
    kind="NodePool",
    metadata={"name": "pool"},
    spec={"weight": 10, "template": {"spec": {"taints": None}}},
    opts=pulumi.ResourceOptions(provider=cluster, parent=outer),
)
pulumi.export("queue", queue.url)
pulumi.export("secret", parameter.value)
pulumi.export("bucket", existing)
pulumi.export("delay", queue.delay_seconds)

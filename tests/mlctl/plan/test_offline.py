"""The planner on small programs that each show one thing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mlctl.plan.answers import Answers
from mlctl.plan.model import SECRET, UNKNOWN
from mlctl.plan.offline import _received
from tests.mlctl.plan.conftest import PlanProgram, by_name, plan_all


def test_inputs_are_as_the_engine_gets_them(plan: PlanProgram) -> None:
    bucket = by_name(plan("aws.s3.Bucket('b', force_destroy=True, tags={'a.b': 'c'})"))["b"]
    assert bucket.urn == "urn:pulumi:dev::app::aws:s3/bucket:Bucket::b"
    assert bucket.inputs == {"forceDestroy": True, "tags": {"a.b": "c"}}
    assert (bucket.file, bucket.line) == ("app/__main__.py", 3)
    assert (bucket.custom, bucket.protect, bucket.computed) == (True, False, frozenset())


def test_whole_numbers_are_integers(plan: PlanProgram) -> None:
    key = by_name(plan("aws.kms.Key('k', deletion_window_in_days=7)"))["k"]
    assert key.inputs["deletionWindowInDays"] == 7
    assert isinstance(key.inputs["deletionWindowInDays"], int)


def test_parent_and_urn_of_children(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        class Box(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("my:index:Box", name, None, opts)
                self.inner = aws.s3.Bucket(f"{name}-inner", opts=pulumi.ResourceOptions(parent=self))
                self.register_outputs({"arn": self.inner.arn})
        outer = Box("outer")
        Box("nested", pulumi.ResourceOptions(parent=outer))
        """)
    )
    stack = "urn:pulumi:dev::app::pulumi:pulumi:Stack::app-dev"
    assert resources["outer"].parent == stack
    assert resources["outer"].outputs_registered
    assert not resources["outer"].custom
    assert resources["outer-inner"].urn == "urn:pulumi:dev::app::my:index:Box$aws:s3/bucket:Bucket::outer-inner"
    assert resources["nested"].parent == resources["outer"].urn
    assert resources["nested-inner"].urn == "urn:pulumi:dev::app::my:index:Box$my:index:Box$aws:s3/bucket:Bucket::nested-inner"


def test_dependencies_by_value_and_by_option(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        key = aws.kms.Key("key")
        topic = aws.sns.Topic("topic", kms_master_key_id=key.id, opts=pulumi.ResourceOptions(depends_on=[aws.s3.Bucket("first")]))
        """)
    )
    key, first, topic = resources["key"], resources["first"], resources["topic"]
    assert set(topic.dependencies) == {key.urn, first.urn}
    assert topic.property_dependencies == {"kmsMasterKeyId": (key.urn,)}
    assert topic.inputs["kmsMasterKeyId"] == "<<aws:kms/key:Key|key|id>>"
    assert topic.computed == {"kmsMasterKeyId"}


def test_a_known_text_with_a_computed_part_is_partial(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        bucket = aws.s3.Bucket("b")
        aws.s3.BucketPolicy("p", bucket=bucket.id, policy=pulumi.Output.json_dumps({"Resource": bucket.arn}))
        """)
    )
    policy = resources["p"]
    assert policy.inputs["policy"] == '{"Resource": "<<aws:s3/bucket:Bucket|b|arn>>"}'
    assert (policy.partial, policy.computed) == ({"policy"}, {"bucket"})


def test_apply_runs_on_computed_text_and_a_computed_number_stays_unknown(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        queue = aws.sqs.Queue("q")
        aws.sns.Topic("text", display_name=queue.arn.apply(lambda arn: arn.upper()))
        database = aws.rds.Instance("db", instance_class="db.t4g.micro", skip_final_snapshot=True)
        aws.sns.Topic("number", display_name=database.port.apply(lambda port: str(port + 1)))
        """)
    )
    assert resources["text"].inputs["displayName"] == "<<AWS:SQS/QUEUE:QUEUE|Q|ARN>>"
    assert resources["number"].inputs["displayName"] == UNKNOWN
    assert resources["number"].computed == {"displayName"}


def test_nested_computed_output(plan: PlanProgram) -> None:
    planned = plan("""
        cluster = aws.eks.Cluster("c", role_arn="arn:aws:iam::1:role/r", vpc_config={"subnet_ids": ["subnet-1"]})
        pulumi.export("issuer", cluster.identities[0].oidcs[0].issuer)
        pulumi.export("group", cluster.vpc_config.cluster_security_group_id)
        pulumi.export("subnets", cluster.vpc_config.subnet_ids)
        """)
    assert planned.errors == ()
    assert planned.exports == {
        "issuer": "<<aws:eks/cluster:Cluster|c|identities[0].oidcs[0].issuer>>",
        "group": "<<aws:eks/cluster:Cluster|c|vpcConfig.clusterSecurityGroupId>>",
        "subnets": ["subnet-1"],
    }


def test_secrets_are_marked_and_never_kept(plan: PlanProgram) -> None:
    planned = plan("""
        secret = pulumi.Output.secret("hunter2")
        aws.ssm.Parameter("p", type="SecureString", value=secret)
        aws.ssm.Parameter("q", type="SecureString", value=pulumi.Output.concat("prefix-", secret))
        pulumi.export("password", secret)
        """)
    resources = by_name(planned)
    assert resources["p"].inputs["value"] == SECRET
    assert resources["p"].secret == {"value"}
    assert resources["q"].secret == {"value"}
    assert planned.exports == {"password": SECRET}
    assert "hunter2" not in repr(planned)


def test_config_values_objects_and_secrets(plan: PlanProgram) -> None:
    planned = plan(
        """
        config = pulumi.Config()
        sizes = config.require_object("sizes")
        for index in range(config.require_int("count")):
            aws.s3.Bucket(f"b{index}", tags={"size": sizes["all"][index]})
        pulumi.export("token", config.require_secret("token"))
        pulumi.export("region", pulumi.Config("aws").require("region"))
        """,
        config="config:\n  app:count: 2\n  app:sizes: {all: [s, m]}\n  aws:region: eu-west-1\n  app:token: {secure: AAABAA==}\n",
    )
    assert planned.errors == ()
    assert {name: resource.inputs["tags"]["size"] for name, resource in by_name(planned).items() if name in ("b0", "b1")} == {
        "b0": "s",
        "b1": "m",
    }
    assert planned.exports == {"token": SECRET, "region": "eu-west-1"}


def test_default_and_explicit_providers(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        west = aws.Provider("west", region="us-west-2", default_tags={"tags": {"team": "a"}})
        aws.s3.Bucket("there", opts=pulumi.ResourceOptions(provider=west))
        aws.s3.Bucket("here")
        """)
    )
    assert resources["there"].provider is not None
    assert resources["there"].provider.startswith("urn:pulumi:dev::app::pulumi:providers:aws::west::")
    assert resources["here"].provider is not None
    assert "::pulumi:providers:aws::default_" in resources["here"].provider


def test_options_are_kept(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        options = pulumi.ResourceOptions(
            protect=True, retain_on_delete=True, ignore_changes=["tags"], delete_before_replace=True, aliases=[pulumi.Alias(name="old")]
        )
        aws.s3.Bucket("b", opts=options)
        """)
    )
    bucket = resources["b"]
    assert (bucket.protect, bucket.retain_on_delete, bucket.delete_before_replace, bucket.ignore_changes) == (True, True, True, ("tags",))
    assert "urn:pulumi:dev::app::aws:s3/bucket:Bucket::old" in bucket.aliases


def test_transforms_of_resource_parent_and_stack_run_in_this_order(plan: PlanProgram) -> None:
    resources = by_name(
        plan("""
        def add(word):
            def transform(args):
                if args.type_ != "aws:s3/bucket:Bucket":
                    return None
                tags = {**(args.props.get("tags") or {})}
                tags["order"] = tags.get("order", "") + word
                return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)
            return transform
        class Box(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("my:index:Box", name, None, opts)
                aws.s3.Bucket("b", opts=pulumi.ResourceOptions(parent=self, transforms=[add("own ")]))
        pulumi.runtime.register_resource_transform(add("stack"))
        Box("box", pulumi.ResourceOptions(transforms=[add("parent ")]))
        """)
    )
    assert resources["b"].inputs["tags"]["order"] == "own parent stack"


def test_a_resource_with_transforms_of_its_own_has_no_property_dependencies(plan: PlanProgram) -> None:
    """So it is in the engine, which derives them anew from what comes back."""
    resources = by_name(
        plan("""
        key = aws.kms.Key("key")
        plain = aws.sqs.Queue("plain", kms_master_key_id=key.arn)
        own = aws.sqs.Queue("own", kms_master_key_id=key.arn, opts=pulumi.ResourceOptions(transforms=[lambda args: None]))
        """)
    )
    assert resources["plain"].property_dependencies == {"kmsMasterKeyId": (resources["key"].urn,)}
    assert resources["own"].property_dependencies == {}
    assert resources["own"].dependencies == (resources["key"].urn,)


def test_a_resource_that_exists_elsewhere(plan: PlanProgram) -> None:
    vpc = by_name(plan("aws.ec2.Vpc.get('old', 'vpc-123')"))["old"]
    assert (vpc.external, vpc.custom) == (True, True)
    assert (vpc.file, vpc.line) == ("app/__main__.py", 3)


def test_a_package_without_a_schema(plan: PlanProgram) -> None:
    planned = plan("""
        class Thing(pulumi.CustomResource):
            colour: pulumi.Output[str]
            made: pulumi.Output[str]
            def __init__(self, name, colour):
                super().__init__("strange:index:Thing", name, {"colour": colour, "made": None})
        thing = Thing("t", "red")
        pulumi.export("colour", thing.colour)
        pulumi.export("made", thing.made)
        """)
    assert planned.errors == ()
    assert by_name(planned)["t"].inputs == {"colour": "red"}
    assert planned.exports == {"colour": "red", "made": UNKNOWN}


def test_data_sources_are_answered(plan: PlanProgram) -> None:
    planned = plan("""
        pulumi.export("account", aws.get_caller_identity().account_id)
        pulumi.export("zones", aws.get_availability_zones().names)
        document = aws.iam.get_policy_document(statements=[{"actions": ["s3:GetObject"], "resources": ["*"], "sid": "Read"}])
        pulumi.export("policy", pulumi.Output.json_loads(document.json))
        """)
    assert planned.errors == ()
    assert planned.exports["account"] == "123456789012"
    assert planned.exports["zones"] == ["eu-west-1a"]
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert planned.exports["policy"] == {"Version": "2012-10-17", "Statement": [statement]}


def test_an_unanswered_data_source_is_named(plan: PlanProgram) -> None:
    [error] = plan("aws.ec2.get_ami(most_recent=True, owners=['amazon'])").errors
    assert error.problem == "the program asks the cloud for aws:ec2/getAmi:getAmi, and nothing answers it here"
    assert (error.file, error.line) == ("app/__main__.py", 3)
    assert error.remedy is not None
    assert "--answers FILE" in error.remedy


def test_a_given_answer(plan: PlanProgram) -> None:
    answers = Answers(given={"aws:ec2/getAmi:getAmi": {"id": "ami-1", "architecture": "x86_64"}})
    planned = plan("pulumi.export('ami', aws.ec2.get_ami(owners=['amazon']).id)", answers=answers)
    assert (planned.errors, planned.exports) == ((), {"ami": "ami-1"})


@pytest.mark.parametrize(
    ("source", "key", "problem"),
    [
        (
            "aws.s3.BucketVersioning('v', bucket='b', versioning_configuration={'statuss': 'Enabled', 'status': 'Enabled'})",
            "versioningConfiguration.statuss",
            "there is no property statuss",
        ),
        ("aws.sns.Topic('t', tags={'a': 1})", "tags.a", "text"),
        ("aws.kms.Key('k', deletion_window_in_days='soon')", "deletionWindowInDays", "integer"),
        ("aws.s3.BucketVersioning('v', bucket='b', versioning_configuration={})", "versioningConfiguration.status", "required"),
    ],
)
def test_invalid_inputs_are_errors_at_their_line(plan: PlanProgram, source: str, key: str, problem: str) -> None:
    [error] = plan(source).errors
    assert (error.file, error.line, error.key) == ("app/__main__.py", 3, key)
    assert problem in error.problem or "missing" in error.problem or "number" in error.problem


def test_invalid_input_does_not_hide_the_rest(plan: PlanProgram) -> None:
    planned = plan("aws.kms.Key('k', deletion_window_in_days='soon')\naws.s3.Bucket('b')")
    assert planned.status == "failed"
    assert {"k", "b"} <= set(by_name(planned))


def test_one_name_twice(plan: PlanProgram) -> None:
    [error] = plan("aws.s3.Bucket('b')\naws.s3.Bucket('b')").errors
    assert error.problem == "aws:s3/bucket:Bucket 'b' is registered twice"


def test_an_exception_is_the_users_own(plan: PlanProgram) -> None:
    planned = plan("""
        aws.s3.Bucket("before")
        def deep():
            return {}["vpc"]
        deep()
        """)
    [error] = planned.errors
    assert error.problem == "the program raised KeyError: 'vpc'"
    assert (error.file, error.line) == ("app/__main__.py", 6)
    assert error.traceback is not None
    assert "deep()" in error.traceback
    assert "site-packages" not in error.traceback
    assert "mlctl" not in error.traceback
    assert "before" in by_name(planned)


def test_a_syntax_error(plan: PlanProgram) -> None:
    [error] = plan("def broken(:\n    pass").errors
    assert error.problem.startswith("the program raised SyntaxError")
    assert (error.file, error.line) == ("app/__main__.py", 3)


def test_an_exception_inside_apply(plan: PlanProgram) -> None:
    [error] = plan("""
        bucket = aws.s3.Bucket("b")
        pulumi.export("x", bucket.arn.apply(lambda arn: 1 / 0))
        """).errors
    assert error.problem == "the program raised ZeroDivisionError: division by zero"
    assert error.line == 5


def test_sys_exit(plan: PlanProgram) -> None:
    [error] = plan("import sys\nsys.exit(0)").errors
    assert error.problem == "the program called sys.exit(0)"
    assert error.line == 4


def test_an_endless_loop_is_stopped_at_its_line(plan: PlanProgram) -> None:
    [error] = plan("while True:\n    pass", limit=2.0).errors
    assert error.problem == "the program ran into the time limit"
    assert error.line in (3, 4)


def test_a_process_that_dies(plan: PlanProgram) -> None:
    [error] = plan("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)").errors
    assert error.problem == "the program's process died"


def test_a_process_that_dies_with_an_answer_unread() -> None:
    """The kernel then reports a reset connection instead of a closed one."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(b"never read")
        theirs.close()
        assert _received(ours) == b""


def test_what_a_program_prints_is_kept(plan: PlanProgram) -> None:
    assert plan("print('hello')\npulumi.log.warn('careful')").messages == ("hello", "WARNING: careful")


def test_two_plans_of_one_program_are_equal(tmp_path: Path) -> None:
    source = 'for i in range(20):\n    aws.s3.Bucket(f"b{i}", tags={"arn": aws.sns.Topic(f"t{i}").arn})'
    one = plan_all(tmp_path, {"app": source})["app"]
    other = plan_all(tmp_path, {"app": source})["app"]
    assert one.resources == other.resources

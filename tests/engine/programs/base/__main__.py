"""What the other program reads: plain, nested, computed and secret exports."""

import pulumi
import pulumi_aws as aws

key = aws.kms.Key("data", enable_key_rotation=True)
pulumi.export("key_arn", key.arn)
pulumi.export("zones", ["a", "b"])
pulumi.export("nested", {"count": 2, "ratio": 0.5, "on": True, "nothing": None})
pulumi.export("password", pulumi.Output.secret("hunter2"))

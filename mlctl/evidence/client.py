"""boto3's clients, patient with throttling; imported only where AWS is asked."""

from __future__ import annotations

from typing import Any


def aws_client(service: str, region: str | None = None) -> Any:
    """A client with the credentials of the surroundings: a person's, a pipeline's, or a pod's. None: the region of the surroundings."""
    import boto3
    from botocore.config import Config

    return boto3.client(service, region_name=region, config=Config(retries={"max_attempts": 4, "mode": "standard"}))


def s3_client() -> Any:
    """S3 in the region of the surroundings."""
    return aws_client("s3")

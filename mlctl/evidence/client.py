"""boto3's client for S3, with retries; imported only where S3 is asked."""

from __future__ import annotations

from typing import Any


def s3_client() -> Any:
    """A client with the credentials of the surroundings: a person's, a pipeline's, or a pod's."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(retries={"max_attempts": 4, "mode": "standard"}))

"""Builds one of our images and pushes it under the build its environment names. A build never changes: what is there stays."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import InputError, ServiceError
from mlctl.promotion.git import Git


def push_image(root: Path, environment: Environment, name: str, ecr: Any) -> tuple[str, bool]:
    """(reference, whether it was built now).

    Parameters
    ----------
    ecr
        boto3's client in the environment's account.

    Raises
    ------
    InputError
        There is no such image or Dockerfile, or its build is given by digest.
    ServiceError
        ECR or Docker failed.
    """
    image = next((item for item in environment.registries.images if item.name == name), None)
    if image is None:
        allowed = ", ".join(item.name for item in environment.registries.images)
        raise InputError(f"there is no image {name!r}", key="registries.images", allowed=allowed)
    dockerfile = root / "docker" / name / "Dockerfile"
    if not dockerfile.exists():
        raise InputError("no such file", file=dockerfile, remedy="an image of ours is built from docker/<name>/Dockerfile")
    if image.build.startswith("sha256:"):
        raise InputError(
            f"{name} is pinned by digest, which only a finished build has", key="registries.images", remedy="give it a new tag"
        )
    repository = f"{environment.organization}/{name}"
    host = f"{environment.account}.dkr.ecr.{environment.region}.amazonaws.com"
    reference = f"{host}/{repository}:{image.build}"
    if _present(ecr, repository, image.build):
        return reference, False
    given = ["--build-arg", f"GIT_COMMIT={Git(root).commit_of('HEAD') or 'unknown'}"]
    _docker(root, ["build", "--file", str(dockerfile), *given, "--tag", reference, str(root)])
    _docker(root, ["login", "--username", "AWS", "--password-stdin", host], given=_password(ecr))
    _docker(root, ["push", reference])
    return reference, True


def _present(ecr: Any, repository: str, tag: str) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise ServiceError(f"ECR {repository}: {error}", remedy="deploy the registries stack first, and check the credentials") from None
    except BotoCoreError as error:
        raise ServiceError(f"ECR {repository}: {error}", remedy="check the credentials") from None
    return True


def _password(ecr: Any) -> str:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return base64.b64decode(token).decode().partition(":")[2]


def _docker(root: Path, arguments: Sequence[str], given: str | None = None) -> None:
    try:
        done = subprocess.run(["docker", *arguments], cwd=root, input=given, text=True, check=False)
    except FileNotFoundError:
        raise InputError("docker is not installed", remedy="install Docker or a tool of the same name") from None
    if done.returncode:
        raise ServiceError(f"docker {arguments[0]} ended with status {done.returncode}", remedy="nothing was pushed; see its output above")

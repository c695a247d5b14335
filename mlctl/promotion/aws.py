"""A call of boto3, with its failures as ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlctl.errors import ServiceError


def ask(what: str, call: Callable[..., Any], *, remedy: str = "check the credentials and that it is deployed", **arguments: Any) -> Any:
    """The answer; ServiceError about `what` where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise ServiceError(f"{what}: {error}", remedy=remedy) from None

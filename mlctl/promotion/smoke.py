"""After a deployment: do the models that are pinned stand behind a closed front door, in the version that is pinned?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from mlctl.config.environment import Environment
from mlctl.errors import ServiceError
from mlctl.promotion.gate import Check

_TIMEOUT = 30


def smoke(environment: Environment, outputs: Mapping[str, Any], credentials: Any = None) -> list[Check]:
    """One check per question.

    Parameters
    ----------
    outputs
        Exports of the serving stack.
    credentials
        boto3's, which sign the request where the front door takes IAM; None: what needs them is not evaluated.
    """
    pinned = {name: model.version for name, model in environment.models.items() if model.version is not None}
    served = outputs.get("model_versions") or {}
    checks = [_versions(pinned, served)]
    url, paths = str(outputs.get("front_door_url") or "").rstrip("/"), outputs.get("model_paths") or {}
    for name in sorted(set(paths) & set(pinned)):
        address = url + str(paths[name])
        checks.append(_closed(name, address))
        checks.append(_answers(environment, name, address, pinned[name], credentials))
    return checks


def _versions(pinned: Mapping[str, Any], served: Mapping[str, Any]) -> Check:
    wrong = sorted(name for name in {*pinned, *served} if pinned.get(name) != _whole(served.get(name)))
    if wrong:
        return Check(name="versions", verdict="fail", detail=f"deployed and pinned differ: {', '.join(wrong)}")
    return Check(name="versions", verdict="pass", detail=f"{len(pinned)} models are deployed as pinned")


def _closed(name: str, address: str) -> Check:
    """A stranger is sent away."""
    status = _post(address, {}).status_code
    verdict = "pass" if status in (401, 403) else "fail"
    return Check(name=f"{name} closed", verdict=verdict, detail=f"without credentials: {status}; 401 or 403 wanted")  # type: ignore[arg-type]


def _answers(environment: Environment, name: str, address: str, version: int, credentials: Any) -> Check:
    """The router refuses an empty request with 400 and says which version it stands for; no row is scored."""
    title = f"{name} answers"
    if environment.front_door.auth != "iam" or credentials is None:
        return Check(name=title, verdict="not_evaluated", detail="needs IAM credentials at a front door that takes them")
    answer = _post(address, _signed(address, environment.region, credentials))
    shown = answer.headers.get("x-model-version")
    if answer.status_code != 400 or shown != str(version):
        return Check(name=title, verdict="fail", detail=f"status {answer.status_code}, version {shown}; 400 and {version} wanted")
    return Check(name=title, verdict="pass", detail=f"version {shown}")


def _signed(address: str, region: str, credentials: Any) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method="POST", url=address, data=b"")
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    return dict(request.headers.items())


def _post(address: str, headers: Mapping[str, str]) -> requests.Response:
    try:
        return requests.post(address, data=b"", headers=dict(headers), timeout=_TIMEOUT)
    except requests.RequestException as error:
        raise ServiceError(f"{address} cannot be reached: {type(error).__name__}", remedy="look at the front door's log group") from None


def _whole(value: Any) -> Any:
    """Pulumi exports numbers as floats at times."""
    return int(value) if isinstance(value, float) and value.is_integer() else value

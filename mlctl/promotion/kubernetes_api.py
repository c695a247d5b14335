"""The API server of an EKS cluster, as far as a canary needs it: read and patch one object, ask a service through the server's proxy.

The token is what `aws eks get-token` makes: a presigned call of STS that names the cluster.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from typing import Any

import requests

from mlctl.errors import ServiceError
from mlctl.promotion.aws import ask

_SECONDS = 20
_TOKEN_SECONDS = 60


class KubernetesApi:
    """A cluster's server.

    Parameters
    ----------
    server
        `https://…`.
    token
        Bearer token.
    authority
        The cluster's certificate authority, PEM; empty: the system's.
    """

    def __init__(self, server: str, token: str, authority: str = "") -> None:
        self._server, self._token = server.rstrip("/"), token
        self._verify: bool | str = True
        if authority:
            self._file = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 - it must live as long as this object
            self._file.write(authority)
            self._file.flush()
            self._verify = self._file.name

    @classmethod
    def of_eks(cls, cluster: str, session: Any, region: str) -> KubernetesApi:
        """Of an EKS cluster, as whoever the boto3 session is."""
        found = ask(f"cluster {cluster}", session.client("eks", region_name=region).describe_cluster, name=cluster)["cluster"]
        authority = base64.b64decode(found["certificateAuthority"]["data"]).decode()
        return cls(found["endpoint"], eks_token(cluster, session, region), authority)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path."""
        return self._ask("GET", path, query=query)

    def patch(self, path: str, body: Any) -> dict[str, Any]:
        """Replace these keys of the object at a path (JSON merge patch)."""
        return self._ask("PATCH", path, body=body)

    def _ask(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        try:
            answer = requests.request(
                method, self._server + path, params=query, json=body, headers=headers, timeout=_SECONDS, verify=self._verify
            )
        except requests.RequestException as error:
            remedy = "the runner must reach the cluster: cluster.public_access_cidrs, or a runner inside the network"
            raise ServiceError(f"{self._server} cannot be reached: {type(error).__name__}", remedy=remedy) from None
        try:
            value = answer.json()
        except ValueError:
            raise ServiceError(f"{method} {path} was answered with something that is no JSON") from None
        if answer.status_code >= 400 or not isinstance(value, dict):
            said = value.get("message", "") if isinstance(value, dict) else ""
            raise ServiceError(
                f"{method} {path} was answered with {answer.status_code} {said}".rstrip(), remedy="check the role's rights there"
            )
        return value


def eks_token(cluster: str, session: Any, region: str) -> str:
    """A token for the cluster's server: https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster."""
    from botocore.signers import RequestSigner

    client = session.client("sts", region_name=region)
    signer = RequestSigner(client.meta.service_model.service_id, region, "sts", "v4", session.get_credentials(), session.events)
    request = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name=region, expires_in=_TOKEN_SECONDS, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

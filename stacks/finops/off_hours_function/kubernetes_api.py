"""A few calls of the Kubernetes API of one EKS cluster, with the standard library and the botocore of the Lambda runtime."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.parse
import urllib.request
from typing import Any


class KubernetesApi:
    """Speaks to `endpoint`, whose certificate `certificate` (PEM) signs, as the holder of `token`."""

    def __init__(self, endpoint: str, certificate: str | None, token: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._tls = ssl.create_default_context(cadata=certificate) if certificate else None

    def get(self, path: str) -> dict[str, Any]:
        """The object at `path`; urllib.error.HTTPError where the API refuses."""
        return self._call("GET", path)

    def patch(self, path: str, change: dict[str, Any]) -> dict[str, Any]:
        """Merge `change` into the object; a key set to None is removed."""
        return self._call("PATCH", path, change)

    def delete_all(self, path: str, selector: str) -> None:
        """Delete every object of the collection that carries the labels."""
        self._call("DELETE", f"{path}?{urllib.parse.urlencode({'labelSelector': selector})}")

    def _call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._endpoint + path, data=data, headers=headers, method=verb)  # noqa: S310
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:  # noqa: S310
            result: dict[str, Any] = json.load(answer)
        return result


def cluster_token(cluster: str, region: str) -> str:
    """A token as `aws eks get-token` makes it: a signed question to STS who we are, good for a minute."""
    import boto3
    from botocore.signers import RequestSigner

    session = boto3.session.Session()
    client = session.client("sts", region_name=region)
    signer = RequestSigner(client.meta.service_model.service_id, region, "sts", "v4", session.get_credentials(), session.events)
    question = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(question, region_name=region, expires_in=60, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

"""The file that tells a Kubernetes client how to reach an EKS cluster. It holds no secret: the token is the caller's own."""

from __future__ import annotations

import pulumi


def kubeconfig(
    *, cluster: pulumi.Input[str], endpoint: pulumi.Input[str], certificate: pulumi.Input[str], region: str
) -> pulumi.Output[str]:
    """JSON of a kubeconfig whose user calls `aws eks get-token`.

    `certificate` is the cluster's certificate authority, base64.
    """
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", cluster, "--region", region, "--output", "json"],
        "interactiveMode": "Never",
    }
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "eks", "cluster": {"server": endpoint, "certificate-authority-data": certificate}}],
            "users": [{"name": "eks", "user": {"exec": token}}],
            "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "eks"}}],
            "current-context": "eks",
        }
    )

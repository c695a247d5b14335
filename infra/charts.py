"""Helm charts, pinned: name, repository and version of each, and the release that installs one.

A version changes here and nowhere else; `values` stand with the component that installs the chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart at one version."""

    name: str
    repository: str
    """An `https://` Helm repository or the `oci://` folder that holds the chart."""
    version: str


KARPENTER_CRD = Chart(name="karpenter-crd", repository="oci://public.ecr.aws/karpenter", version="1.13.0")
KARPENTER = Chart(name="karpenter", repository="oci://public.ecr.aws/karpenter", version="1.13.0")
NVIDIA_DEVICE_PLUGIN = Chart(name="nvidia-device-plugin", repository="https://nvidia.github.io/k8s-device-plugin", version="0.18.0")
METRICS_SERVER = Chart(name="metrics-server", repository="https://kubernetes-sigs.github.io/metrics-server/", version="3.13.0")
LOAD_BALANCER_CONTROLLER = Chart(name="aws-load-balancer-controller", repository="https://aws.github.io/eks-charts", version="1.14.0")
EXTERNAL_DNS = Chart(name="external-dns", repository="https://kubernetes-sigs.github.io/external-dns/", version="1.19.0")
EXTERNAL_SECRETS = Chart(name="external-secrets", repository="https://charts.external-secrets.io", version="1.3.1")
RELOADER = Chart(name="reloader", repository="https://stakater.github.io/stakater-charts", version="2.2.17")
CERT_MANAGER = Chart(name="cert-manager", repository="https://charts.jetstack.io", version="v1.20.0")
ARGO_WORKFLOWS = Chart(name="argo-workflows", repository="https://argoproj.github.io/argo-helm", version="0.45.27")
MLFLOW = Chart(name="mlflow", repository="https://community-charts.github.io/helm-charts", version="1.12.0")
KNATIVE_OPERATOR = Chart(name="knative-operator", repository="https://knative.github.io/operator", version="v1.20.0")
KSERVE_CRD = Chart(name="kserve-crd", repository="oci://ghcr.io/kserve/charts", version="v0.16.0")
KSERVE = Chart(name="kserve", repository="oci://ghcr.io/kserve/charts", version="v0.16.0")
KUBERAY_OPERATOR = Chart(name="kuberay-operator", repository="https://ray-project.github.io/kuberay-helm/", version="1.5.1")
KUEUE = Chart(name="kueue", repository="oci://registry.k8s.io/kueue/charts", version="0.17.0")
KUBE_PROMETHEUS_STACK = Chart(
    name="kube-prometheus-stack", repository="https://prometheus-community.github.io/helm-charts", version="79.5.0"
)
FLUENT_BIT = Chart(name="aws-for-fluent-bit", repository="https://aws.github.io/eks-charts", version="0.2.1")
DCGM_EXPORTER = Chart(name="dcgm-exporter", repository="https://nvidia.github.io/dcgm-exporter/helm-charts", version="4.8.3")
OPENCOST = Chart(name="opencost", repository="https://opencost.github.io/opencost-helm-chart", version="2.5.31")
KUBECOST = Chart(name="cost-analyzer", repository="https://kubecost.github.io/cost-analyzer/", version="2.8.6")
JUPYTERHUB = Chart(name="jupyterhub", repository="https://hub.jupyter.org/helm-chart/", version="4.3.2")


def release(
    chart: Chart,
    *,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    name: str | None = None,
    skip_crds: bool = False,
) -> kubernetes.helm.v3.Release:
    """Install `chart` under its own name; a failed change is undone, and destroying waits until everything is gone.

    `name` is for a second release of one chart.
    """
    oci = chart.repository.startswith("oci://")
    return kubernetes.helm.v3.Release(
        name or chart.name,
        name=name or chart.name,
        chart=f"{chart.repository}/{chart.name}" if oci else chart.name,
        repository_opts=None if oci else kubernetes.helm.v3.RepositoryOptsArgs(repo=chart.repository),
        version=chart.version,
        namespace=namespace,
        values=dict(values),
        skip_crds=skip_crds,
        atomic=True,
        cleanup_on_fail=True,
        max_history=5,
        timeout=900,
        opts=opts,
    )

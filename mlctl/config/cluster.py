"""The EKS cluster and its node pools."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mlctl.config.base import Name, Percent, RoleArn, Section

Duration = Annotated[str, StringConstraints(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$", min_length=2)]
"""`30m`, `720h`: a Kubernetes duration."""


Addon = Literal["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver"]
AddonVersion = Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]


class SystemNodes(Section):
    """The small managed node group that carries the cluster's own controllers."""

    instance_types: tuple[str, ...] = ("m6i.large",)
    """EC2 instance types, most wanted first."""
    minimum: int = Field(default=2, ge=1)
    """Fewest nodes."""
    maximum: int = Field(default=4, ge=1)
    """Most nodes."""
    disk_gib: int = Field(default=50, ge=20)
    """Encrypted gp3 disk of each node, GiB."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class PoolLimits(Section):
    """The most a pool may grow to: a hard ceiling on its spend."""

    cpu: int = Field(ge=1)
    """CPU cores."""
    memory_gib: int = Field(ge=1)
    """Memory, GiB."""
    gpus: int = Field(default=0, ge=0)
    """GPUs; required for a GPU pool."""


class Taint(Section):
    """Keeps pods off that do not tolerate it."""

    key: str
    """Taint key."""
    value: str = "true"
    """Taint value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What happens to pods without the toleration."""


class NodePool(Section):
    """One Karpenter node pool."""

    name: Name
    """Unique in the file. Say purpose and capacity: `gpu-training-spot`."""
    kind: Literal["cpu", "gpu"]
    """A GPU pool is tainted `nvidia.com/gpu:NoSchedule` and runs the device plugin."""
    team: Name
    """The team that answers for the pool; idle cost is shown to it. One of `teams`."""
    purpose: Literal["serving", "training", "batch"]
    """Priority of the pods that belong here, and how eagerly nodes are taken away."""
    capacity: Literal["spot", "on-demand", "reserved"]
    """One kind per pool, so that on-demand use can be seen."""
    instance_families: tuple[str, ...] = Field(min_length=1)
    """EC2 families such as `m6i` or `g5`, in the architecture below."""
    instance_sizes: tuple[str, ...] = ("large", "xlarge", "2xlarge", "4xlarge")
    """EC2 sizes within the families."""
    architecture: Literal["amd64", "arm64"] = "amd64"
    """`arm64` is Graviton."""
    limits: PoolLimits
    """Ceiling of the pool."""
    zones: tuple[str, ...] = ()
    """Restrict to some of the network's zones; empty means all."""
    disk_gib: int = Field(default=100, ge=20)
    """Encrypted gp3 disk of each node, GiB."""
    consolidation: Literal["WhenEmpty", "WhenEmptyOrUnderutilized"] = "WhenEmptyOrUnderutilized"
    """`WhenEmpty` where moving a pod is expensive: long training."""
    consolidate_after: Duration = "5m"
    """How long a node must be idle first."""
    disruption_budget: str = Field(default="10%", pattern=r"^\d+%?$")
    """How many nodes may be disrupted at once; `0` protects long training runs."""
    expire_after: Duration = "720h"
    """Age at which a node is replaced (new image, new patches)."""
    termination_grace_period: Duration = "30m"
    """How long a draining node waits for its pods."""
    weight: int = Field(default=10, ge=1, le=100)
    """Higher is tried first, so that spot is preferred and on-demand is the fallback."""
    taints: tuple[Taint, ...] = ()
    """Further taints."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Further node labels."""
    off_hours: bool = False
    """Stopped by the environment's off-hours schedule."""

    @model_validator(mode="after")
    def _gpu_limits(self) -> Self:
        if self.kind == "gpu" and self.limits.gpus == 0:
            raise ValueError(f"GPU pool {self.name} has no limits.gpus; give the most GPUs it may have")
        if self.kind == "cpu" and self.limits.gpus:
            raise ValueError(f"CPU pool {self.name} has limits.gpus {self.limits.gpus}; remove it or set kind: gpu")
        return self


class Cluster(Section):
    """Amazon EKS."""

    version: str = Field(pattern=r"^1\.\d{2}$")
    """Kubernetes version in standard support: `aws eks describe-cluster-versions`."""
    addon_versions: dict[Addon, AddonVersion] = Field(default_factory=dict)
    """Versions of EKS's add-ons, where the platform pins none for this Kubernetes version or you want another one:
    `aws eks describe-addon-versions --kubernetes-version 1.35`. An add-on without a version takes EKS's default, and the plan says so."""
    public_access_cidrs: tuple[IPv4Network, ...] = ()
    """Who may reach the API from the internet. Empty: private only, the default."""
    admin_roles: tuple[RoleArn, ...] = ()
    """IAM roles of the platform team with cluster-admin rights: IAM console › Roles › ARN."""
    system_nodes: SystemNodes = SystemNodes()
    """Nodes for the cluster's own controllers."""
    node_pools: tuple[NodePool, ...] = Field(min_length=1)
    """Karpenter pools for everything else."""
    spot_fallback_percent: Percent = 0
    """Share of spot demand that pricing assumes falls back to on-demand."""

    @model_validator(mode="after")
    def _kube_proxy_fits(self) -> Self:
        proxy = self.addon_versions.get("kube-proxy")
        if proxy and not proxy.startswith(f"v{self.version}."):
            raise ValueError(f"addon_versions.kube-proxy is {proxy} and version is {self.version}; EKS wants the same minor version")
        return self

    @model_validator(mode="after")
    def _public_access(self) -> Self:
        for cidr in self.public_access_cidrs:
            if cidr.prefixlen == 0:
                raise ValueError("public_access_cidrs holds 0.0.0.0/0; list the addresses of your offices or VPN")
        return self

    def pool(self, name: str) -> NodePool:
        """The pool of that name; KeyError where there is none."""
        for pool in self.node_pools:
            if pool.name == name:
                return pool
        raise KeyError(name)

"""Kueue: teams share what the node pools can hold. A share that lies idle is lent, and given back when its owner wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.charts import KUEUE, release
from infra.cluster.node_pools import GPU_TAINT
from infra.namespace import namespace
from infra.platform.custom_resource import custom_resource
from infra.platform.fair_share import Share, fair_shares
from mlctl.config.cluster import NodePool
from mlctl.config.team import Team

API = "kueue.x-k8s.io/v1beta2"
NAMESPACE = "kueue-system"
QUEUE = "default"
"""Name of each team's queue: a job names it in the label `kueue.x-k8s.io/queue-name`."""

COHORT = "teams"
FLAVORS = ("general", "gpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class KueueArgs:
    """Who shares what."""

    owner: Team
    teams: Sequence[Team]
    pools: Sequence[NodePool]


class Kueue(pulumi.ComponentResource):
    """Creates the controller; a flavour for CPU and memory, and with GPU pools one for GPUs, which tolerates their taint; and per team a
    ClusterQueue with the team's share in one cohort, and the LocalQueue `default` in its namespace.
    """

    def __init__(self, name: str, args: KueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Kueue", name, {}, opts)
        self._name, self._args = name, args
        space = namespace(NAMESPACE, team=args.owner, level="baseline", opts=pulumi.ResourceOptions(parent=self))
        values = {"controllerManager": {"replicas": 2}, "managerConfig": {"controllerManagerConfigYaml": _CONFIG}}
        controller = release(KUEUE, namespace=NAMESPACE, values=values, opts=pulumi.ResourceOptions(parent=self, depends_on=[space]))
        after = pulumi.ResourceOptions(parent=self, depends_on=[controller])
        gpus = any(pool.kind == "gpu" for pool in args.pools)
        flavors = [self._flavor(flavor, after) for flavor in (FLAVORS if gpus else FLAVORS[:1])]
        for team in args.teams:
            self._queues(team, pulumi.ResourceOptions(parent=self, depends_on=[controller, *flavors]))
        self.register_outputs({"queue": QUEUE})

    def _flavor(self, flavor: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        tolerate = {"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}
        spec = {"tolerations": [tolerate]} if flavor == "gpu" else {}
        made: pulumi.Resource = custom_resource(
            f"{self._name}-{flavor}", api=API, kind="ResourceFlavor", name=flavor, team=self._args.owner, spec=spec, opts=opts
        )
        return made

    def _queues(self, team: Team, opts: pulumi.ResourceOptions) -> None:
        cluster_queue = custom_resource(
            f"{self._name}-{team.name}",
            api=API,
            kind="ClusterQueue",
            name=team.name,
            team=team,
            spec=cluster_queue_spec(team, self._args.teams, self._args.pools),
            opts=opts,
        )
        custom_resource(
            f"{self._name}-{team.name}-local",
            api=API,
            kind="LocalQueue",
            name=QUEUE,
            namespace=team.name,
            team=team,
            spec={"clusterQueue": team.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster_queue]),
        )


def cluster_queue_spec(team: Team, teams: Sequence[Team], pools: Sequence[NodePool]) -> dict[str, Any]:
    """The team's share of the pools, and how it lends and takes back."""
    place = [other.name for other in teams].index(team.name)
    cpu = fair_shares(sum(pool.limits.cpu for pool in pools), [other.cpu_quota for other in teams])[place]
    memory = fair_shares(sum(pool.limits.memory_gib for pool in pools), [other.memory_quota_gib for other in teams])[place]
    groups = [_group("general", {"cpu": _quota("cpu", cpu), "memory": _quota("memory", memory, "Gi")})]
    if gpus := sum(pool.limits.gpus for pool in pools):
        gpu = fair_shares(gpus, [other.gpu_quota for other in teams])[place]
        groups.append(_group("gpu", {GPU_TAINT["key"]: _quota(GPU_TAINT["key"], gpu)}))
    return {
        "cohortName": COHORT,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team.name}},
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": groups,
        "preemption": {
            "reclaimWithinCohort": "Any",
            "withinClusterQueue": "LowerPriority",
            "borrowWithinCohort": {"policy": "LowerPriority"},
        },
    }


def _group(flavor: str, quotas: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {"coveredResources": list(quotas), "flavors": [{"name": flavor, "resources": list(quotas.values())}]}


def _quota(resource: str, share: Share, unit: str = "") -> dict[str, str]:
    return {"name": resource, "nominalQuota": f"{share.own}{unit}", "borrowingLimit": f"{share.borrowed}{unit}"}


_CONFIG = """\
apiVersion: config.kueue.x-k8s.io/v1beta2
kind: Configuration
health:
  healthProbeBindAddress: :8081
metrics:
  bindAddress: :8443
webhook:
  port: 9443
leaderElection:
  leaderElect: true
  resourceName: c1f6bfd2.kueue.x-k8s.io
controller:
  groupKindConcurrency:
    Job.batch: 5
    Pod: 5
    Workload.kueue.x-k8s.io: 5
    LocalQueue.kueue.x-k8s.io: 1
    ClusterQueue.kueue.x-k8s.io: 1
    ResourceFlavor.kueue.x-k8s.io: 1
manageJobsWithoutQueueName: false
integrations:
  frameworks:
    - batch/job
    - ray.io/rayjob
    - ray.io/raycluster
    - pod
"""

"""What objects of Kubernetes make AWS charge for: volumes and load balancers. Pods run on nodes, which are charged themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.services.ebs import Disk, add_disk
from mlctl.cost.services.load_balancing import add_load_balancer
from mlctl.cost.size import gibibytes
from mlctl.cost.values import as_number, inside, mappings, times

_LB_KEYS = ("new_connections", "active_connections", "processed_bytes_gb")
_SERVICE = "Kubernetes volumes and load balancers"
_INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"


@priced("kubernetes:core/v1:PersistentVolumeClaim", service=_SERVICE)
def claim(quote: Quote) -> None:
    _add_claim(quote, quote.mapping("spec"), Decimal(1))


@priced("kubernetes:apps/v1:StatefulSet", service=_SERVICE)
def stateful_set(quote: Quote) -> None:
    replicas = quote.number("spec.replicas", 1)
    for template in quote.items("spec.volumeClaimTemplates"):
        _add_claim(quote, next(iter(mappings(template.get("spec"))), {}), replicas)


def _add_claim(quote: Quote, spec: Mapping[str, Any], count: Decimal | None) -> None:
    size = gibibytes(inside(spec, "resources.requests.storage"))
    if "efs" in str(spec.get("storageClassName", "")):
        quote.add("Storage (EFS)", "GB", times(size, count), quote.price("EFS", "Standard storage"))
    else:
        add_disk(quote, Disk(type="gp3", size=size), count)


@priced("kubernetes:core/v1:Service", service=_SERVICE, usage=_LB_KEYS)
def service(quote: Quote) -> None:
    """A Service of type LoadBalancer becomes a network load balancer."""
    if quote.get("spec.type") == "LoadBalancer":
        add_load_balancer(quote, "network")
    else:
        quote.free("only Services of type LoadBalancer are charged")


@priced(_INGRESS, service=_SERVICE, usage=_LB_KEYS)
def ingress(quote: Quote) -> None:
    """One application load balancer for each Ingress, or for each group of them, charged at the group's first."""
    if "alb" not in (quote.get("spec.ingressClassName") or "", *_annotations(quote.raw("metadata"), "kubernetes.io/ingress.class")):
        quote.free("only the class alb makes a load balancer")
        return
    group = next(iter(_annotations(quote.raw("metadata"), "alb.ingress.kubernetes.io/group.name")), None)
    if group is not None and not _first_of_group(quote, group):
        quote.free(f"shares the load balancer of group {group}")
        return
    add_load_balancer(quote, "application")


def _first_of_group(quote: Quote, group: str) -> bool:
    members = [
        other.urn
        for other in quote.around.neighbours.of_type(_INGRESS)
        if group in _annotations(other.inputs.get("metadata"), "alb.ingress.kubernetes.io/group.name")
    ]
    return min(members) == quote.resource.urn


def _annotations(metadata: Any, key: str) -> tuple[str, ...]:
    annotations = inside(metadata, "annotations")
    return (str(annotations[key]),) if isinstance(annotations, Mapping) and key in annotations else ()


@priced("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart", service=_SERVICE, usage=_LB_KEYS)
def release(quote: Quote) -> None:
    """What the chart's values ask for. What a chart makes by its own defaults is not in a plan and not counted."""
    values = quote.raw("values")
    if not isinstance(values, Mapping):
        quote.free("its values ask for no volume and no load balancer; pods run on nodes")
        return
    for path, settings in walk(values, ""):
        found = _volume(path, settings)
        if found is not None:
            size, count = found
            add_disk(quote, Disk(type="gp3", size=size), count)
        if path.rsplit(".", 1)[-1].lower().endswith("service") and settings.get("type") == "LoadBalancer":
            add_load_balancer(quote, "network")
        name = path.rsplit(".", 1)[-1]
        if name == "ingress" and settings.get("enabled") is True and "alb" in (settings.get("ingressClassName"), settings.get("className")):
            add_load_balancer(quote, "application")
    quote.free("its values ask for no volume and no load balancer; pods run on nodes")


def _volume(path: str, settings: Mapping[str, Any]) -> tuple[Decimal | None, Decimal] | None:
    """(GiB, how many) of the volume that a mapping of chart values asks for; None where it asks for none."""
    name = path.rsplit(".", 1)[-1]
    count = as_number(settings.get("replicas", settings.get("replicaCount", 1))) or Decimal(1)
    if name in ("persistence", "persistentVolume") and settings.get("enabled", True) is not False and "size" in settings:
        return gibibytes(settings["size"]), count
    requested = inside(settings, "resources.requests.storage")
    return (gibibytes(requested), count) if requested is not None else None


def walk(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in chart values with its dotted path."""
    yield path, values
    for key, value in values.items():
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from walk(value, inner)
        elif isinstance(value, list):
            for entry in value:
                if isinstance(entry, Mapping):
                    yield from walk(entry, inner)

"""Settings of the kube-prometheus-stack chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.platform.sign_in import SECRET
from mlctl.config.platform import Ingress
from mlctl.config.platform import Monitoring as Settings

ALERTMANAGER = "alertmanager"
"""Its service account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringValues:
    """What the settings depend on."""

    settings: Settings
    host: str
    storage_class: pulumi.Input[str]
    replicas: int
    sign_in: Ingress
    topic_arn: pulumi.Input[str]
    """Told of alarms that are no model's."""
    region: str


def monitoring_values(values: MonitoringValues) -> dict[str, Any]:
    """The chart's values."""
    return {
        "fullnameOverride": "monitoring",
        "kubeEtcd": {"enabled": False},
        "kubeControllerManager": {"enabled": False},
        "kubeScheduler": {"enabled": False},
        "prometheus": {"prometheusSpec": _prometheus(values)},
        "alertmanager": _alertmanager(values),
        "kube-state-metrics": {
            "metricLabelsAllowlist": [
                "namespaces=[team,cost-centre]",
                "pods=[team,cost-centre,model]",
                "nodes=[team,node-pool,purpose,karpenter.sh/capacity-type,node.kubernetes.io/instance-type]",
            ]
        },
        "grafana": _grafana(values),
    }


def _volume(storage_class: pulumi.Input[str], gib: int) -> dict[str, Any]:
    claim = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
    }
    return {"volumeClaimTemplate": {"spec": claim}}


def _alertmanager(values: MonitoringValues) -> dict[str, Any]:
    """Alarms of the platform go to its topic; those of a model where the AlertmanagerConfig beside the model says."""
    topic = {
        "topic_arn": values.topic_arn,
        "sigv4": {"region": values.region},
        "subject": "{{ .Status | toUpper }}: {{ .GroupLabels.alertname }}",
    }
    # The watchdog is an alarm that never ends: it shows that alarms arrive at all, and nobody is told of it.
    quiet = {"receiver": "null", "matchers": ['alertname=~"Watchdog|InfoInhibitor"']}
    return {
        "serviceAccount": {"name": ALERTMANAGER},
        "config": {
            "route": {"receiver": "platform", "group_by": ["alertname", "namespace"], "repeat_interval": "12h", "routes": [quiet]},
            "receivers": [{"name": "null"}, {"name": "platform", "sns_configs": [topic]}],
        },
        "alertmanagerSpec": {
            "replicas": values.replicas,
            "storage": _volume(values.storage_class, 5),
            "alertmanagerConfigSelector": {"matchLabels": {"app.kubernetes.io/part-of": "ml-platform"}},
        },
    }


def _prometheus(values: MonitoringValues) -> dict[str, Any]:
    settings = values.settings
    return {
        "replicas": values.replicas,
        "retention": f"{settings.retention_days}d",
        # A tenth of the volume stays free, so that a busy month ends the retention early and not the server.
        "retentionSize": f"{settings.storage_gib * 9 // 10}GiB",
        "storageSpec": _volume(values.storage_class, settings.storage_gib),
        # Volumes go with the release: nothing is left behind that costs money.
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
        "serviceMonitorSelectorNilUsesHelmValues": False,
        "podMonitorSelectorNilUsesHelmValues": False,
        "ruleSelectorNilUsesHelmValues": False,
        "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
    }


def _grafana(values: MonitoringValues) -> dict[str, Any]:
    def from_secret(variable: str, key: str) -> dict[str, Any]:
        return {variable: {"secretKeyRef": {"name": SECRET, "key": key}}}

    return {
        "sidecar": {
            "dashboards": {"enabled": True, "label": "grafana_dashboard", "labelValue": "1"},
            "datasources": {"uid": "prometheus"},
        },
        "envValueFrom": {
            **from_secret("GF_AUTH_GENERIC_OAUTH_CLIENT_ID", "clientID"),
            **from_secret("GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET", "clientSecret"),
        },
        "grafana.ini": {
            "server": {"root_url": f"https://{values.host}"},
            "auth": {"disable_login_form": True},
            "users": {"auto_assign_org_role": "Viewer"},
            "analytics": {"reporting_enabled": False, "check_for_updates": False},
            "auth.generic_oauth": {
                "enabled": True,
                "name": "Single sign-on",
                "auto_login": True,
                "scopes": "openid email profile groups",
                "use_pkce": True,
                "auth_url": values.sign_in.oidc_authorization_endpoint,
                "token_url": values.sign_in.oidc_token_endpoint,
                "api_url": values.sign_in.oidc_user_info_endpoint,
            },
        },
        "persistence": {"enabled": False},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
    }

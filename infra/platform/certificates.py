"""Certificates: of the load balancer, and of webhooks inside the cluster."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.charts import CERT_MANAGER, release
from infra.namespace import namespace
from infra.platform.custom_resource import custom_resource
from mlctl.config.team import Team

API = "cert-manager.io/v1"
NAMESPACE = "cert-manager"
ISSUER = "platform"


class ClusterCertificates(pulumi.ComponentResource):
    """Creates cert-manager; a self-signed root; its certificate; and the issuer `platform` that signs with it inside the cluster."""

    def __init__(self, name: str, team: Team, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:ClusterCertificates", name, {}, opts)
        self._name, self._team = name, team
        space = namespace(NAMESPACE, team=team, level="restricted", opts=pulumi.ResourceOptions(parent=self))
        values = {
            "crds": {"enabled": True},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }
        self.release = release(
            CERT_MANAGER, namespace=NAMESPACE, values=values, opts=pulumi.ResourceOptions(parent=self, depends_on=[space])
        )
        self._issuers()
        self.register_outputs({"issuer": ISSUER})

    def _issuers(self) -> None:
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.release])
        root = custom_resource(
            f"{self._name}-root",
            api=API,
            kind="ClusterIssuer",
            name="self-signed",
            team=self._team,
            spec={"selfSigned": {}},
            opts=after,
        )
        certificate = custom_resource(
            f"{self._name}-authority",
            api=API,
            kind="Certificate",
            name="platform-authority",
            namespace=NAMESPACE,
            team=self._team,
            spec={
                "isCA": True,
                "commonName": "platform-authority",
                "secretName": "platform-authority",
                "duration": "87600h",
                "privateKey": {"algorithm": "ECDSA", "size": 256},
                "issuerRef": {"name": "self-signed", "kind": "ClusterIssuer", "group": "cert-manager.io"},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[root]),
        )
        custom_resource(
            f"{self._name}-issuer",
            api=API,
            kind="ClusterIssuer",
            name=ISSUER,
            team=self._team,
            spec={"ca": {"secretName": "platform-authority"}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[certificate]),
        )


class HostCertificate(pulumi.ComponentResource):
    """Creates a certificate of AWS for one host name; the DNS record that proves the domain is ours; and waits until it is valid."""

    def __init__(self, name: str, host: str, zone_id: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:HostCertificate", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(name, domain_name=host, validation_method="DNS", opts=child)
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            name,
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            opts=child,
        )
        valid = aws.acm.CertificateValidation(name, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=child)
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})

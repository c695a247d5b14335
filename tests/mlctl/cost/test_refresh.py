"""Renewing prices against a local server that answers in the published shape of the AWS Price List API."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config

from mlctl.cost.instance_offers import EC2_FILTERS, INSTANCE_OFFERS
from mlctl.cost.offers import OFFERS
from mlctl.cost.price_file import FOLDER, load_prices
from mlctl.cost.refresh import Renewal, refresh
from mlctl.errors import ServiceError

TODAY = date(2026, 12, 1)


def product(attributes: dict[str, str], *tiers: tuple[str, str, str]) -> str:
    """One product as AWS writes it: (begin, end, USD) of each tier."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {
            "unit": "Hrs",
            "beginRange": begin,
            "endRange": end,
            "description": "d",
            "appliesTo": [],
            "rateCode": f"SKU.JRTCKXETXF.{number}",
            "pricePerUnit": {"USD": usd},
        }
        for number, (begin, end, usd) in enumerate(tiers)
    }
    term = {"priceDimensions": dimensions, "sku": "SKU", "effectiveDate": "2026-11-01T00:00:00Z", "offerTermCode": "JRTCKXETXF"}
    return json.dumps(
        {
            "product": {
                "productFamily": attributes.get("productFamily", "Compute"),
                "attributes": {name: value for name, value in attributes.items() if name != "productFamily"},
                "sku": "SKU",
            },
            "serviceCode": "s",
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": term}},
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )


class PriceList:
    """The answers of the server, and what it was asked."""

    def __init__(self) -> None:
        self.products: dict[str, list[str]] = {}
        self.asked: list[dict[str, Any]] = []
        self.page_size = 1
        self.requests = 0
        self.fault: Callable[[int], str] = lambda number: ""
        """The error of AWS that a request meets, numbered from 1; empty for none."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        filters = {one["Field"]: one["Value"] for one in request["Filters"]}
        found = [text for text in self.products.get(request["ServiceCode"], []) if _passes(text, filters)]
        start = int(request.get("NextToken", "0"))
        page = {"FormatVersion": "aws_v1", "PriceList": found[start : start + self.page_size]}
        if start + self.page_size < len(found):
            page["NextToken"] = str(start + self.page_size)
        return page


def _passes(text: str, filters: dict[str, str]) -> bool:
    """Whether a product has what is asked for; what is none has it."""
    product = json.loads(text).get("product", {}) if text.startswith("{") else {}
    attributes = product.get("attributes")
    if not isinstance(attributes, dict):
        return True
    known = {"productFamily": product.get("productFamily"), **attributes}
    return all(known.get(key) == value for key, value in filters.items())


@pytest.fixture
def price_list() -> PriceList:
    return PriceList()


@pytest.fixture
def client(price_list: PriceList) -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            price_list.requests += 1
            fault = price_list.fault(price_list.requests)
            self.send_response(400 if fault else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.end_headers()
            self.wfile.write(json.dumps({"__type": fault, "message": "no"} if fault else price_list.answer(body)).encode())

        def log_message(self, *_: object) -> None:
            """Nothing is written to the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield boto3.client(
        "pricing",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 5, "mode": "standard"}),
    )
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("services.csv", "ec2.csv"):
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


def _nat(usage: str, usd: str, region: str = "eu-west-1") -> str:
    return product({"usagetype": usage, "regionCode": region, "productFamily": "NAT Gateway"}, ("0", "Inf", usd))


def _run(client: Any, folder: Path) -> Renewal:
    return refresh(client, ["eu-west-1"], TODAY, folder)


def test_every_page_is_read_and_the_rows_are_dated(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.products["AmazonEC2"] = [_nat("EU-Other", "9"), _nat("EU-NatGateway-Bytes", "0.0500"), _nat("EU-NatGateway-Hours", "0.0500")]
    done = _run(client, folder)
    book = load_prices(folder)
    for item in ("NAT gateway", "NAT gateway data processed"):
        price = book.price("VPC", item, "eu-west-1")
        assert (price.usd, price.source, price.date) == (Decimal("0.05"), "AWS Price List API", TODAY)
    assert done.renewed == 2
    assert done.changed == [
        "VPC › eu-west-1 › NAT gateway: 0.048 → 0.05 USD",
        "VPC › eu-west-1 › NAT gateway data processed: 0.048 → 0.05 USD",
    ]
    assert book.price("VPC", "NAT gateway", "us-east-1").usd == Decimal("0.045")


def test_what_aws_does_not_answer_is_told_and_kept(client: Any, folder: Path) -> None:
    before = (folder / "services.csv").read_text()
    done = _run(client, folder)
    assert len(done.not_found) == len(OFFERS)
    assert (folder / "services.csv").read_text() == before


def test_free_tiers_are_not_prices(client: Any, price_list: PriceList, folder: Path) -> None:
    attributes = {"usagetype": "eu-west-1-KMS-Requests", "regionCode": "eu-west-1"}
    price_list.products["awskms"] = [product(attributes, ("0", "20000", "0.0000000000"), ("20000", "Inf", "0.0000030000"))]
    done = _run(client, folder)
    assert load_prices(folder).price("KMS", "symmetric requests beyond free tier", "eu-west-1").usd == Decimal("0.000003")
    assert done.changed == []


def test_instances_of_ec2_sagemaker_and_rds_are_renewed(client: Any, price_list: PriceList, folder: Path) -> None:
    common = {"regionCode": "eu-west-1"}
    price_list.products["AmazonEC2"] = [
        product({**common, "usagetype": "EU-BoxUsage:m5.xlarge", "instanceType": "m5.xlarge", **EC2_FILTERS}, ("0", "Inf", "0.2"))
    ]
    hosting = {**common, "usagetype": "EU-Host:ml.m5.large", "instanceName": "", "productFamily": "ML Instance"}
    other = {**common, "usagetype": "EU-Host:ml.m5.large-WarmPool", "productFamily": "ML Instance"}
    price_list.products["AmazonSageMaker"] = [product(hosting, ("0", "Inf", "0.13")), product(other, ("0", "Inf", "0.14"))]
    database = {
        **common,
        "usagetype": "EU-Multi-AZUsage:db.m6g.large",
        "instanceType": "db.m6g.large",
        "deploymentOption": "Multi-AZ",
        "databaseEngine": "PostgreSQL",
        "productFamily": "Database Instance",
    }
    price_list.products["AmazonRDS"] = [product(database, ("0", "Inf", "0.36"))]
    old = load_prices().instance("m5.xlarge", "eu-west-1")
    _run(client, folder)
    book = load_prices(folder)
    new = book.instance("m5.xlarge", "eu-west-1")
    assert old and new and old.spot.usd and old.on_demand.usd
    assert new.on_demand.usd == Decimal("0.2")
    assert new.spot.usd == (old.spot.usd * Decimal("0.2") / old.on_demand.usd).quantize(Decimal("0.0001"))
    assert book.price("SageMaker", "real-time hosting ml.m5.large", "eu-west-1").usd == Decimal("0.13")
    assert book.price("RDS", "PostgreSQL db.m6g.large Multi-AZ", "eu-west-1").usd == Decimal("0.36")


def test_a_price_that_jumps_is_refused(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.products["AmazonEC2"] = [_nat("EU-NatGateway-Hours", "48")]
    done = _run(client, folder)
    assert done.refused == ["VPC › eu-west-1 › NAT gateway: 0.048 → 48 USD is no change of price but of unit"]
    assert load_prices(folder).price("VPC", "NAT gateway", "eu-west-1").usd == Decimal("0.048")


def test_two_prices_for_one_item_are_refused(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.products["AmazonEC2"] = [_nat("EU-NatGateway-Hours", "0.048"), _nat("EU-NatGateway-Hours", "0.05")]
    assert _run(client, folder).refused == ["VPC › eu-west-1 › NAT gateway: AWS names 2 prices, 0.048, 0.05"]


def _nat_with(**terms: Any) -> str:
    return json.dumps({**json.loads(_nat("EU-NatGateway-Hours", "0.05")), **terms})


@pytest.mark.parametrize(
    "answer",
    [
        "not json",
        "[]",
        '{"no": "terms"}',
        '{"product": {"attributes": []}, "terms": {}}',
        _nat("EU-NatGateway-Hours", "-1"),
        _nat("EU-NatGateway-Hours", "NaN"),
        _nat("EU-NatGateway-Hours", "free"),
        _nat_with(terms=[]),
        _nat_with(terms={"OnDemand": []}),
        _nat_with(terms={"OnDemand": {"T": None}}),
        _nat_with(terms={"OnDemand": {"T": {"priceDimensions": ["0.05"]}}}),
        _nat_with(terms={"OnDemand": {"T": {"priceDimensions": {"D": "0.05"}}}}),
        _nat_with(terms={"OnDemand": {"T": {"priceDimensions": {"D": {"pricePerUnit": "0.05"}}}}}),
    ],
)
def test_nonsense_changes_nothing(client: Any, price_list: PriceList, folder: Path, answer: str) -> None:
    before = (folder / "services.csv").read_text()
    price_list.products["AmazonEC2"] = [answer]
    with pytest.raises(ServiceError, match="AWS Price List API, AmazonEC2"):
        _run(client, folder)
    assert (folder / "services.csv").read_text() == before


def test_a_refusal_of_aws_says_what_is_needed(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.fault = lambda number: "AccessDeniedException"
    with pytest.raises(ServiceError, match="pricing:GetProducts must be allowed"):
        _run(client, folder)


def test_what_names_no_price_on_demand_is_left(client: Any, price_list: PriceList, folder: Path) -> None:
    """Reserved capacity alone, another currency, no dimensions: the old row stays, and the command says so."""
    elsewhere = {"OnDemand": {"T": {"priceDimensions": {"D": {"beginRange": "0", "pricePerUnit": {"CNY": "0.3"}}}}}}
    price_list.products["AmazonEC2"] = [
        _nat_with(terms={"Reserved": {}}),
        _nat_with(terms=elsewhere),
        _nat_with(terms={"OnDemand": {"T": {}}}),
    ]
    done = _run(client, folder)
    assert "VPC › eu-west-1 › NAT gateway" in done.not_found
    assert (done.renewed, done.changed, done.refused) == (0, [], [])


def test_throttling_is_waited_out(client: Any, price_list: PriceList, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    price_list.fault = lambda number: "ThrottlingException" if number <= 2 else ""
    price_list.products["AmazonEC2"] = [_nat("EU-NatGateway-Hours", "0.05")]
    assert _run(client, folder).renewed == 1
    assert len(waits) == 2


def test_a_throttle_without_end_changes_nothing(client: Any, price_list: PriceList, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    price_list.fault = lambda number: "ThrottlingException"
    before = (folder / "services.csv").read_text()
    with pytest.raises(ServiceError, match="ThrottlingException"):
        _run(client, folder)
    assert (folder / "services.csv").read_text() == before


def test_a_page_that_expires_between_changes_nothing(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.fault = lambda number: "ExpiredNextTokenException" if number == 2 else ""
    price_list.products["AmazonEC2"] = [
        product({"usagetype": "EU-EBS:VolumeUsage.gp2", "regionCode": "eu-west-1", "volumeApiName": "gp2"}, ("0", "Inf", usd))
        for usd in ("0.11", "0.12")
    ]
    before = (folder / "services.csv").read_text()
    with pytest.raises(ServiceError, match="ExpiredNextTokenException"):
        _run(client, folder)
    assert len(price_list.asked) == 1
    assert (folder / "services.csv").read_text() == before


def test_the_region_and_the_attributes_are_sent_as_filters(client: Any, price_list: PriceList, folder: Path) -> None:
    _run(client, folder)
    asked = [
        request for request in price_list.asked if {"Type": "TERM_MATCH", "Field": "volumeApiName", "Value": "gp3"} in request["Filters"]
    ]
    assert asked
    region = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}
    dashboard = {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "Dashboard"}
    assert all((region in request["Filters"]) != (dashboard in request["Filters"]) for request in price_list.asked)


def test_every_offer_names_an_item_of_the_price_book() -> None:
    known = {(service, item) for service, _, item in load_prices().services}
    assert {(offer.service, offer.item) for offer in OFFERS} <= known


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    """AWS's own sample answer of GetProducts, as botocore ships it: the price of an io1 volume in Montreal."""
    examples = botocore.session.get_session().get_component("data_loader").load_service_model("pricing", "examples-1")
    found: dict[str, Any] = json.loads(examples["examples"]["GetProducts"][0]["output"]["PriceList"][0])
    return found


def test_the_sample_of_aws_is_understood(client: Any, price_list: PriceList, folder: Path, sample: dict[str, Any]) -> None:
    """It is from 2017: answers of today name the volume's API name and the region too, and we filter by them."""
    sample["product"]["attributes"] |= {"volumeApiName": "io1", "regionCode": "ca-central-1"}
    assert [offer.item for offer in OFFERS if offer.code == "AmazonEC2" and offer.matches(sample["product"])] == ["io1 storage"]
    price_list.products["AmazonEC2"] = [json.dumps(sample)]
    done = refresh(client, ["ca-central-1"], TODAY, folder)
    assert done.renewed == 1
    price = load_prices(folder).price("EBS", "io1 storage", "ca-central-1")
    assert (price.usd, price.unit, price.source, price.date) == (Decimal("0.138"), "GB-month", "AWS Price List API", TODAY)


@pytest.mark.parametrize(
    ("code", "usage", "more", "item"),
    [  # usage types as price lists and bills in public repositories have them
        ("AmazonEC2", "NatGateway-Hours", {"productFamily": "NAT Gateway"}, "NAT gateway"),
        ("AmazonEC2", "APN2-NatGateway-Hours", {"productFamily": "NAT Gateway"}, "NAT gateway"),
        ("AmazonEC2", "EU-RegionalNatGateway-Hours", {"productFamily": "NAT Gateway"}, None),
        ("AmazonEKS", "USE1-AmazonEKS-Hours:perCluster", {}, "cluster, standard Kubernetes support"),
        ("AmazonEKS", "APN2-AmazonEKS-Hours:extendedSupport", {}, "cluster, extended support surcharge"),
        ("AmazonVPC", "SAE1-PublicIPv4:InUseAddress", {}, "public IPv4 in use"),
        ("AmazonVPC", "EU-VpcEndpoint-Hours", {"productFamily": "VpcEndpoint"}, "interface endpoint"),
        ("awskms", "us-east-1-KMS-Keys", {"productFamily": "Encryption Key"}, "customer managed key"),
        ("awskms", "ap-southeast-1-KMS-Requests", {}, "symmetric requests beyond free tier"),
        ("awskms", "us-east-1-KMS-Requests-Asymmetric", {}, None),
        ("AWSSecretsManager", "USE1-AWSSecretsManager-Secrets", {"productFamily": "Secret"}, "secret"),
        ("AWSSecretsManager", "APS1-AWSSecretsManagerAPIRequest", {"productFamily": "API Request"}, "API calls"),
        ("AWSSecretsManager", "EU-AWSSecretsManager-APIRequests", {"productFamily": "API Request"}, "API calls"),
        ("AmazonDynamoDB", "EU-TimedStorage-ByteHrs", {"productFamily": "Database Storage"}, "storage, Standard class"),
        ("AmazonDynamoDB", "IA-TimedStorage-ByteHrs", {"productFamily": "Database Storage"}, None),
        ("AmazonCloudWatch", "USE1-DataProcessing-Bytes", {"productFamily": "Data Payload"}, "logs ingestion, standard class"),
        ("AmazonCloudWatch", "DashboardsUsageHour", {"productFamily": "Dashboard"}, "dashboard (beyond 3 free)"),
        ("AWSELB", "EU-LoadBalancerUsage", {"productFamily": "Load Balancer-Network"}, "NLB hour"),
        ("AmazonSageMaker", "FeatureStore:WriteRequestUnits", {}, "feature store write request unit"),
        ("AmazonApiGateway", "USE1-ApiGatewayHttpRequest", {"productFamily": "API Calls"}, "HTTP requests, first 300M"),
    ],
)
def test_published_usage_types_name_one_item(code: str, usage: str, more: dict[str, str], item: str | None) -> None:
    product = {"productFamily": more.get("productFamily"), "attributes": {"usagetype": usage}}
    found = [offer.item for offer in OFFERS if offer.code == code and offer.matches(product)]
    assert found == ([item] if item else [])


def test_every_offer_says_where_it_was_read() -> None:
    known = ("infracost/infracost internal/resources/aws/", "AWS SDK reference", "usage types in published")
    places = [*(offer.seen for offer in OFFERS), *(offer.seen for offer in INSTANCE_OFFERS)]
    assert [place for place in places if not place.startswith(known)] == []


def test_a_product_for_all_regions_is_asked_for_without_one(client: Any, price_list: PriceList, folder: Path) -> None:
    price_list.products["AmazonCloudWatch"] = [
        product({"usagetype": "DashboardsUsageHour", "productFamily": "Dashboard"}, ("0", "3", "0.0"), ("3", "Inf", "3.5"))
    ]
    refresh(client, ["us-east-1"], TODAY, folder)
    assert load_prices(folder).price("CloudWatch", "dashboard (beyond 3 free)", "us-east-1").usd == Decimal("3.5")
    [asked] = [one for one in price_list.asked if {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "Dashboard"} in one["Filters"]]
    assert "regionCode" not in {one["Field"] for one in asked["Filters"]}


def test_the_first_tier_that_costs_something_counts(client: Any, price_list: PriceList, folder: Path) -> None:
    attributes = {"usagetype": "EU-VpcEndpoint-Bytes", "regionCode": "eu-west-1", "productFamily": "VpcEndpoint"}
    tiers = (("5242880", "Inf", "0.004"), ("0", "1048576", "0.0110000000"), ("1048576", "5242880", "0.006"))
    price_list.products["AmazonVPC"] = [product(attributes, *tiers)]
    _run(client, folder)
    assert load_prices(folder).price("VPC", "interface endpoint data, first 1 PB", "eu-west-1").usd == Decimal("0.011")


def test_a_long_list_is_read_once_for_several_offers(client: Any, price_list: PriceList, folder: Path) -> None:
    _run(client, folder)
    assert sum(one["ServiceCode"] == "AmazonSageMaker" for one in price_list.asked) == 1

"""`mlctl prices`: the price book."""

from __future__ import annotations

from datetime import date

import click


@click.group("prices")
def command() -> None:
    """Show and refresh the price book: list prices in USD, each with its source and date."""


@command.command("show")
@click.argument("name")
@click.option("--region", default="us-east-1", show_default=True, metavar="REGION")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(name: str, region: str, form: str) -> int:
    """Show what NAME costs: an instance type (m5.xlarge, ml.m5.large, db.t4g.medium) or a part of an item's name (NAT)."""
    from mlctl.cli.main import echo_json
    from mlctl.cost.lookup import look_up
    from mlctl.cost.price_file import load_prices

    found = look_up(load_prices(), name, region)
    if form == "json":
        echo_json([line.to_json() for line in found])
    else:
        click.echo("\n".join(line.to_text() for line in found))
    return 0


@command.command("refresh")
@click.option(
    "--region", "regions", multiple=True, metavar="REGION", help="May be given several times. Default: all regions of the price book."
)
@click.option("--endpoint-url", metavar="URL", help="Another address of the Price List API: a proxy, or a recording.")
def refresh(regions: tuple[str, ...], endpoint_url: str | None) -> int:
    """Renew the prices from AWS's Price List API, with the credentials of the environment. Commit the result."""
    import boto3
    from botocore.config import Config

    from mlctl.cost.lookup import known_regions
    from mlctl.cost.price_file import load_prices
    from mlctl.cost.refresh import refresh as renew

    prices = load_prices()
    settings = Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=60)
    client = boto3.client("pricing", region_name="us-east-1", endpoint_url=endpoint_url, config=settings)
    done = renew(client, known_regions(prices, regions), date.today())
    click.echo(f"{done.renewed} prices renewed, {len(done.changed)} of them changed; {done.kept} rows kept")
    for title, lines in (("changed", done.changed), ("not found, kept", done.not_found), ("refused, kept", done.refused)):
        for line in lines:
            click.echo(f"  {title}: {line}")
    return 0

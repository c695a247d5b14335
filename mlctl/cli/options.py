"""Options that several commands have, so that they mean the same everywhere."""

from __future__ import annotations

import click

environments = click.option("--env", "names", multiple=True, metavar="NAME", help="Environment; may be given several times. Default: all.")

settings = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a key of the environments first: models.churn.version=3."
)

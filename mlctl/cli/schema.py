"""`mlctl schema`: environments/schema.json, from which editors complete the environment files."""

from __future__ import annotations

import click


@click.command("schema")
@click.option("--check", is_flag=True, help="Write nothing; fail where the file is stale.")
def command(check: bool) -> None:
    """Write environments/schema.json from the typed model."""
    from mlctl.config.schema import schema_text
    from mlctl.errors import BlockedError
    from mlctl.plan.environment import Repository

    path = Repository.find().environments / "schema.json"
    text = schema_text()
    if check:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            raise BlockedError("is stale", file=path, remedy="run mlctl schema and commit the file")
        return
    path.write_text(text, encoding="utf-8")
    click.echo(f"wrote {path}")

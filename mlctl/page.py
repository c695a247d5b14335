"""How the HTML pages are written: each needs nothing else, and everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2


def page_template(package: str, name: str, **filters: Callable[..., Any]) -> jinja2.Template:
    """A template of `<package>/templates`, which may use the filters and fails on a name it was not given."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template(name)

"""The pages escape what comes from outside, and a template's unknown name is an error."""

import jinja2
import pytest

from mlctl.page import page_template

TEMPLATES = ("mlctl.report", "check.html.j2"), ("mlctl.finops", "report.html.j2"), ("mlctl.workflow.view", "run.html.j2")


def filters() -> dict[str, object]:
    names = "usd", "signed_usd", "short_name", "signed", "percent", "seconds", "memory", "sign"
    return dict.fromkeys(names, str)


@pytest.mark.parametrize(("package", "name"), TEMPLATES)
def test_every_page_escapes(package: str, name: str) -> None:
    environment = page_template(package, name, **filters()).environment  # type: ignore[arg-type]
    assert environment.from_string("{{ given }}").render(given="<script>") == "&lt;script&gt;"


@pytest.mark.parametrize(("package", "name"), TEMPLATES)
def test_a_name_that_was_not_given_is_an_error(package: str, name: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        page_template(package, name, **filters()).render()  # type: ignore[arg-type]


def test_a_filter_that_was_not_given_is_an_error() -> None:
    with pytest.raises(jinja2.TemplateAssertionError, match="No filter named"):
        page_template("mlctl.report", "check.html.j2")

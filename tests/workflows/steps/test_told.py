from __future__ import annotations

import pytest

from ml.errors import BlockedError, InputError, ServiceError
from workflows.steps.prepare import options
from workflows.steps.told import told


@pytest.mark.parametrize(("error", "status"), [(BlockedError("no"), 1), (InputError("no", key="k"), 2), (ServiceError("no"), 3)])
def test_our_errors_are_a_line_and_a_status(error: Exception, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    @told
    def step() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        step()
    assert caught.value.code == status
    assert capsys.readouterr().err == f"{error}\n"


def test_other_errors_are_not_hidden() -> None:
    @told
    def step() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step()


def test_options_are_read() -> None:
    assert options('{"rows": 5, "start": "2025-01-01"}', "knobs") == {"rows": 5, "start": "2025-01-01"}
    assert options("", "training") == {}


@pytest.mark.parametrize("text", ["{", "[]", '"x"', '{"rowz": 1}'])
def test_options_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        options(text, "knobs")

"""Whatever happens to an environment file, what comes is one line that says what is wrong, and exit status 2."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlctl.config import load_environment
from mlctl.errors import InputError

TEXT = (Path(__file__).parents[3] / "environments" / "prod.yaml").read_text()


def corrupt(text: str, seed: int, kind: str) -> str:
    choose = random.Random(seed)
    lines = text.splitlines(keepends=True)
    at = choose.randrange(len(lines))
    if kind == "drop line":
        del lines[at]
    elif kind == "double line":
        lines.insert(at, lines[at])
    elif kind == "cut":
        return text[: choose.randrange(len(text))]
    elif kind == "swap lines":
        other = choose.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "byte":
        place = choose.randrange(len(text))
        return text[:place] + chr(choose.randrange(1, 0x2FF)) + text[place + 1 :]
    elif kind == "indent":
        lines[at] = " " * choose.randrange(1, 7) + lines[at]
    else:
        key, _, _ = lines[at].partition(":")
        lines[at] = (
            f"{key}: {choose.choice(['-1', '[]', '{}', '~', 'yes', '1e400', '!!python/object:os.system x', '&a b', '0x1F', '.nan'])}\n"
        )
    return "".join(lines)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["drop line", "double line", "cut", "swap lines", "byte", "indent", "value"]),
)
def test_corruption_ends_in_one_line(seed: int, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prod.yaml"
        path.write_text(corrupt(TEXT, seed, kind), encoding="utf-8")
        try:
            load_environment(path)
        except InputError as error:
            assert error.exit_status == 2
            assert "\n" not in str(error)
            assert str(path) in str(error)

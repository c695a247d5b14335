"""How the command line starts, ends and speaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from mlctl.cli.main import mlctl

ROOT = Path(__file__).parents[3]
MLCTL = Path(sys.executable).parent / "mlctl"


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([str(MLCTL), *arguments], cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['mlctl', '--help']\n"
        "try:\n    from mlctl.cli.main import main; main()\nexcept SystemExit: pass\n"
        "print([name for name in ('pulumi', 'pydantic', 'yaml', 'rich', 'mlflow', 'boto3', 'requests', 'hera') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_every_command_loads_and_has_help() -> None:
    context = click.Context(mlctl)
    for name in mlctl.list_commands(context):
        command = mlctl.get_command(context, name)
        assert command is not None, name
        assert command.get_short_help_str(), name


def test_an_unknown_command_is_usage() -> None:
    result = run("chek")
    assert result.returncode == 2
    assert "No such command 'chek'" in result.stderr
    assert "Traceback" not in result.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    result = run("check", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == f"error: {tmp_path}: no folders stacks/ and environments/ here or above; run inside the repository\n"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "--env", "prd"], "there is no environment 'prd'; allowed: dev, prod, staging; did you mean prod?"),
        (["plan", "--env", "dev", "--stack", "clutser"], "there is no stack 'clutser'; allowed: cluster, finops, foundation"),
        (["plan", "--from", "nowhere.json"], "nowhere.json: no such file"),
        (["plan", "--program", "nowhere"], "nowhere: no such folder"),
        (["plan", "--program", "docs"], "there is no Pulumi.yaml here"),
        (["plan", "--env", "dev", "--set", "x"], "--set: 'x' has no ="),
        (["plan", "--env", "dev", "--set", "cluster.node_pools.nope.kind=gpu"], "there is no item 'nope'; allowed: cpu-serving, cpu-batch"),
        (["plan", "--env", "dev", "--set", "network.nat=double"], "network.nat: 'double' is not allowed; allowed: 'single' or 'per_zone'"),
        (["check", "--base", "no-such-branch"], "--base: git knows no commit 'no-such-branch'"),
        (["cost", "--env", "dev", "--compare", "main~99999"], "--compare: git knows no commit 'main~99999'"),
        (["plan", "--from", "x", "--program", "y"], "--program and --from exclude each other"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("error:")]) == 1


def small_program(folder: Path, source: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (folder / "__main__.py").write_text(source)
    return folder


def test_json_stands_alone_on_standard_output(tmp_path: Path) -> None:
    program = small_program(tmp_path, "import pulumi\nprint('noise')\npulumi.export('x', 1)\n")
    result = run("plan", "--program", str(program), "--format", "json")
    assert result.returncode == 0
    assert json.loads(result.stdout)["stacks"][0]["exports"] == {"x": 1}


def test_a_program_that_fails_is_status_2_with_its_own_traceback(tmp_path: Path) -> None:
    result = run("plan", "--program", str(small_program(tmp_path, "import pulumi\nraise KeyError('vpc')\n")))
    assert result.returncode == 2
    assert "ERROR" in result.stdout
    assert "the program raised KeyError: 'vpc'" in result.stdout
    assert "raise KeyError('vpc')" in result.stdout


def test_a_saved_plan_is_read_back(tmp_path: Path) -> None:
    program = small_program(tmp_path, "import pulumi\nimport pulumi_aws as aws\naws.s3.Bucket('b')\n")
    saved = tmp_path / "plan.json"
    saved.write_text(run("plan", "--program", str(program), "--format", "json").stdout)
    again = run("plan", "--from", str(saved))
    assert again.returncode == 0
    assert "b  aws:s3/bucket:Bucket" in again.stdout


def _heed_interrupts() -> None:
    """As at a terminal: a shell starts what it runs in the background, this test run perhaps, with interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_stops_every_process(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    source = f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    command = [str(MLCTL), "plan", "--program", str(small_program(tmp_path, source))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts)
    deadline = time.monotonic() + 120
    while not (marker.exists() and marker.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "stopped"
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


def test_a_defect_of_ours_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from mlctl.cli import main as module

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(module.mlctl, "main", broken)
    with pytest.raises(SystemExit) as ended:
        module.main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: this is a defect in mlctl: RuntimeError: oops")

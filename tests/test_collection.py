"""Every file under tests/ that holds a test is collected: a test that is never run guards nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def holds_tests(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return any(function.name.startswith("test_") for function in functions)


def test_every_file_with_a_test_is_collected() -> None:
    written = {path.relative_to(TESTS.parent).as_posix() for path in TESTS.rglob("*.py") if holds_tests(path)}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "-W", "ignore", str(TESTS)]
    result = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    collected = {line.split("::")[0] for line in result.stdout.splitlines() if "::" in line}
    assert written - collected == set()

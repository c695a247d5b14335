"""`mlctl`: the table of commands, and how each one ends."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import Any, NoReturn

import click

from mlctl.errors import MlctlError

_COMMANDS = {
    "check": "Gate a pull request: plan, judge, scan, price, report.",
    "plan": "Plan the stacks, or any Pulumi Python program, without an account.",
    "policies": "List and explain the rules; write the rule pack's configuration.",
    "cost": "Estimate what the environments cost, and what would make them cheaper.",
    "prices": "Show and refresh the price book.",
    "workflow": "Run, show, render and submit workflows.",
    "model": "Promote, roll back and show models.",
    "deploy": "Preview and update the stacks with the Pulumi engine, in order, the rules always with it.",
    "github": "Comment on pull requests and keep issues up to date.",
    "evidence": "Verify and show the evidence log.",
    "finops": "Report where the money went; gate on the forecast.",
    "schema": "Write environments/schema.json from the typed model.",
    "upgrade": "Bring a fork to a newer template.",
}
"""Name → one line. The command itself is `command` in mlctl/cli/<name>.py."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"mlctl.cli.{name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ml-platform", prog_name="mlctl")
def mlctl() -> None:
    """Plan, judge, price, run and promote the machine-learning platform of this repository.

    Exit status: 0 passed, 1 something blocks, 2 the input or the program is wrong, 3 an outside service failed.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with its status. Errors are one message on standard error."""
    try:
        status = mlctl.main(args=arguments, standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Abort:
        _end("stopped", 130)
    except KeyboardInterrupt:
        _end("stopped", 130)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except MlctlError as error:
        _end(f"error: {error}", error.exit_status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        _end(_internal(error), 2)


def _internal(error: Exception) -> str:
    """A defect of ours: say so, and where, without a page of traceback."""
    if os.environ.get("MLCTL_TRACEBACK"):
        return traceback.format_exc()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"error: this is a defect in mlctl: {type(error).__name__}: {error} ({frame.filename}:{frame.lineno}); "
        "please report it with the output of the same command and MLCTL_TRACEBACK=1"
    )


def _end(message: str, status: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)


def echo_json(value: Any) -> None:
    """Print JSON alone on standard output."""
    import json

    click.echo(json.dumps(value, indent=2, default=str))

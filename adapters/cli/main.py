"""`secretary`: the command group, and the one place where errors become exit codes.

Exit 0 on success, 1 on a failure that one line on stderr explains, 2 on wrong usage.
"""

import sys
import tempfile
import traceback
from pathlib import Path

import click

from adapters import logs
from adapters.cli.console import language, warn
from bot.errors import BotError
from bot.phrases import describe, say
from knowledge.errors import KnowledgeError

COMMANDS = {
    "ask": "adapters.cli.ask:ask",
    "search": "adapters.cli.search:search",
    "ingest": "adapters.cli.ingest:ingest",
    "sync": "adapters.cli.sync:synchronize",
    "sources": "adapters.cli.sources:sources",
    "eval": "adapters.cli.evaluate:evaluate",
    "run": "adapters.cli.run:run",
    "doctor": "adapters.cli.doctor:doctor",
    "model": "adapters.cli.model:model",
    "chat": "adapters.cli.chat:chat",
    "annotate": "adapters.cli.annotate:annotate",
    "unanswered": "adapters.cli.unanswered:unanswered",
    "phrases": "adapters.cli.phrases:phrases",
    "quota": "adapters.cli.quota:quota",
    "slack": "adapters.cli.slack:slack",
    "discord": "adapters.cli.discord:discord",
    "db": "adapters.cli.db:db",
    "line": "adapters.cli.line:line",
    "export": "adapters.cli.export:export",
    "backup": "adapters.cli.backup:backup",
    "restore": "adapters.cli.backup:restore_command",
}


class LazyGroup(click.Group):
    """Imports a command when it is called: `secretary ask` need not load the web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(__import__(module, fromlist=[name]), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="secretary", prog_name="secretary")
def secretary() -> None:
    """小秘書：從你的文件回答問題並附上出處，沒有資料就說「無資料」。"""


def main() -> None:
    """The program's entry point."""
    logs.begin()
    try:
        # Without click's own handling an `Exit` comes back as its code, None as success.
        sys.exit(secretary.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        warn(say("cli.interrupted", language()))
        sys.exit(130)
    except (KnowledgeError, BotError) as error:
        warn(describe(error, language()))
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader (`| head`) has left; nothing more to say
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback on screen
        warn(say("cli.unexpected", language(), problem=_short(error), path=_report()))
        sys.exit(1)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _report() -> Path:
    """The traceback in a file of its own, for whoever has to find out."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="secretary-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    return Path(file.name)


if __name__ == "__main__":
    main()

"""`secretary doctor`: every configured part is tried for real, and each gets one line.

    finding.py   what a check found
    machine.py   Python, settings, disk, time zone, programs for old and scanned files
    stores.py    database, knowledge, its folders, the last backup
    models.py    an embedding and a model's first words
    remote.py    one call to somebody else's API, and what a refusal means
    services.py  LINE, Slack, Discord and Notion, each asked who the token belongs to

A check that fails stops no other.
"""

from collections.abc import Iterator

from adapters.doctor import machine, models, services, stores
from adapters.doctor.finding import Check, Finding, found
from adapters.settings import Settings
from bot.errors import BotError
from bot.phrases import describe
from knowledge.errors import KnowledgeError

__all__ = ["Finding", "examine"]

_CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", machine.python),
    ("settings", machine.settings),
    ("disk", machine.disk),
    ("clock", machine.clock),
    ("database", stores.database),
    ("embedding", models.embedding),
    ("knowledge", stores.knowledge),
    ("folders", stores.folders),
    ("backup", stores.backup),
    ("model", models.model),
    ("formats", machine.formats),
)


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding after the other, as each is known."""
    for name, check in (*_CHECKS, *services.configured(settings)):
        try:
            finding = check(settings)
        except (KnowledgeError, BotError) as error:
            finding = found(settings, name, "error")(describe(error, settings.bot_language))
        if finding is not None:
            yield finding

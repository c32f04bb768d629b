"""The Bolt app: which payload goes to which door, and when it is acknowledged.

Bolt acknowledges events before it runs their listener, so that a crash in between would lose
one. `process_before_response` turns that round: the answer to Slack is what the listener left
behind, and a listener that raised leaves a 500, which in Socket Mode is no acknowledgement at
all. Our listeners are quick: they write down, and the work comes after by itself.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import annotate
from adapters.slack.client import logger
from adapters.slack.door import Door
from adapters.slack.forms import Forms
from adapters.slack.inbound import event_of, invoked, tapped
from adapters.slack.invoking import Invoking
from bot.errors import BotError
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_ANY = re.compile(r".*", re.DOTALL)
_OURS = re.compile(r"^secretary:")


def bolt_app(
    identity: Mapping[str, Any], base_url: str, door: Door, invoking: Invoking, forms: Forms
) -> AsyncApp:
    """`identity` is what `auth.test` said: no event waits for it to be asked again."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=identity.get("enterprise_id"),
            team_id=identity.get("team_id"),
            bot_id=identity.get("bot_id"),
            bot_user_id=identity.get("user_id"),
        )

    app = AsyncApp(
        name="secretary",
        logger=logger("bolt", logging.ERROR),
        signing_secret="",
        request_verification_enabled=False,  # `webhook` has seen to it, on the raw bytes
        client=AsyncWebClient(base_url=base_url, logger=logger("web")),
        authorize=authorize,
        process_before_response=True,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    _listen(app, str(identity.get("user_id")), door, invoking, forms)
    app.error(_not_taken)
    return app


def _listen(app: AsyncApp, bot_user: str, door: Door, invoking: Invoking, forms: Forms) -> None:
    @app.event(_ANY)
    async def _event(body: dict[str, Any]) -> None:
        event = event_of(body, bot_user)
        if event is None:
            log.debug("nothing for us: %s", (body.get("event") or {}).get("type"))
        else:
            await door.take(event)

    @app.command(_ANY)
    async def _command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await invoking.command(invoked(body))
        await ack()

    @app.action(_OURS)
    async def _tap(ack: AsyncAck, body: dict[str, Any]) -> None:
        await invoking.tap(tapped(body))
        await ack()

    @app.shortcut(annotate.SHORTCUT)
    async def _shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        await forms.open_for_message(tapped(body))
        await ack()

    @app.view(annotate.CALLBACK)
    async def _form(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(**await forms.sent_in(body))

    async def _ignored(ack: AsyncAck, body: dict[str, Any]) -> None:
        """Of another version, or of links that are buttons."""
        log.debug("nothing for us: %s", body.get("type"))
        await ack()

    app.action(_ANY)(_ignored)
    app.shortcut(_ANY)(_ignored)
    app.view(_ANY)(_ignored)


async def _not_taken(error: Exception, body: dict[str, Any]) -> None:
    """Not acknowledged, so that Slack delivers it once more."""
    kind = body.get("type") or body.get("command")
    if isinstance(error, KnowledgeError | BotError):
        log.warning("%s not taken in: %s %s", kind, error.code, error.detail)
    else:
        log.error("%s not taken in", kind, exc_info=error)

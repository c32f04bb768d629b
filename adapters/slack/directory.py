"""Names and languages of people, which events do not bring along.

Looked up beside the work: whoever is new is a number for their first message.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import TROUBLES, code_of

log = logging.getLogger(__name__)

FRESH_S = 3600.0
MOST = 10_000
"""People in memory."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str | None = None
    language: str | None = None
    """One that the bot speaks."""


_NOBODY = Person()


class Directory:
    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._known: OrderedDict[str, tuple[float, Person]] = OrderedDict()
        self._looking: dict[str, asyncio.Task[None]] = {}

    def known(self, user: str) -> Person:
        """What is known by now; asks for more in the background."""
        since, person = self._known.get(user, (float("-inf"), _NOBODY))
        if time.monotonic() - since > FRESH_S and user not in self._looking:
            task = asyncio.create_task(self._look_up(user))
            self._looking[user] = task
            task.add_done_callback(lambda _: self._looking.pop(user, None))
        return person

    async def close(self) -> None:
        for task in list(self._looking.values()):
            task.cancel()

    async def _look_up(self, user: str) -> None:
        person = _NOBODY
        try:
            found = await self._web.users_info(user=user, include_locale=True)
            person = _person(found.get("user") or {})
        except TROUBLES as error:
            log.debug("nothing known of %s: %s", user, code_of(error))
        self._known[user] = (time.monotonic(), person)
        self._known.move_to_end(user)
        while len(self._known) > MOST:
            self._known.popitem(last=False)


def _person(user: dict[str, object]) -> Person:
    profile = user.get("profile")
    shown = profile.get("display_name") if isinstance(profile, dict) else None
    name = shown or user.get("real_name") or user.get("name")
    return Person(str(name) if name else None, language_of(str(user.get("locale") or "")))


def language_of(locale: str) -> str | None:
    """`zh-TW`, `en-US` … as the bot's languages are called."""
    return {"zh": "zh-TW", "en": "en"}.get(locale.partition("-")[0].lower())

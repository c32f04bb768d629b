"""Who is an admin here: the ids in SLACK_ADMINS, and the members of the user groups among them.

Being an admin of the workspace counts for nothing: running Slack is another job.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import TROUBLES, code_of
from bot.admins import Admins

log = logging.getLogger(__name__)

FRESH_S = 300.0
"""How late a change of a group is noticed."""
RETRY_S = 30.0
"""After a group could not be read. Meanwhile nobody is an admin by it: a right that cannot be
looked up is not there."""
PATIENCE_S = 1.5
"""Events wait for this before they are acknowledged."""


class Roles:
    def __init__(
        self,
        web: AsyncWebClient,
        listed: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = web
        self._users = frozenset(id_ for id_ in listed if not id_.startswith("S"))
        self._groups = sorted(listed - self._users)
        self._members: frozenset[str] = frozenset()
        self._look_again = float("-inf")
        self._looking = asyncio.Lock()
        self._clock = clock

    async def is_admin(self, user: str, paired: Admins) -> bool:
        """As of this moment, or a few minutes ago. Raises LedgerError."""
        if user in self._users:
            return True
        if self._groups and user in await self._in_groups():
            return True
        return await asyncio.to_thread(paired.is_admin, "slack", user)

    async def _in_groups(self) -> frozenset[str]:
        async with self._looking:
            if self._clock() >= self._look_again:
                self._members, fresh_for = await self._read()
                self._look_again = self._clock() + fresh_for
        return self._members

    async def _read(self) -> tuple[frozenset[str], float]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                found = [
                    await self._web.usergroups_users_list(usergroup=group) for group in self._groups
                ]
        except TROUBLES as error:
            log.warning("the user groups in SLACK_ADMINS cannot be read: %s", code_of(error))
            return frozenset(), RETRY_S
        return frozenset(user for one in found for user in one.get("users") or ()), FRESH_S

"""Notion's API as far as reading goes: paced, patient, and with errors of ours.

notion-client 3.1 retries little and knows no 529, so its own retries are off. Everything
asked here only reads, hence may be asked again.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx
from notion_client import Client
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from knowledge.errors import DocumentError

VERSION = "2026-03-11"
"""Of the API, pinned: the page-Markdown endpoint needs it."""
PER_SECOND = 3.0
ATTEMPTS = 6
LONGEST_WAIT_S = 600.0
"""A Retry-After may exceed a minute; beyond this the next sync is a better time."""
_BUSY = frozenset({429, 500, 502, 503, 504, 529})
_TIMEOUT_MS = 60_000
_PAGE = 100

Json = dict[str, Any]


class Gone(DocumentError):
    """404: deleted, or no longer shared with the integration; Notion does not tell which."""


class NotionApi:
    """One connection; for one thread. `pause` is what waits, in seconds.

    Raises DocumentError: `notion.token`, `notion.capability`, `notion.rejected`,
    `notion.unavailable`, and `Gone` (`notion.gone`).
    """

    def __init__(
        self,
        token: str,
        base_url: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        per_second: float = PER_SECOND,
    ) -> None:
        quiet = logging.getLogger("notion_client")
        self._client = Client(
            auth=token,
            base_url=base_url.rstrip("/"),
            notion_version=VERSION,
            timeout_ms=_TIMEOUT_MS,
            retry=False,
            logger=quiet,
            log_level=logging.CRITICAL,
        )
        self._base_url = base_url
        self._pause = pause
        self._gap = 1 / per_second
        self._free_at = 0.0

    def close(self) -> None:
        self._client.close()

    # -- what can be asked -----------------------------------------------------------------

    def search(self, kind: Literal["page", "data_source"]) -> Iterator[Json]:
        """All that the integration can see, as far as Notion's index knows: oldest edit first,
        so that what is edited meanwhile moves to the end and is met twice, not missed."""
        sort = {"direction": "ascending", "timestamp": "last_edited_time"}
        where = {"property": "object", "value": kind}
        return self._paged(
            lambda **at: self._client.search(filter=where, sort=sort, page_size=_PAGE, **at)
        )

    def rows(self, data_source_id: str) -> Iterator[Json]:
        query = self._client.data_sources.query
        return self._paged(lambda **at: query(data_source_id, page_size=_PAGE, **at))

    def children(self, block_id: str) -> Iterator[Json]:
        listed = self._client.blocks.children.list
        return self._paged(lambda **at: listed(block_id, page_size=_PAGE, **at))

    def property_items(self, page_id: str, property_id: str) -> Iterator[Json]:
        retrieve = self._client.pages.properties.retrieve
        return self._paged(lambda **at: retrieve(page_id, property_id, page_size=_PAGE, **at))

    def page(self, page_id: str) -> Json:
        return self._ask(lambda: self._client.pages.retrieve(page_id))

    def database(self, database_id: str) -> Json:
        return self._ask(lambda: self._client.databases.retrieve(database_id))

    def data_source(self, data_source_id: str) -> Json:
        return self._ask(lambda: self._client.data_sources.retrieve(data_source_id))

    def block(self, block_id: str) -> Json:
        return self._ask(lambda: self._client.blocks.retrieve(block_id))

    def markdown(self, page_or_block_id: str) -> Json:
        return self._ask(lambda: self._client.pages.retrieve_markdown(page_or_block_id))

    # -- how it is asked -------------------------------------------------------------------

    def _paged(self, ask: Callable[..., Any]) -> Iterator[Json]:
        at: dict[str, str] = {}
        while True:
            answer = self._ask(lambda at=at: ask(**at))  # type: ignore[misc]
            yield from answer.get("results", [])
            cursor = answer.get("next_cursor")
            if not answer.get("has_more"):
                return
            if not cursor or cursor == at.get("start_cursor"):
                raise self._unavailable("has_more without a next_cursor")
            at = {"start_cursor": cursor}

    def _ask(self, request: Callable[[], Any]) -> Json:
        problem = "?"
        for attempt in range(ATTEMPTS):
            self._take_turn()
            try:
                return dict(request())
            except HTTPResponseError as error:
                if error.status not in _BUSY:
                    raise self._refusal(error) from error
                problem, wait = f"HTTP {error.status}", retry_after(error.headers)
            except (RequestTimeoutError, httpx.TransportError) as error:
                problem, wait = type(error).__name__, None
            except ValueError as error:  # an answer that is no JSON
                problem, wait = type(error).__name__, None
            delay = 2.0**attempt * (0.5 + random.random() / 2) if wait is None else wait
            if delay > LONGEST_WAIT_S:
                break
            if attempt < ATTEMPTS - 1:
                self._pause(delay)
        raise self._unavailable(problem)

    def _take_turn(self) -> None:
        now = time.monotonic()
        if now < self._free_at:
            self._pause(self._free_at - now)
        self._free_at = max(now, self._free_at) + self._gap

    def _refusal(self, error: HTTPResponseError) -> DocumentError:
        if error.status == 401:
            return DocumentError("notion.token")
        if error.status == 403:
            return DocumentError("notion.capability")
        if error.status == 404:
            return Gone("notion.gone")
        message = str(error).splitlines()[0][:200] if str(error) else ""
        return DocumentError("notion.rejected", problem=f"HTTP {error.status}: {message}")

    def _unavailable(self, problem: str) -> DocumentError:
        return DocumentError("notion.unavailable", url=self._base_url, problem=problem)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; given as such or as a date."""
    value = (headers.get("retry-after") or "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None

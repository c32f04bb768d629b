"""Calls to a Qdrant server: its errors become ours, and some are worth another try."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from knowledge.errors import StoreError

T = TypeVar("T")

PATIENCE: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries: a server that is restarted is back within them."""
_PASSING: Final = frozenset({"429", "502", "503", "504"})


@dataclass(frozen=True, slots=True)
class Calls:
    """About one collection on the server at `url`."""

    url: str
    api_key: str | None
    collection: str
    patience: Sequence[float] = PATIENCE

    def patiently(self, call: Callable[[], T]) -> T:
        """For what may be done again without harm: tries until patience runs out."""
        for delay in self.patience:
            try:
                return self.once(call)
            except StoreError as error:
                is_away = error.code == "store.unreachable" and error.detail.get("passing") == "yes"
                if not is_away and error.detail.get("status") not in _PASSING:
                    raise
                time.sleep(delay)
        return self.once(call)

    def once(self, call: Callable[[], T]) -> T:
        """Makes the call, once more after a broken connection."""
        try:
            try:
                return call()
            except ResponseHandlingException as error:
                # A server that was restarted has closed the connections we kept.
                if not isinstance(error.source, (httpx.ReadError, httpx.RemoteProtocolError)):
                    raise
                return call()
        except UnexpectedResponse as error:
            raise self._refusal(error) from None
        except (ResponseHandlingException, httpx.HTTPError, OSError) as error:
            source = getattr(error, "source", error)
            passing = "yes" if isinstance(source, httpx.TransportError) else "no"
            raise self._unreachable(f"{type(source).__name__}: {source}", passing) from None
        except ValueError as error:  # a URL or a key that cannot be sent
            raise self._unreachable(str(error), "no") from None

    def _unreachable(self, detail: str, passing: str) -> StoreError:
        shown, detail = without_secrets(self.url), self._clean(detail)
        return StoreError("store.unreachable", url=shown, detail=detail, passing=passing)

    def _refusal(self, error: UnexpectedResponse) -> StoreError:
        text = self._clean(error.content.decode("utf-8", "replace")[:300])
        status = str(error.status_code)
        if error.status_code in (401, 403):
            return StoreError("store.rejected", url=without_secrets(self.url))
        if error.status_code == 404:
            return StoreError("store.missing", collection=self.collection)
        if error.status_code == 507 or "No space left" in text:
            return StoreError("disk.full", path=without_secrets(self.url), detail=text)
        return StoreError("store.failed", detail=f"HTTP {status}: {text}", status=status)

    def _clean(self, text: str) -> str:
        return text.replace(self.api_key, "***") if self.api_key else text


def without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "QDRANT_URL"
    return f"{parts.scheme}://{parts.hostname}{port}"

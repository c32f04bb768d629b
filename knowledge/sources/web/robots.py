"""What a site lets us read: its robots.txt, asked once a run."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from knowledge.errors import DocumentError
from knowledge.sources.fetching import AGENT, Fetcher

LONGEST_DELAY_S = 10.0
"""Of what a site may ask for between two requests."""
_NAME = AGENT.partition("/")[0]


@dataclass(slots=True)
class Robots:
    """`pause` waits, in seconds."""

    fetcher: Fetcher
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _rules: dict[str, Protego] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def allows(self, url: str) -> bool:
        """Raises DocumentError `web.robots_unknown` where the site cannot say."""
        return bool(self._of(url).can_fetch(url, _NAME))

    def wait(self, url: str) -> None:
        """Until the site wants to be asked again."""
        origin = _origin(url)
        delay = min(float(self._of(url).crawl_delay(_NAME) or 0), LONGEST_DELAY_S)
        since = self.clock() - self._last.get(origin, -LONGEST_DELAY_S)
        if since < delay:
            self.pause(delay - since)
        self._last[origin] = self.clock()

    def _of(self, url: str) -> Protego:
        origin = _origin(url)
        if origin not in self._rules:
            self._rules[origin] = Protego.parse(self._asked(origin))
        return self._rules[origin]

    def _asked(self, origin: str) -> str:
        """A site without the file has no wishes; one that fails has said nothing yet."""
        found = self.fetcher.get(f"{origin}/robots.txt")
        if found.status >= 500 or found.status == 429:
            raise DocumentError("web.robots_unknown", source=origin, status=str(found.status))
        return found.content.decode("utf-8", "replace") if found.status == 200 else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

"""A public address for trying things out: `secretary run --tunnel ngrok`, through pyngrok."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from adapters.line.inbound import NAME as LINE
from adapters.line.settings import line_settings
from adapters.settings import Settings
from bot.errors import BotError
from bot.phrases import describe, say

Tell = Callable[[str], None]
_PUBLIC = "/line/webhook"
_POLICY = {
    "on_http_request": [
        {
            "expressions": [f"req.url.path != '{_PUBLIC}'"],
            "actions": [{"type": "deny", "config": {"status_code": 404}}],
        }
    ]
}
"""Only what LINE posts to is seen from outside; the chat page and the console are not."""
_NO_TOKEN = ("ERR_NGROK_4018", "ERR_NGROK_105", "ERR_NGROK_107", "authtoken")


@dataclass(frozen=True, slots=True)
class Tunnel:
    url: str
    close: Callable[[], None]


@contextmanager
def tunnelled(settings: Settings, port: int, tell: Tell) -> Iterator[None]:
    """While the program runs; LINE is told where it is, if it is on. Raises as `open_tunnel`."""
    opened = open_tunnel(port, settings)
    try:
        tell(say("tunnel.open", settings.bot_language, url=opened.url))
        if LINE in settings.platforms():
            tell(_tell_line(settings, opened.url))
        yield
    finally:
        opened.close()


def _tell_line(settings: Settings, url: str) -> str:
    """What came of it; without a webhook the rest of the program works all the same."""
    from adapters.line.setup import opened  # the SDK takes half a second to import

    try:
        with opened(line_settings(settings)) as there:
            address = there.set_webhook(url)
    except BotError as error:
        return describe(error, settings.bot_language)
    return say("tunnel.line", settings.bot_language, url=address)


def open_tunnel(port: int, settings: Settings) -> Tunnel:
    """Starts ngrok before this port, which takes seconds; the first time it is downloaded.

    Raises BotError `tunnel.extra_missing`, `tunnel.token`, `tunnel.failed`.
    """
    try:
        from pyngrok import conf, ngrok
        from pyngrok.exception import PyngrokError
    except ModuleNotFoundError as error:
        raise BotError("tunnel.extra_missing") from error
    config = conf.PyngrokConfig(auth_token=settings.ngrok_authtoken)
    if settings.ngrok_authtoken:  # else the one that ngrok itself was given once
        config.config_path = str((settings.data_dir / "ngrok.yml").absolute())
    options: dict[str, Any] = {"traffic_policy": _POLICY}
    if settings.ngrok_domain:
        options["url"] = f"https://{settings.ngrok_domain}"
    try:
        opened = ngrok.connect(f"127.0.0.1:{port}", "http", pyngrok_config=config, **options)
    except (PyngrokError, OSError) as error:
        ngrok.kill(config)
        raise _problem(str(error)) from error
    return Tunnel(str(opened.public_url), lambda: ngrok.kill(config))


def _problem(said: str) -> BotError:
    if any(sign in said for sign in _NO_TOKEN):
        return BotError("tunnel.token", variable="NGROK_AUTHTOKEN")
    return BotError("tunnel.failed", problem=" ".join(said.split())[:200])

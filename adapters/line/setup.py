"""What is done on LINE's side once: the webhook's address and the admins' rich menu.

Through LINE's own SDK, whose client may take its time here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from linebot.v3.messaging import (
    ApiClient,
    Configuration,
    MessagingApi,
    MessagingApiBlob,
    RichMenuRequest,
    SetWebhookEndpointRequest,
    TestWebhookEndpointRequest,
)
from linebot.v3.messaging.exceptions import ApiException
from urllib3.exceptions import HTTPError

from adapters.line.menu import NAME as MENU
from adapters.line.menu import labels_of, menu, picture
from adapters.line.settings import API, LineSettings
from bot.errors import BotError
from bot.phrases import Say

PATH = "/line/webhook"
_TIMEOUT_S = 20.0


class LineSetup:
    """Use within `opened`. Every method raises BotError `platform.token`, `line.refused`,
    `platform.unreachable`."""

    def __init__(self, client: ApiClient) -> None:
        self._api = MessagingApi(client)
        self._blobs = MessagingApiBlob(client)

    def name(self) -> str:
        with _plain():
            info = self._api.get_bot_info(_request_timeout=_TIMEOUT_S)
        return f"{info.display_name} {info.basic_id}"

    def webhook(self) -> str | None:
        """The address that LINE posts to now."""
        try:
            with _plain():
                return self._api.get_webhook_endpoint(_request_timeout=_TIMEOUT_S).endpoint or None
        except BotError as error:
            if error.detail.get("status") == "404":  # never set
                return None
            raise

    def set_webhook(self, url: str) -> str:
        """Gives the whole address. `url` may stop before the path."""
        address = url.rstrip("/")
        if not address.startswith("https://"):
            raise BotError("line.https", url=url)
        if not address.endswith(PATH):
            address += PATH
        with _plain():
            asked = SetWebhookEndpointRequest(endpoint=address)
            self._api.set_webhook_endpoint(asked, _request_timeout=_TIMEOUT_S)
        return address

    def try_webhook(self, address: str) -> str | None:
        """LINE posts an empty body there. None where that works, else what LINE says of it."""
        with _plain():
            asked = TestWebhookEndpointRequest(endpoint=address)
            tried = self._api.test_webhook_endpoint(asked, _request_timeout=_TIMEOUT_S)
        return None if tried.success else f"{tried.reason} {tried.detail}".strip()

    def make_menu(self, admins: Iterable[str], say: Say, language: str, prefix: str) -> list[str]:
        """Replaces the one of an earlier time. Gives those whom LINE does not know as friends."""
        with _plain():
            for old in self._api.get_rich_menu_list(_request_timeout=_TIMEOUT_S).richmenus or ():
                if old.name == MENU:
                    self._api.delete_rich_menu(old.rich_menu_id, _request_timeout=_TIMEOUT_S)
            wanted = RichMenuRequest.from_dict(menu(say, language, prefix))
            made = self._api.create_rich_menu(wanted, _request_timeout=_TIMEOUT_S).rich_menu_id
            self._blobs.set_rich_menu_image(
                made,
                picture(labels_of(say, language)),
                _headers={"Content-Type": "image/png"},
                _request_timeout=_TIMEOUT_S,
            )
        return [admin for admin in admins if not self._linked(admin, made)]

    def _linked(self, admin: str, menu_id: str) -> bool:
        try:
            with _plain():
                self._api.link_rich_menu_id_to_user(admin, menu_id, _request_timeout=_TIMEOUT_S)
        except BotError as error:
            if error.detail.get("status") not in ("400", "404"):
                raise
            return False
        return True

    def pushes(self) -> tuple[int, int | None]:
        """Used of this month's messages; and their limit, None where there is none."""
        with _plain():
            quota = self._api.get_message_quota(_request_timeout=_TIMEOUT_S)
            used = self._api.get_message_quota_consumption(_request_timeout=_TIMEOUT_S)
        return used.total_usage, quota.value if quota.type == "limited" else None


@contextmanager
def opened(settings: LineSettings) -> Iterator[LineSetup]:
    # With a host of its own the SDK fetches and sends pictures there as well.
    host = None if settings.api_base == API else settings.api_base
    with ApiClient(Configuration(access_token=settings.token, host=host)) as client:
        yield LineSetup(client)


@contextmanager
def _plain() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if error.status in (401, 403):
            variable = "LINE_CHANNEL_ACCESS_TOKEN"
            raise BotError("platform.token", platform="line", variable=variable) from error
        problem = str(error.reason or "")
        raise BotError("line.refused", status=str(error.status), problem=problem) from error
    except HTTPError as error:
        problem = type(error).__name__
        raise BotError("platform.unreachable", platform="line", problem=problem) from error

"""Who may use /v1: with keys, whoever has one; without, this machine and nobody's web page."""

import httpx
import pytest

from tests.support.v1_client import PATH, asking, body


async def status(http: httpx.AsyncClient, **headers: str) -> tuple[int, str | None]:
    reply = await http.post(
        PATH, json=body(), headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return reply.status_code, reply.json().get("error", {}).get("code")


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
async def test_without_keys_this_machine_may_ask(client: str, base: str) -> None:
    with asking(client=client, base=base) as http:
        assert await status(http) == (200, None)


@pytest.mark.parametrize(
    "client", ["192.168.1.7", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "testclient"]
)
async def test_without_keys_nobody_else_may(client: str) -> None:
    with asking(client=client, http_host="0.0.0.0") as http:
        assert await status(http) == (403, "keys_needed")
        reply = await http.get("/v1/models")
    assert reply.status_code == 403
    assert "API_KEYS" in reply.json()["error"]["message"]


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip"])
async def test_without_keys_a_proxy_on_this_machine_opens_nothing(header: str) -> None:
    with asking() as http:
        assert await status(http, **{header: "for=203.0.113.9"}) == (403, "keys_needed")


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example", "[", ""])
async def test_without_keys_a_rebound_name_is_refused(host: str) -> None:
    with asking() as http:
        assert await status(http, host=host) == (421, "unknown_host")


async def test_the_configured_host_name_is_ours() -> None:
    with asking(http_host="Shop.local") as http:
        assert await status(http, host="shop.local:8000") == (200, None)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:8001"]
)
async def test_without_keys_another_site_may_not_post(origin: str) -> None:
    with asking() as http:
        assert await status(http, origin=origin) == (403, "foreign_origin")


async def test_the_page_itself_may_post() -> None:
    with asking() as http:
        assert await status(http, origin="http://127.0.0.1:8000") == (200, None)


KEYS = ("right", "other")


@pytest.mark.parametrize(
    ("sent", "code"),
    [("", "missing_api_key"), ("Basic right", "missing_api_key"), ("Bearer ", "missing_api_key")]
    + [(f"Bearer {key}", "invalid_api_key") for key in ("wrong", "rightright", "right,other")],
)
async def test_with_keys_a_request_needs_one(sent: str, code: str) -> None:
    with asking(api_keys=KEYS) as http:
        assert await status(http, authorization=sent) == (401, code)
        reply = await http.get("/v1/models", headers={"Authorization": sent})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("key", ["right", "other"])
async def test_with_keys_any_machine_with_one_may_ask(key: str) -> None:
    with asking(client="203.0.113.9", base="https://bot.example", api_keys=KEYS) as http:
        assert await status(
            http, authorization=f"bearer {key}", origin="https://other.example"
        ) == (200, None)


async def test_a_key_need_not_be_ascii() -> None:
    with asking(api_keys=("鑰匙",)) as http:
        reply = await http.get("/v1/models", headers=[(b"Authorization", "Bearer 鑰匙".encode())])
    assert reply.status_code == 200

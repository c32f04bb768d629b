"""`secretary discord`: the address that invites the bot, and the first admin's code."""

import base64
import re
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import discord

from bot.admins import Admins
from bot.messages import Author
from bot.storage import open_storage
from knowledge.ledger import sqlite_url
from tests.support.program import Done, Home

TOKEN = f"{base64.b64encode(b'1575772716881936400').decode().rstrip('=')}.abc.def"


def run(home: Path, *arguments: str, token: str = TOKEN) -> Done:
    return Home(home, {"DISCORD_TOKEN": token})("discord", *arguments)


def test_the_address_asks_for_what_the_bot_uses(tmp_path: Path) -> None:
    made = run(tmp_path, "invite")
    assert made.code == 0
    (url,) = re.findall(r"https://\S+", made.out)
    asked = parse_qs(urlsplit(url).query)
    assert asked["client_id"] == ["1575772716881936400"]
    assert asked["scope"] == ["bot applications.commands"]
    granted = {name for name, may in discord.Permissions(int(asked["permissions"][0])) if may}
    assert granted == {
        "read_messages", "send_messages", "embed_links", "read_message_history",
        "send_messages_in_threads",
    }  # fmt: skip


def test_a_token_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    made = run(tmp_path, "invite", token="not-a-token")
    assert made.code == 1
    assert "DISCORD_TOKEN" in made.sentence
    assert "not-a-token" not in made.sentence


def test_a_code_makes_an_admin_once(tmp_path: Path) -> None:
    made = run(tmp_path, "pair")
    assert made.code == 0
    code = made.out.split("/pair ")[1].split("，")[0].strip()
    with closing(open_storage(sqlite_url(tmp_path / "data"))) as storage:
        admins = Admins(storage, lambda: datetime.now(ZoneInfo("Asia/Taipei")))
        assert admins.pair(Author("discord", "5"), code)
        assert not admins.pair(Author("discord", "6"), code)

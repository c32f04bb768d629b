"""LINE is set up from the terminal: admins, webhook, menu, and what is wrong in one sentence."""

from pathlib import Path

import httpx

from bot.admins import Admins
from bot.messages import Author
from bot.phrases import say
from bot.storage import open_storage
from knowledge.ledger import now, sqlite_url
from tests.support.fake_ngrok import URL, asked, install
from tests.support.line_events import user
from tests.support.line_server import LineServer, threaded
from tests.support.program import Home, finish, free_port, is_alive, until

ANN, BOSS = user("ann"), user("boss")


def home_for(folder: Path, line: LineServer, **more: str) -> Home:
    keys = {"LINE_CHANNEL_SECRET": line.secret, "LINE_CHANNEL_ACCESS_TOKEN": line.token}
    return Home(folder, {**keys, "LINE_API_BASE": line.url, **more})


def test_the_webhook_is_set_and_tried_and_the_admins_get_their_menu(tmp_path: Path) -> None:
    with threaded() as line:
        home = home_for(tmp_path, line, LINE_ADMINS=BOSS)
        done = home("line", "setup", "--url", "https://bot.leaf.example/")
        assert (done.code, done.err) == (0, "")
        assert line.webhook == "https://bot.leaf.example/line/webhook"
        assert done.out.splitlines() == [
            say("cli.line_name", name="葉脈小幫手 @leaf"),
            say("cli.line_webhook", url=line.webhook),
            say("cli.line_menu", count=1),
        ]
        (menu_id,) = line.menus
        assert line.linked == {BOSS: menu_id}
        assert line.pictures[menu_id].startswith(b"\x89PNG")
        assert home("line", "setup").code == 0
        assert len(line.menus) == 1, "the old menu goes when there is a new one"
        assert home("line", "check").code == 0
        assert line.refused == []


def test_the_first_admin_pairs_with_a_code_for_one_use(tmp_path: Path) -> None:
    with threaded() as line:
        home = home_for(tmp_path, line)
        said = home("line", "pair").out.strip()
        code = said.rpartition(" ")[2]
        assert said == say("cli.line_pair", p="", secret=code)
        storage = open_storage(sqlite_url(home.data))
        admins = Admins(storage, now)
        assert not admins.pair(Author("line", ANN), "WRONG")
        assert admins.pair(Author("line", ANN), code.lower())
        assert not admins.pair(Author("line", BOSS), code)
        storage.close()
        setup = home("line", "setup")
        assert line.linked.keys() == {ANN}
        assert say("cli.line_no_webhook") in setup.err


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    with threaded() as line:
        assert Home(tmp_path)("line", "setup").sentence == say("line.off")
        home = home_for(tmp_path, line)
        refused = home("line", "setup", LINE_CHANNEL_ACCESS_TOKEN="stolen")
        variable = "LINE_CHANNEL_ACCESS_TOKEN"
        assert refused.code == 1
        assert refused.sentence == say("platform.token", platform="line", variable=variable)
        plain = home("line", "setup", "--url", "http://bot.leaf.example")
        assert plain.sentence == say("line.https", url="http://bot.leaf.example")
        line.webhook_answers = False
        away = home("line", "setup", "--url", "https://bot.leaf.example")
        assert away.code == 1
        assert "COULD_NOT_CONNECT" in away.sentence
        line.fail("/info", 500, "an error on our side")
        assert "500" in home("line", "check").sentence


def test_whoever_is_no_friend_of_the_account_is_named(tmp_path: Path) -> None:
    with threaded() as line:
        line.fail(f"/user/{BOSS}/richmenu/richmenu-1", 404, "Not found")
        home = home_for(tmp_path, line, LINE_ADMINS=f"{BOSS},{ANN}")
        done = home("line", "setup", "--url", "https://bot.leaf.example")
        assert done.code == 0
        assert say("cli.line_menu", count=1) in done.out
        assert done.sentence == say("cli.line_strangers", ids=BOSS)


def test_a_tunnel_is_opened_for_line_s_path_alone_and_line_is_told(tmp_path: Path) -> None:
    ngrok = install(tmp_path)
    with threaded() as line:
        home = home_for(tmp_path, line, PYNGROK_NGROK_PATH=str(ngrok), NGROK_AUTHTOKEN="2secret")
        port = free_port()
        process = home.start("run", "--tunnel", "ngrok", HTTP_PORT=str(port))
        try:
            until(lambda: line.webhook is not None, alive=process)
            assert line.webhook == f"{URL}/line/webhook"
            started, opened = asked(tmp_path)
            assert started["arguments"][-2:] == ["--authtoken", "2secret"]
            assert f"127.0.0.1:{port}" in str(opened["body"])
            (rule,) = opened["body"]["traffic_policy"]["on_http_request"]
            assert rule["expressions"] == ["req.url.path != '/line/webhook'"]
            with httpx.Client(trust_env=False) as client:
                url = f"http://127.0.0.1:{port}/line/webhook"
                until(lambda: _status(client, url) == 401, alive=process)
        finally:
            process.terminate()
            done = finish(process)
        assert done.code == 0
        assert say("tunnel.open", url=URL) in done.err
        assert "2secret" not in done.err
        until(lambda: not is_alive(started["pid"]))


def _status(client: httpx.Client, url: str) -> int | None:
    try:
        return client.post(url).status_code
    except httpx.TransportError:
        return None


def test_without_an_authtoken_the_tunnel_says_where_to_get_one(tmp_path: Path) -> None:
    fault = "Usage of ngrok requires a verified account and authtoken. ERR_NGROK_4018"
    ngrok = install(tmp_path, fault)
    with threaded() as line:
        home = home_for(tmp_path, line, PYNGROK_NGROK_PATH=str(ngrok))
        done = home("run", "--tunnel", "ngrok", HTTP_PORT="0")
        assert done.code == 1
        assert done.err.splitlines()[-1] == say("tunnel.token", variable="NGROK_AUTHTOKEN")

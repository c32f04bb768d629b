"""`secretary sync` and the schedule: what an admin sees of a workspace that is kept in step."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from adapters.notion_webhook import FILE
from tests.support.bot import write
from tests.support.notion_server import TOKEN, FakeNotion, below, notion_server
from tests.support.program import Home, Running, running, until
from tests.support.web_site import web_site

QUESTION = "葉脈文具網路訂單幾天內可以退貨？"
RETURNS = "葉脈文具的網路訂單收到後七天內可以退貨。"


def workspace(folder: Path, server: FakeNotion, **more: str) -> Home:
    own = {"NOTION_TOKEN": TOKEN, "NOTION_API_BASE": server.url, "QUOTAS": "none"}
    return Home(folder, {**own, **more})


def cited(run: Running) -> str | None:
    """Where the answer comes from; None where there is none."""
    citations = run.ask(QUESTION)["citations"]
    return citations[0]["source"] if citations else None


def test_a_sync_says_what_it_found_and_the_answer_cites_the_page(tmp_path: Path) -> None:
    with notion_server() as server:
        page = server.page("退貨辦法", RETURNS)
        server.page("出差", "每日補助八百元。", under=below(page))
        home = workspace(tmp_path, server)
        done = home("sync", "notion", "--json")
        assert done.code == 0, done.err
        told = done.json
        assert (told["found"], told["indexed"], told["removed"], told["failed"]) == (2, 2, 0, [])
        answer = home("ask", QUESTION, "--json").json
        assert answer["citations"][0]["source"] == page.url
        assert "2" in home("sync").out
        rows = home("sources", "list", "--json").json
        assert {(row["kind"], row["audience"]) for row in rows} == {("notion", "public")}
        server.trash(page)
        again = home("sync", "notion", "--json").json
        assert (again["found"], again["removed"]) == (2, 2)
        assert home("ask", QUESTION, "--json").json["outcome"] == "no_data"


def test_an_answer_leads_to_the_heading_on_the_page(tmp_path: Path) -> None:
    with notion_server() as server:
        returns = (
            f"{RETURNS}請附上發票與完整的包裝，運費由本店負擔，退款在收到商品後三個工作天內入帳。"
        )
        page = server.page("顧客須知", f"# 付款\n\n收現金。\n\n# 退貨辦法\n\n{returns}")
        home = workspace(tmp_path, server)
        assert home("sync", "notion", "--json").json["indexed"] == 1
        link = f"{page.url}#{page.anchor('退貨辦法')}"
        answer = home("ask", QUESTION, "--json").json
        assert [one["source"] for one in answer["citations"]] == [link]
        assert {one["source"] for one in answer["passages"]} == {page.url}
        assert link in home("ask", QUESTION).out


def test_a_pasted_address_names_the_page_for_removal(tmp_path: Path) -> None:
    with notion_server() as server:
        page = server.page("退貨辦法", RETURNS)
        home = workspace(tmp_path, server)
        home("sync", "notion")
        pasted = f"https://www.notion.so/team/%E9%80%80-{page.id.replace('-', '')}?pvs=4"
        assert home("sources", "remove", pasted, "--json").json["clean"] is True
        assert home("sources", "list", "--json").json == []


def test_a_wrong_token_is_one_sentence_that_names_it(tmp_path: Path) -> None:
    with notion_server() as server:
        server.page("退貨辦法", RETURNS)
        home = workspace(tmp_path, server, NOTION_TOKEN="ntn_secret_wrong")
        done = home("sync", "notion")
        assert (done.code, done.out) == (1, "")
        assert "NOTION_TOKEN" in done.sentence
        assert "ntn_secret_wrong" not in done.err
        assert home("sync", "--json").json["sources"][0]["error"] == done.sentence


def test_a_source_that_is_not_configured_says_what_it_needs(tmp_path: Path) -> None:
    done = Home(tmp_path)("sync", "notion")
    assert (done.code, done.out) == (1, "")
    assert "NOTION_TOKEN" in done.sentence
    assert "WEB_PAGES" in Home(tmp_path)("sync").sentence
    assert Home(tmp_path)("sync", "nowhere").code == 2


@pytest.mark.parametrize(
    ("name", "value"), [("NOTION_ROOTS", "my page"), ("SYNC_INTERVAL", "often")]
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = Home(tmp_path, {"NOTION_TOKEN": "x", name: value})("sync")
    assert done.code == 1
    assert name in done.sentence


def test_folders_that_were_ingested_are_read_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"退貨.md": RETURNS})
    write(tmp_path / "staff", {"薪資.md": "店長的獎金是五千元。"})
    home("ingest", "docs")
    home("ingest", "staff", "--audience", "staff")
    (tmp_path / "docs" / "退貨.md").unlink()
    told = home("sync", "files", "--json").json
    assert (told["found"], told["unchanged"], told["removed"]) == (2, 1, 1)
    assert home("sources", "list", "--json").json[0]["audience"] == "staff"
    (tmp_path / "docs").rmdir()
    assert home("sync", "files", "--json").json["failed"] == []


@pytest.mark.parametrize("inner", ["docs/內部", "docs/內部/薪資.md"])
def test_what_was_ingested_for_staff_from_within_a_folder_stays_theirs(
    tmp_path: Path, inner: str
) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"退貨.md": RETURNS, "內部/薪資.md": "店長的獎金是五千元。"})
    home("ingest", "docs")
    home("ingest", inner, "--audience", "staff")
    told = home("sync", "files", "--json").json
    assert (told["unchanged"], told["indexed"], told["removed"]) == (2, 0, 0)
    rows = home("sources", "list", "--json").json
    assert {row["audience"] for row in rows if "薪資" in row["source"]} == {"staff"}


def test_why_tells_of_the_failure_of_the_last_sync(tmp_path: Path) -> None:
    with web_site() as site:
        url = site.put("/faq", "", status=500)
        home = Home(tmp_path, {"WEB_PAGES": url, "WEB_PRIVATE_HOSTS": site.host})
        assert home("sync", "web", "--json").json["failed"][0]["source"] == url
        done = home("sources", "why", url)
        assert (done.code, done.out) == (1, "")
        assert "500" in done.sentence


def test_what_nobody_reads_any_more_is_pointed_out(tmp_path: Path) -> None:
    with notion_server() as server:
        server.page("退貨辦法", RETURNS)
        workspace(tmp_path, server)("sync")
        told = Home(tmp_path)("sync", "--json").json
        assert "secretary sources remove notion" in told["notices"][0]


def test_the_sample_goes_with_the_first_sync_and_a_running_server_keeps_in_step(
    tmp_path: Path,
) -> None:
    with notion_server() as server:
        page = server.page("退貨辦法", RETURNS)
        home = workspace(tmp_path, server, SYNC_INTERVAL="10s", LOG_LEVEL="INFO")
        with running(home) as run:
            until(lambda: cited(run) == page.url)
            until(lambda: "範例" not in run.client.get("/readyz").text)
            server.trash(page)
            until(lambda: cited(run) is None, seconds=60)
            done = run.stop()
        assert "Traceback" not in done.err
        assert "notion" in done.err


def test_a_webhook_brings_the_next_sync_forward(tmp_path: Path) -> None:
    secret = "verification-secret"
    with notion_server() as server:
        page = server.page("退貨辦法", "還沒有寫。")
        home = workspace(tmp_path, server, NOTION_WEBHOOK_TOKEN=secret)
        with running(home) as run:
            until(lambda: server.asked("/markdown") > 0)
            page.markdown, page.edited = RETURNS, "2026-11-02T08:00:00.000Z"
            body = json.dumps({"type": "page.content_updated", "entity": {"id": page.id}}).encode()
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            for headers, status in (
                ({}, 401),
                ({"X-Notion-Signature": f"sha256={signature[::-1]}"}, 401),
                ({"X-Notion-Signature": f"sha256={signature}"}, 200),
            ):
                reply = run.client.post("/notion/webhook", content=body, headers=headers)
                assert reply.status_code == status
            assert run.client.post("/notion/webhook", content=b"x" * 2_000_000).status_code == 413
            until(lambda: cited(run) == page.url, seconds=60)


def test_the_first_message_of_a_webhook_leaves_its_token_where_only_the_owner_reads(
    tmp_path: Path,
) -> None:
    with notion_server() as server:
        with running(workspace(tmp_path, server, SYNC_INTERVAL="off")) as run:
            first = {"verification_token": "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}
            assert run.client.post("/notion/webhook", json=first).status_code == 200
            assert run.client.post("/notion/webhook", json={"type": "x"}).status_code == 401
            done = run.stop()
        path = tmp_path / "data" / FILE
        assert path.read_text().strip() == first["verification_token"]
        assert path.stat().st_mode & 0o077 == 0
        assert FILE in done.err
        assert first["verification_token"] not in done.err
        assert server.requests == []

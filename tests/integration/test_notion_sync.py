"""A Notion workspace comes in whole, stays in step, and loses nothing by accident."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from knowledge.errors import DocumentError
from knowledge.ingest import IngestReport
from knowledge.library import Library
from knowledge.passages import PUBLIC
from knowledge.retriever import Query
from knowledge.sources.fetching import Fetcher, netloc
from knowledge.sources.notion import sweep
from knowledge.sources.notion.api import NotionApi
from knowledge.sources.notion.pages import roots_of
from knowledge.sources.notion.source import ROOT, NotionSource
from tests.support.bot import settings_for
from tests.support.documents import pdf
from tests.support.notion_server import (
    TOKEN,
    FakeNotion,
    FakePage,
    below,
    described,
    notion_server,
    rich,
    uid,
)

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@dataclass
class Home:
    """A workspace and a library that is kept in step with it."""

    server: FakeNotion
    library: Library
    roots: tuple[str, ...] = ()
    token: str = TOKEN
    waits: list[float] = field(default_factory=list)
    per_second: float = 1e9

    def source(self) -> NotionSource:
        api = NotionApi(
            self.token, self.server.url, pause=self.waits.append, per_second=self.per_second
        )
        fetcher = Fetcher(2**20, frozenset({netloc(self.server.url)}))
        return NotionSource(api, roots_of(self.roots), fetcher, lambda: NOW)

    def sync(self) -> IngestReport:
        self.server.requests.clear()
        report = self.library.sync(ROOT, self.source())
        found = self.library.index.count()
        rows = self.library.ledger.known(ROOT).values()
        assert found == sum(row.passages for row in rows), "index and ledger are in step"
        return report

    def sources(self) -> set[str]:
        return set(self.library.ledger.known(ROOT))

    def found(self, question: str, audience: str = PUBLIC) -> set[str]:
        query = Query((question,), frozenset({PUBLIC, audience}), 10)
        return {one.passage.source for one in self.library.search(query).passages}

    def text(self, question: str) -> str:
        return "\n".join(o.passage.text for o in self.library.search(Query((question,))).passages)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with notion_server() as server, opened(tmp_path) as library:
        yield Home(server, library)


@contextmanager
def opened(folder: Path) -> Iterator[Library]:
    with Library(settings_for(folder / "data").knowledge) as library:
        yield library


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return (report.added, report.updated, report.unchanged, report.removed)


def found_in(report: IngestReport) -> int:
    return sum(counts(report)) + len(report.skipped) + len(report.failed)


def key(page: FakePage) -> str:
    return page.url


def test_the_vendors_description_is_at_hand() -> None:
    if not described():
        pytest.skip("no notion.json: set SPECS_DIR to the folder of the vendors' schemas")


# ---- what comes in


def test_pages_nested_pages_and_rows_answer_with_their_own_address(home: Home) -> None:
    guide = home.server.page("新人指南", "歡迎加入。\n\n## 設備\n\n筆電在第一天由資訊組發放。")
    deep = home.server.page("請假", "特休可以遞延到隔年三月底。", under=below(guide))
    (faq,) = home.server.database("常見問題", under=below(guide))
    row = home.server.row(faq, "發票", "統一編號請在結帳前告知。", 部門=select("會計"))
    report = home.sync()
    assert counts(report) == (3, 0, 0, 0)
    (equipment,) = home.library.search(Query(("筆電由誰發放",), None, 1)).passages
    assert equipment.passage.source == key(guide)
    assert equipment.passage.title == "新人指南"
    assert equipment.passage.locator.headings == ("設備",)
    assert home.found("特休可以遞延到什麼時候") >= {key(deep)}
    assert home.found("發票 會計部門") >= {key(row)}
    assert "部門：會計" in home.text("發票 會計")
    assert "常見問題" in home.text("發票 會計")


def select(name: str) -> dict[str, object]:
    return {"id": "s", "type": "select", "select": {"id": "o", "name": name, "color": "red"}}


@pytest.mark.slow
def test_every_page_of_a_listing_of_1200_is_accounted_for(home: Home) -> None:
    (rows,) = home.server.database("客戶")
    for number in range(1100):
        home.server.row(rows, f"客戶{number}")
    for number in range(100):
        home.server.page(f"頁面{number}", f"這是第 {number} 頁。")
    first = home.sync()
    assert (first.added, found_in(first)) == (1200, 1200)
    assert home.server.asked(r"POST /v1/search") == 12 + 1
    again = home.sync()
    assert (again.unchanged, found_in(again)) == (1200, 1200)
    assert home.server.asked(r"GET /v1/pages") == 0, "nothing is read that did not change"


def test_a_row_of_several_data_sources_and_long_properties_is_whole(home: Home) -> None:
    one, two = home.server.database("專案", sources=2)
    people = [home.server.page(f"夥伴{n}", "介紹。") for n in range(40)]
    related = [{"id": person.id} for person in people]
    members = {
        "id": "rel", "type": "relation", "relation": related[:25], "has_more": True, "all": related,
    }  # fmt: skip
    home.server.row(one, "甲案", 成員=members)
    home.server.row(two, "乙案", 期限=dated("2026-12-31"))
    home.sync()
    assert "夥伴39" in home.text("甲案的成員")
    assert "期限：2026-12-31" in home.text("乙案的期限")


def dated(day: str) -> dict[str, object]:
    return {"id": "d", "type": "date", "date": {"start": day, "end": None, "time_zone": None}}


def test_what_the_endpoint_left_out_is_asked_for_and_put_in_its_place(home: Home) -> None:
    hidden = {uid(900): "中間的祕密是藍色。", uid(901): "結尾的祕密是綠色。"}
    mark = f'<unknown url="https://www.notion.so/x#{uid(900).replace("-", "")}" alt="toggle"/>'
    home.server.page("祕密", f"開頭。\n\n{mark}\n\n後面。", unknown=hidden)
    home.sync()
    text = home.text("祕密是什麼顏色")
    assert text.index("開頭") < text.index("藍色") < text.index("後面") < text.index("綠色")


@pytest.mark.parametrize("truncated", [False, True], ids=["refused", "cut off"])
def test_blocks_are_walked_where_the_endpoint_cannot_serve(home: Home, truncated: bool) -> None:
    page = home.server.page("手冊", "只有開頭", blocks=BLOCKS, truncated=truncated)
    home.server.lists_in_pages_of = 2
    child = home.server.page("附錄", "附錄的內容。", under=below(page), indexed=False)
    BLOCKS[-1]["id"] = child.id
    report = home.sync()
    assert report.failed == []
    assert "第三層的答案是七" in home.text("第三層的答案是什麼")
    assert "金額：300" in home.text("紅茶的金額")
    (step,) = home.library.search(Query(("請先登入系統",), None, 1)).passages
    assert step.passage.locator.headings == ("步驟",)
    assert home.found("附錄的內容") >= {key(child)}


def block(
    number: int, kind: str, text: str = "", *under: dict[str, object], **more: object
) -> dict[str, object]:
    inner = {"rich_text": rich(text), "color": "default", **more}
    return {
        "object": "block", "id": uid(1000 + number), "type": kind, "has_children": bool(under),
        kind: inner, "below": list(under),
    }  # fmt: skip


def table_row(number: int, *cells: str) -> dict[str, object]:
    return {
        "object": "block", "id": uid(1000 + number), "type": "table_row", "has_children": False,
        "table_row": {"cells": [rich(cell) for cell in cells]},
    }  # fmt: skip


BLOCKS: list[dict[str, object]] = [
    block(1, "paragraph", "這是手冊。"),
    block(2, "heading_2", "步驟"),
    block(3, "numbered_list_item", "請先登入系統"),
    block(4, "toggle", "更多", block(5, "bulleted_list_item", "第二層", block(6, "paragraph", "第三層的答案是七"))),
    block(7, "table", "", table_row(8, "品名", "金額"), table_row(9, "紅茶", "300"), has_column_header=True),
    block(10, "code", "print('程式')", language="python"),
    block(11, "child_page", title="附錄"),
]  # fmt: skip


def test_a_page_that_the_search_does_not_know_yet_is_found_from_its_parent(home: Home) -> None:
    parent = home.server.page("母頁", "")
    child = home.server.page("剛寫好的頁", "今天的密語是鳳梨。", under=below(parent), indexed=False)
    (table,) = home.server.database("新表", under=below(parent))
    row = home.server.row(table, "新列", "新列的內容是芒果。")
    row.indexed = False
    listed = home.server.data_sources.pop(table)
    database = listed["parent"]["database_id"]
    parent.markdown = (
        f'<page url="{child.url}">剛寫好的頁</page>\n'
        f'<database url="https://www.notion.so/{database.replace("-", "")}" inline="true">新表</database>'
    )
    home.server.data_sources[table] = listed
    home.server.fail("POST /v1/search", 200, times=0)
    assert home.sync().added == 3
    assert home.found("今天的密語是什麼") >= {key(child)}
    assert home.found("新列的內容是什麼") >= {key(row)}


# ---- the files on it


def test_files_on_a_page_are_read_and_go_with_it(home: Home) -> None:
    home.server.files["價目.pdf"] = pdf(
        [["Leaf Stationery price list", "The blue pen costs 320 dollars"]]
    )
    signed = f"{home.server.url}/files/價目.pdf?X-Amz-Signature=secret1"
    page = home.server.page("產品", f'產品清單。\n\n<pdf src="{signed}">價目表</pdf>')
    first = home.sync()
    assert first.added == 2
    (hit,) = home.library.search(Query(("blue pen costs",), None, 1)).passages
    assert hit.passage.source.startswith(f"{key(page)}#")
    assert hit.passage.locator.page == 1
    assert home.sync().unchanged == 2
    page.markdown = page.markdown.replace("secret1", "secret2")
    page.edited = "2026-11-02T08:00:00.000Z"
    assert home.sync().unchanged == 2, "a new signature is no change"
    page.markdown, page.edited = "產品清單。", "2026-11-03T08:00:00.000Z"
    assert counts(home.sync()) == (0, 1, 0, 1)
    assert home.library.search(Query(("blue pen costs 320",), None, 5)).passages == ()


def test_a_file_that_cannot_be_had_is_named_without_its_signature_and_tried_again(
    home: Home,
) -> None:
    address = f"{home.server.url}/files/手冊.md?X-Amz-Signature=hidden"
    home.server.page("產品", f'產品清單。\n\n<file src="{address}">手冊</file>')
    report = home.sync()
    (failure,) = report.failed
    assert failure.code == "web.status"
    assert "hidden" not in json.dumps([failure.source, failure.detail])
    home.server.files["手冊.md"] = "# 手冊\n\n保固兩年。".encode()
    assert counts(home.sync()) == (1, 0, 1, 0)
    assert home.text("保固幾年") != ""


def test_a_file_on_a_private_address_is_refused(home: Home) -> None:
    home.server.page("產品", '<file src="http://127.0.0.1:9/etc/secret.md">x</file>\n\n文字。')
    (failure,) = home.sync().failed
    assert failure.code == "web.private"


def test_a_file_that_holds_others_is_taken_apart_as_in_a_folder(home: Home) -> None:
    note = EmailMessage()
    note["Subject"] = "週五的盤點"
    note.set_content("盤點改到週五下午三點。")
    note.add_attachment("盤點表在倉庫的鐵櫃裡。".encode(), "text", "plain", filename="說明.txt")
    packed = zipped(
        {"內/班表.txt": "週五由小美排班。".encode(), "信.eml": bytes(note), "a.exe": b"?"}
    )
    home.server.files["資料.zip"] = packed
    home.server.files["通知.eml"] = bytes(note)
    links = [f'<file src="{home.server.url}/files/{quote(n)}">x</file>' for n in home.server.files]
    page = home.server.page("盤點", "\n\n".join(["盤點的資料。", *links]))
    first = home.sync()
    names = [
        "資料.zip/信.eml", "資料.zip/信.eml/說明.txt", "資料.zip/內/班表.txt",
        "通知.eml", "通知.eml/說明.txt",
    ]  # fmt: skip
    keys = {f"{key(page)}#{quote(name)}" for name in names}
    assert home.sources() == {key(page), *keys}
    assert (counts(first), first.failed) == ((6, 0, 0, 0), [])
    assert [one.code for one in first.skipped] == ["file.unsupported"]
    assert home.found("週五由誰排班") >= {f"{key(page)}#{quote('資料.zip/內/班表.txt')}"}
    assert home.sync().unchanged == 6

    home.server.files["資料.zip"] = b"PK no more"
    page.edited = "2026-11-02T08:00:00.000Z"
    broken = home.sync()
    assert (counts(broken), len(broken.failed)) == ((0, 0, 6, 0), 1)
    assert home.sources() == {key(page), *keys}, "what was in it stays known"
    home.server.files["資料.zip"] = zipped({"內/班表.txt": "週五由小明排班。".encode()})
    assert counts(home.sync()) == (0, 1, 3, 2)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# ---- where a link leads

GUIDE = """# 報到

帶身分證。

## 設備

筆電在第一天由資訊組發放，螢幕與鍵盤到行政部領，都要簽名，離職那天帶著全部的配件交還給資訊組。

## 注意

鑰匙要還給警衛室，識別證自己留著就好，停車證月底前到行政部換新的，過期的進不了地下室的停車場。

# 請假

## 注意

特休可以遞延到隔年三月底。"""


def anchors(home: Home, page: FakePage) -> dict[tuple[str, ...], str]:
    hits, _ = home.library.index.scroll(None, 100)
    mine = [hit.payload["locator"] for hit in hits if hit.payload["source"] == key(page)]
    return {tuple(one["headings"]): one.get("anchor", "") for one in mine}


def test_a_passage_leads_to_its_heading(home: Home) -> None:
    page = home.server.page("新人指南", GUIDE)
    home.sync()
    ids = [one["id"].replace("-", "") for one in page.own_blocks() if "heading" in one["type"]]
    assert anchors(home, page) == {
        ("報到",): ids[0],
        ("報到", "設備"): ids[1],
        ("報到", "注意"): ids[2],
        ("請假", "注意"): ids[4],
    }
    assert home.server.asked("GET /v1/blocks/.*/children") == 1
    home.sync()
    assert home.server.asked("GET /v1/blocks") == 0, "an unchanged page costs nothing"
    page.edited = "2026-11-10T08:00:00.000Z"
    home.sync()
    assert home.server.asked("GET /v1/blocks") == 0, "nor one that says what it said"


def test_a_page_without_headings_is_not_asked_for_its_blocks(home: Home) -> None:
    page = home.server.page("快訊", "只有一段話。")
    home.sync()
    assert anchors(home, page) == {(): ""}
    assert home.server.asked("GET /v1/blocks") == 0


@pytest.mark.parametrize("status", [403, 404, 400])
def test_where_blocks_are_refused_the_link_leads_to_the_page(home: Home, status: int) -> None:
    page = home.server.page("新人指南", GUIDE)
    home.server.fail("GET /v1/blocks/.*/children", status)
    report = home.sync()
    assert (report.added, report.failed) == (1, [])
    assert set(anchors(home, page).values()) == {""}


def test_only_as_many_blocks_are_listed_as_there_are_headings(home: Home) -> None:
    paragraphs = "\n\n".join(f"第{n}段。" for n in range(400))
    page = home.server.page("長頁", f"# 開頭\n\n先說這個。\n\n# 正文\n\n{paragraphs}")
    home.sync()
    assert set(anchors(home, page).values()) == {page.anchor("開頭"), page.anchor("正文")}
    assert home.server.asked("GET /v1/blocks/.*/children") == 1


def test_a_heading_that_is_not_on_the_page_itself_leads_to_the_one_above(home: Home) -> None:
    """It stands in a toggle, whose blocks are not asked for."""
    page = home.server.page("指南", GUIDE)
    page.blocks = [one for one in page.own_blocks() if one["type"] != "heading_2"]
    page.truncated = True
    page.unknown = {uid(999): ""}
    home.sync()
    assert anchors(home, page) == {
        ("報到",): page.anchor("報到"),
        ("報到", "設備"): page.anchor("報到"),
        ("報到", "注意"): page.anchor("報到"),
        ("請假", "注意"): page.anchor("請假"),
    }


# ---- what changes


def test_only_what_was_edited_is_read_again(home: Home) -> None:
    pages = [home.server.page(f"頁{n}", f"第{n}頁的舊內容。") for n in range(5)]
    home.sync()
    pages[3].markdown, pages[3].edited = "第3頁的新內容是西瓜。", "2026-11-10T08:00:00.000Z"
    report = home.sync()
    assert counts(report) == (0, 1, 4, 0)
    assert home.server.asked("GET /v1/pages/.*/markdown") == 1
    assert "西瓜" in home.text("第3頁的新內容")
    assert "第3頁的舊內容" not in home.text("第3頁的舊內容")


def test_an_edit_in_the_minute_of_the_last_sync_is_not_missed(home: Home) -> None:
    page = home.server.page("快訊", "第一版。", edited="2026-11-20T08:59:00.000Z")
    home.sync()
    page.markdown = "第二版說了櫻桃。"
    assert home.sync().updated == 1
    assert home.sync().unchanged == 1


def test_a_renamed_page_stays_the_same_document(home: Home) -> None:
    page = home.server.page("Old name", "內容沒變。")
    home.sync()
    before = home.sources()
    page.title, page.edited = "New name", "2026-11-10T08:00:00.000Z"
    assert counts(home.sync()) == (0, 1, 0, 0)
    assert home.sources() == before


def test_an_emptied_page_answers_nothing_any_more(home: Home) -> None:
    page = home.server.page("公告", "週三停電。")
    home.sync()
    page.markdown, page.edited = "", "2026-11-10T08:00:00.000Z"
    assert home.sync().updated == 1
    assert "停電" not in home.text("週三停電")
    assert home.sync().unchanged == 1


# ---- roots and audiences


def test_only_what_is_below_the_roots_comes_in_each_for_its_audience(home: Home) -> None:
    public = home.server.page("公開", "門市電話是 0800。")
    staff = home.server.page("內部", "")
    salary = home.server.page("薪資", "店長獎金五千元。", under=below(staff))
    home.server.page("私人", "不該被看到的日記。")
    (table,) = home.server.database("名單", under=below(salary))
    row = home.server.row(table, "王小明", "分機 1234。")
    home.roots = (public.url, f"{staff.id}@staff")
    report = home.sync()
    assert report.added == 4
    assert home.found("店長獎金多少") & {key(salary)} == set()
    assert home.found("店長獎金多少", "staff") >= {key(salary)}
    assert home.found("王小明分機", "staff") >= {key(row)}
    assert home.found("不該被看到的日記", "staff") & {"日記"} == set()
    assert "日記" not in home.text("不該被看到的日記")


def test_a_page_moved_to_another_root_changes_its_audience(home: Home) -> None:
    public, staff = home.server.page("公開", ""), home.server.page("內部", "")
    page = home.server.page("辦法", "出差每日補助八百元。", under=below(public))
    home.roots = (public.id, f"{staff.id}@staff")
    home.sync()
    assert home.found("出差補助") >= {key(page)}
    page.parent = below(staff)
    assert home.sync().updated == 1
    assert home.found("出差補助") & {key(page)} == set()
    assert home.found("出差補助", "staff") >= {key(page)}


def test_a_page_moved_out_of_the_roots_is_removed(home: Home) -> None:
    root = home.server.page("公開", "")
    page = home.server.page("辦法", "出差每日補助八百元。", under=below(root))
    home.roots = (root.id,)
    home.sync()
    page.parent = {"type": "workspace", "workspace": True}
    assert home.sync().removed == 1
    assert home.found("出差補助") & {key(page)} == set()


def test_a_root_that_is_not_shared_is_named(home: Home) -> None:
    home.server.page("公開", "文字。")
    home.roots = (uid(5000),)
    report = home.sync()
    assert [notice.code for notice in report.notices] == ["notion.root"]
    assert uid(5000).replace("-", "") in report.notices[0].detail["root"]


def test_a_root_may_be_a_database(home: Home) -> None:
    (table,) = home.server.database("名單")
    home.server.row(table, "王小明", "分機 1234。")
    home.server.page("別的", "不要。")
    home.roots = (home.server.data_sources[table]["parent"]["database_id"],)
    assert home.sync().added == 1


# ---- what is gone


@pytest.mark.parametrize("how", ["trashed", "unshared", "parent trashed"])
def test_what_is_gone_stops_answering_with_the_next_sync(home: Home, how: str) -> None:
    parent = home.server.page("母頁", "母頁的內容。")
    page = home.server.page("退貨", "收到七天內可以退貨。", under=below(parent))
    home.sync()
    if how == "trashed":
        home.server.trash(page)
    elif how == "unshared":
        page.shared = False
    else:
        home.server.trash(parent)
    report = home.sync()
    assert report.removed == (2 if how == "parent trashed" else 1)
    assert found_in(report) == 2
    assert home.found("幾天內可以退貨") & {key(page)} == set()


def test_a_page_that_only_the_search_forgot_is_asked_for_and_stays(home: Home) -> None:
    page = home.server.page("退貨", "收到七天內可以退貨。")
    home.sync()
    page.indexed = False
    assert counts(home.sync()) == (0, 0, 1, 0)
    page.markdown, page.edited = "收到十天內可以退貨。", "2026-11-10T08:00:00.000Z"
    assert counts(home.sync()) == (0, 1, 0, 0), "and is kept up to date"


@pytest.mark.parametrize("status", [500, 400])
def test_a_listing_that_breaks_half_way_removes_nothing(home: Home, status: int) -> None:
    pages = [home.server.page(f"頁{n}", f"第{n}頁。") for n in range(150)]
    home.sync()
    for page in pages:
        home.server.trash(page) if page.title.endswith("7") else None
    home.server.fail("POST /v1/search", status, after=1, times=50)
    report = home.sync()
    assert report.removed == 0
    assert report.notices[0].code == "notion.listing"
    assert len(home.sources()) == 150
    home.server.faults.clear()
    assert home.sync().removed == 15


def test_a_listing_that_breaks_at_once_says_why_and_changes_nothing(home: Home) -> None:
    home.server.page("頁", "內容。")
    home.sync()
    home.server.fail("POST /v1/search", 503, times=99)
    with pytest.raises(DocumentError) as caught:
        home.sync()
    assert caught.value.code == "notion.unavailable"
    assert len(home.sources()) == 1


def test_a_page_of_which_nothing_can_be_told_goes_after_two_complete_misses(home: Home) -> None:
    page = home.server.page("頁", "葡萄的內容。")
    other = home.server.page("別頁", "其他。")
    home.sync()
    page.indexed = False
    asked = f"GET /v1/pages/{page.id.replace('-', '')}$"
    home.server.fail(asked, 403, times=99)
    first = home.sync()
    assert [(one.source, one.code) for one in first.skipped] == [(key(page), "notion.missed")]
    home.server.fail("POST /v1/search", 400, after=1)  # an incomplete listing is no second miss
    home.sync()
    assert key(page) in home.sources()
    home.server.faults = [one for one in home.server.faults if one.status == 403]
    assert home.sync().removed == 1
    assert home.sources() == {key(other)}


def test_a_page_missed_once_and_met_again_begins_anew(home: Home) -> None:
    page = home.server.page("頁", "葡萄的內容。")
    home.sync()
    page.indexed = False
    home.server.fail("GET /v1/pages/", 403, times=1)
    assert len(home.sync().skipped) == 1
    page.indexed = True
    assert home.sync().unchanged == 1
    page.indexed = False
    home.server.faults.clear()
    home.server.fail("GET /v1/pages/", 403, times=1)
    assert len(home.sync().skipped) == 1
    assert key(page) in home.sources()


def test_a_slip_of_the_sharing_does_not_empty_the_knowledge_base(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CAP_LEAST", 5)
    pages = [home.server.page(f"頁{n}", f"第{n}頁。") for n in range(40)]
    home.sync()
    for page in pages:
        page.shared = False
    home.server.page("新頁", "還在。")
    report = home.sync()
    assert report.removed == 10
    assert [one.code for one in report.skipped] == ["notion.held"] * 30
    (notice,) = report.notices
    assert (notice.code, notice.detail["held"]) == ("notion.cap", "30")
    assert found_in(report) == 41


# ---- when Notion is busy


@pytest.mark.parametrize("status", [429, 502, 503, 504, 529])
def test_a_busy_notion_is_asked_again_when_it_says(home: Home, status: int) -> None:
    home.server.page("頁", "內容。")
    headers = {"Retry-After": "70"}
    home.server.fail("POST /v1/search", status, headers=headers, times=2)
    home.server.fail("/markdown", status, headers=headers, times=2)
    assert home.sync().added == 1
    assert [wait for wait in home.waits if wait == 70.0] == [70.0] * 4


def test_an_answer_that_is_not_notions_is_tried_again(home: Home) -> None:
    home.server.page("頁", "內容。")
    home.server.fail("/markdown", 502, body="<html>bad gateway</html>", times=2)
    home.server.fail("POST /v1/search", 200, body="<html>", times=1)
    assert home.sync().added == 1


def test_a_page_that_stays_broken_is_named_and_keeps_its_text(home: Home) -> None:
    page = home.server.page("頁", "舊的內容是荔枝。")
    home.server.page("別頁", "其他。")
    home.sync()
    page.edited = "2026-11-10T08:00:00.000Z"
    home.server.fail(f"/{page.id.replace('-', '')}/markdown", 500, times=99)
    report = home.sync()
    assert [(one.source, one.code) for one in report.failed] == [(key(page), "notion.unavailable")]
    assert report.unchanged == 1
    assert "荔枝" in home.text("舊的內容")
    assert found_in(report) == 2


def test_requests_keep_to_three_a_second(home: Home) -> None:
    for number in range(6):
        home.server.page(f"頁{number}", "內容。")
    home.per_second = 3.0
    home.sync()
    requests = len(home.server.requests)
    assert requests >= 8
    # The pauses are not slept here, so the pace shows as how far the turns lie ahead.
    assert home.waits[-1] == pytest.approx((requests - 1) / 3, abs=1.5)


def test_a_wrong_token_is_one_error_and_loses_nothing(home: Home) -> None:
    home.server.page("頁", "內容。")
    home.sync()
    home.token = "ntn_wrong"
    with pytest.raises(DocumentError) as caught:
        home.sync()
    assert caught.value.code == "notion.token"
    assert len(home.sources()) == 1

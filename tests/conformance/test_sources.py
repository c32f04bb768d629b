"""What every registered source does: told of once, unchanged when unchanged, gone when gone.

A new source adds a world of its own below; one without fails the first test.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from knowledge.errors import DocumentError
from knowledge.passages import PUBLIC, Failure
from knowledge.settings import KnowledgeSettings
from knowledge.sources import base
from knowledge.sources.base import Found, KnownFile, Notice, Removed, Skipped, Source, Unchanged
from knowledge.sources.notion.api import NotionApi
from knowledge.sources.registry import SOURCES, configured
from tests.support.bot import settings_for
from tests.support.notion_server import TOKEN, notion_server
from tests.support.web_site import web_site

OLD = (1_700_000_000, 1_700_000_000)


@dataclass
class World:
    """A place with documents that a test changes; the source is opened as the program does."""

    name: str
    settings: KnowledgeSettings
    put: Callable[[str, str], None]
    """Write a document of that name with that text."""
    drop: Callable[[str], None]
    spoil: Callable[[], None]
    """From now on it cannot be told what is there."""
    staff: Callable[[], "World"]
    """The same place, for the audience `staff`."""
    roots: dict[str, str] = field(default_factory=dict)

    def source(self) -> Source:
        (source,) = configured(self.name, self.settings, self.roots).values()
        return source


def files(folder: Path, stack: ExitStack) -> World:
    docs = folder / "docs"
    docs.mkdir()

    def put(name: str, text: str) -> None:
        (docs / f"{name}.md").write_text(text, encoding="utf-8")
        os.utime(docs / f"{name}.md", OLD)

    world = World(
        "files",
        settings_for(folder / "data").knowledge,
        put,
        lambda name: (docs / f"{name}.md").unlink(),
        lambda: docs.rename(folder / "elsewhere") and None,
        lambda: replace(world, roots={str(docs): "staff"}),
        {str(docs): PUBLIC},
    )
    return world


def notion(folder: Path, stack: ExitStack) -> World:
    server = stack.enter_context(notion_server())
    root = server.page("root")
    minutes = iter(range(10, 60))

    def put(name: str, text: str) -> None:
        page = next((one for one in server.pages.values() if one.title == name), None)
        page = page or server.page(name, under={"type": "page_id", "page_id": root.id})
        page.markdown, page.edited = text, f"2026-11-01T08:{next(minutes)}:00.000Z"

    def drop(name: str) -> None:
        server.trash(next(one for one in server.pages.values() if one.title == name))

    settings = replace(
        settings_for(folder / "data").knowledge, notion_token=TOKEN, notion_api_base=server.url
    )
    staff = replace(settings, notion_roots=(f"{root.id}@staff",))
    world = World(
        "notion",
        settings,
        put,
        drop,
        lambda: server.fail("POST /v1/search", 400, times=999),
        lambda: replace(world, settings=staff),
    )
    return world


def web(folder: Path, stack: ExitStack) -> World:
    site = stack.enter_context(web_site())
    names: dict[str, str] = {}

    def tell() -> None:
        entries = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in names.values())
        site.put("/map.xml", f"<urlset>{entries}</urlset>", "application/xml")

    def put(name: str, text: str) -> None:
        path = names.setdefault(name, f"/{len(names)}")
        site.put(path, f"<title>{name}</title><p>{text}</p>")
        tell()

    def drop(name: str) -> None:
        names.pop(name)
        tell()

    def spoil() -> None:
        site.pages["/map.xml"].status = 500

    settings = replace(
        settings_for(folder / "data").knowledge,
        web_sitemaps=(f"{site.url}/map.xml",),
        web_private_hosts=(site.host,),
    )
    staff = replace(settings, web_sitemaps=(f"{site.url}/map.xml@staff",))
    world = World("web", settings, put, drop, spoil, lambda: replace(world, settings=staff))
    return world


WORLDS: Mapping[str, Callable[[Path, ExitStack], World]] = {
    "files": files,
    "notion": notion,
    "web": web,
}


def test_every_registered_source_has_its_world() -> None:
    assert set(WORLDS) == set(SOURCES)


@pytest.fixture(params=SOURCES)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setattr(NotionApi, "_take_turn", lambda self: None)
    with ExitStack() as stack:
        made = WORLDS[request.param](tmp_path, stack)
        made.put("營業", "台北店十點開門。")
        made.put("退貨", "七天內可以退貨。")
        yield made


def read(world: World, known: Mapping[str, KnownFile] | None = None) -> list[base.Change]:
    source = world.source()
    assert source.count() >= 0
    changes = [one for one in source.changes(known or {}) if not isinstance(one, Notice)]
    names = [base.source_of(change) for change in changes]
    assert len(names) == len(set(names)), "a document is told of once"
    return changes


def remembered(changes: list[base.Change]) -> dict[str, KnownFile]:
    return {
        change.document.source: KnownFile(
            change.document.content_hash, change.stamp, change.document.audience
        )
        for change in changes
        if isinstance(change, Found)
    }


def text_of(change: base.Change) -> str:
    assert isinstance(change, Found)
    return "\n".join(block.text for block in change.document.blocks)


def test_what_is_new_is_found_whole(world: World) -> None:
    found = read(world)
    texts = [text_of(change) for change in found]
    assert sum("十點開門" in text for text in texts) == 1
    assert sum("七天內" in text for text in texts) == 1
    assert all(isinstance(c, Found) and c.document.content_hash and c.document.title for c in found)


def test_what_did_not_change_is_unchanged(world: World) -> None:
    known = remembered(read(world))
    again = read(world, known)
    assert {type(change) for change in again} == {Unchanged}
    assert {base.source_of(change) for change in again} == set(known)


def test_only_what_changed_is_found_again_under_its_name(world: World) -> None:
    known = remembered(read(world))
    world.put("退貨", "十天內可以退貨。")
    found = [change for change in read(world, known) if isinstance(change, Found)]
    assert [text_of(change) for change in found] == ["十天內可以退貨。"]
    assert base.source_of(found[0]) in known


def test_what_is_gone_is_removed_and_comes_last(world: World) -> None:
    known = remembered(read(world))
    world.drop("退貨")
    changes = read(world, known)
    assert isinstance(changes[-1], Removed)
    assert sum(isinstance(change, Removed) for change in changes) == 1
    assert "退貨" in base.source_of(changes[-1]) or base.source_of(changes[-1]) in known


def test_what_came_from_elsewhere_is_not_its_business(world: World) -> None:
    """`known` holds its own documents only; a name that is gone is removed, and nothing else."""
    known = remembered(read(world))
    world.put("新的", "新的文件。")
    changes = read(world, known)
    assert not any(isinstance(change, Removed | Failure) for change in changes)


def test_another_audience_makes_every_document_new(world: World) -> None:
    known = remembered(read(world))
    staff = [change for change in read(world.staff(), known) if isinstance(change, Found)]
    assert {base.source_of(change) for change in staff} == set(known)
    assert {change.document.audience for change in staff} == {"staff"}


def test_a_document_that_lost_its_vectors_is_read_again(world: World) -> None:
    known = remembered(read(world))
    lost = dict.fromkeys(known, KnownFile("", ""))
    assert {type(change) for change in read(world, lost)} == {Found}


def test_where_nothing_can_be_told_nothing_is_removed(world: World) -> None:
    known = remembered(read(world))
    world.spoil()
    changes: list[base.Change] = []
    with suppress(DocumentError):
        changes = read(world, known)
    assert not any(isinstance(change, Removed | Skipped) for change in changes)

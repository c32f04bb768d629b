"""What is deleted, changed or hidden never answers again, whatever became of its vectors.

Each case is a way in which knowledge bases are known to go on answering from what is gone.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.errors import StoreError
from knowledge.inventory import named
from knowledge.library import Library
from knowledge.passages import PUBLIC
from knowledge.retriever import Query
from tests.support.bot import settings_for, write
from tests.support.program import Home
from tests.support.qdrant_server import FakeQdrant, qdrant_server

HOURS = "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"
RETURNS = "# 退貨辦法\n\n葉脈文具的網路訂單收到後七天內可以退貨。\n"
ASK_HOURS, ASK_RETURNS = "台北店平日幾點開門", "網路訂單幾天內可以退貨"

Opener = Callable[[], Library]


@pytest.fixture(params=["embedded", "server"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """The library over one data folder, as often as one likes."""
    settings = settings_for(tmp_path / "data").knowledge
    with ExitStack() as stack:
        if request.param == "server":
            settings = replace(settings, qdrant_url=stack.enter_context(qdrant_server()).url)
        yield lambda: stack.enter_context(Library(settings))


@contextmanager
def on_server(tmp_path: Path) -> Iterator[tuple[Library, FakeQdrant]]:
    with qdrant_server() as server:
        settings = replace(settings_for(tmp_path / "data").knowledge, qdrant_url=server.url)
        with Library(settings) as library:
            yield library, server


def found(library: Library, question: str, k: int = 20) -> set[str]:
    retrieved = library.search(Query((question,), None, k))
    return {scored.passage.source for scored in retrieved.passages}


def remove(library: Library, name: str) -> StoreError | None:
    rows = named(library.ledger.all(), name)
    assert rows, f"{name} is not known"
    return library.remove(rows).problem


def catalogue(lines: int) -> str:
    """One document of very many passages."""
    words = random.Random(7)
    items = "".join(chr(words.randrange(0x4E00, 0x9000)) for _ in range(300 * lines))
    return "# 目錄\n\n" + "\n\n".join(items[n : n + 280] for n in range(0, len(items), 280))


# ---- removed by hand


def test_a_removed_document_is_gone_from_answers_and_from_the_index(
    opened: Opener, folder: Path
) -> None:
    library = opened()
    library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
    assert remove(library, "退貨.md") is None
    assert found(library, ASK_RETURNS) <= {"營業.md"}
    assert found(library, ASK_HOURS) == {"營業.md"}
    assert library.index.count() == 1
    assert library.ledger.rubbish() == []
    assert found(opened(), ASK_RETURNS) <= {"營業.md"}, "nor for another program"


@pytest.mark.parametrize(
    "name",
    [
        "深/退貨.md",
        "深",
        "深/",
        "{folder}/深/退貨.md",
        "{folder}/./深/../深/退貨.md",
        "{folder}/深/",
    ],
)
def test_a_document_has_one_identity_however_it_is_written(
    name: str, tmp_path: Path, folder: Path
) -> None:
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        library.ingest([write(folder, {"營業.md": HOURS, "深/退貨.md": RETURNS})])
        remove(library, name.format(folder=folder))
        assert found(library, ASK_RETURNS) <= {"營業.md"}
        assert [row.source for row in library.ledger.all()] == ["營業.md"]


def test_a_document_ingested_by_a_relative_path_goes_by_its_absolute_one(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"營業.md": HOURS})
    monkeypatch.chdir(tmp_path)
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        library.ingest([Path("docs") / "營業.md"])
        remove(library, str(folder / "營業.md"))
        assert found(library, ASK_HOURS) == set()


def test_a_whole_root_goes_with_all_its_documents(tmp_path: Path, folder: Path) -> None:
    other = write(tmp_path / "other", {"會員.md": "# 會員\n\n金卡會員全店九折。\n"})
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        library.ingest([write(folder, {"營業.md": HOURS, "深/退貨.md": RETURNS}), other])
        remove(library, str(folder))
        assert [row.source for row in library.ledger.all()] == ["會員.md"]
        assert found(library, ASK_RETURNS) <= {"會員.md"}
        assert library.index.count() == 1


def test_a_document_of_very_many_passages_goes_to_the_last_one(
    opened: Opener, folder: Path
) -> None:
    library = opened()
    library.ingest([write(folder, {"目錄.md": catalogue(240), "營業.md": HOURS})])
    assert library.index.count() > 200
    remove(library, "目錄.md")
    assert library.index.count() == 1
    assert found(library, ASK_HOURS) == {"營業.md"}


# ---- the vectors stay


def test_a_removed_document_does_not_answer_though_its_vectors_could_not_be_deleted(
    tmp_path: Path, folder: Path
) -> None:
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
        server.fail_deletes = True
        problem = remove(library, "退貨.md")
        assert problem is not None
        assert library.index.count() == 2
        assert found(library, ASK_RETURNS) <= {"營業.md"}
        server.fail_deletes = False
        result = library.verify()
        assert (result.findings.orphans, result.unmended) == (1, ())
        assert library.index.count() == 1
        assert library.ledger.rubbish() == []
        assert library.verify().was_in_step


def test_a_deletion_that_is_acknowledged_and_not_done_is_noticed_by_counting(
    tmp_path: Path, folder: Path
) -> None:
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {"退貨.md": RETURNS})])
        server.lose_deletes = True
        problem = remove(library, "退貨.md")
        assert problem is not None
        assert problem.code == "store.remains"
        assert library.ledger.rubbish() != []
        with pytest.raises(StoreError, match="remains"):
            library.verify()
        server.lose_deletes = False
        assert library.verify().findings.orphans == 1


def test_the_next_ingest_sweeps_what_a_failed_one_left(tmp_path: Path, folder: Path) -> None:
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
        server.fail_deletes = True
        (folder / "退貨.md").unlink()
        with pytest.raises(StoreError):
            library.ingest([folder])
        assert found(library, ASK_RETURNS) <= {"營業.md"}, "it is gone all the same"
        server.fail_deletes = False
        library.ingest([folder])
        assert library.index.count() == 1


def test_the_old_text_of_a_changed_document_does_not_answer_though_it_is_still_stored(
    tmp_path: Path, folder: Path
) -> None:
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {"營業.md": HOURS})])
        server.lose_deletes = True
        library.ingest([write(folder, {"營業.md": HOURS.replace("十點", "八點")})])
        assert library.index.count() == 2
        texts = [one.passage.text for one in library.search(Query((ASK_HOURS,))).passages]
        assert len(texts) == 1
        assert "八點" in texts[0]


def test_a_live_document_is_found_behind_a_thousand_dead_ones(tmp_path: Path, folder: Path) -> None:
    """Stale points that all match better must not use up the places."""
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {f"{n}.md": f"{RETURNS}\n第{n}版" for n in range(600)})])
        server.lose_deletes = True
        library.remove([row for row in library.ledger.all() if row.source != "7.md"])
        assert library.index.count() == 600
        assert found(library, "葉脈文具的網路訂單收到後七天內可以退貨") == {"7.md"}


def test_points_of_nobody_are_deleted_and_never_shown(opened: Opener, folder: Path) -> None:
    library = opened()
    library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
    (row,) = named(library.ledger.all(), "退貨.md")
    library.ledger.remove([(row.root, row.source)])
    library.ledger.swept([row.version])  # nothing remembers it any more
    assert found(library, ASK_RETURNS) <= {"營業.md"}
    assert library.verify().findings.orphans == 1
    assert library.index.count() == 1


# ---- the vectors are lost


def test_a_document_whose_vectors_were_lost_is_read_again(opened: Opener, folder: Path) -> None:
    library = opened()
    library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
    write(folder, {"新的.md": "# 新的\n\n沒有人要匯入這份文件。\n"})
    (row,) = named(library.ledger.all(), "退貨.md")
    library.index.delete_versions([row.version])
    result = library.verify()
    assert [lost.source for lost in result.findings.lost] == ["退貨.md"]
    assert (result.mended, result.unmended) == (1, ())
    assert "退貨.md" in found(library, ASK_RETURNS)
    assert "新的.md" not in {row.source for row in library.ledger.all()}
    assert library.verify().was_in_step


def test_what_cannot_be_read_again_is_named_with_its_reason(tmp_path: Path, folder: Path) -> None:
    home = Home(tmp_path)
    write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})
    home("ingest", "docs")
    with Library(settings_for(home.data).knowledge) as library:
        library.index.delete_versions([named(library.ledger.all(), "退貨.md")[0].version])
    folder.rename(tmp_path / "elsewhere")
    done = home("sources", "verify", "--json")
    assert done.code == 1
    assert [failure["source"] for failure in done.json["unmended"]] == ["退貨.md"]
    assert "docs" in done.json["unmended"][0]["reason"]
    (tmp_path / "elsewhere").rename(folder)
    again = home("sources", "verify", "--json")
    assert (again.code, again.json["mended"]) == (0, 1)
    (folder / "退貨.md").unlink()
    assert home("sources", "verify", "--json").json["in_step"] is True


# ---- gone, moved or hidden where it came from


def test_a_renamed_file_answers_under_its_new_name_only(opened: Opener, folder: Path) -> None:
    library = opened()
    library.ingest([write(folder, {"退貨.md": RETURNS, "營業.md": HOURS})])
    (folder / "退貨.md").rename(folder / "退換貨.md")
    library.ingest([folder])
    assert found(library, ASK_RETURNS) == {"退換貨.md"}


def test_adding_a_document_drops_none(opened: Opener, folder: Path) -> None:
    library = opened()
    library.ingest([write(folder, {"營業.md": HOURS})])
    library.ingest([write(folder, {"退貨.md": RETURNS})])
    assert {row.source for row in library.ledger.all()} == {"營業.md", "退貨.md"}


def test_a_document_made_internal_is_hidden_though_its_public_vectors_are_still_stored(
    tmp_path: Path, folder: Path
) -> None:
    with on_server(tmp_path) as (library, server):
        library.ingest([write(folder, {"營業.md": HOURS})])
        server.lose_deletes = True
        library.ingest([folder], audience="staff")
        public = Query((ASK_HOURS,), frozenset({PUBLIC}))
        assert library.search(public).passages == ()
        staff = Query((ASK_HOURS,), frozenset({PUBLIC, "staff"}))
        assert len(library.search(staff).passages) == 1


def test_a_passage_of_two_files_goes_on_answering_from_the_one_that_is_left(
    opened: Opener, folder: Path
) -> None:
    library = opened()
    library.ingest([write(folder, {"退貨.md": RETURNS, "副本.md": RETURNS})])
    remove(library, "退貨.md")
    assert found(library, ASK_RETURNS) == {"副本.md"}


# ---- as a command


def test_the_commands_list_explain_and_remove(tmp_path: Path, folder: Path) -> None:
    home = Home(tmp_path, {"AUDIENCES": "slack=staff, discord:88=staff"})
    write(folder, {"營業.md": HOURS})
    write(tmp_path / "staff", {"薪資.md": "# 薪資\n\n葉脈文具店長的季獎金是五千元。\n"})
    home("ingest", "docs")
    home("ingest", "staff", "--audience", "staff")
    rows = home("sources", "list", "--json").json
    assert [(row["source"], row["kind"], row["audience"], row["passages"]) for row in rows] == [
        ("營業.md", "files", "public", 1),
        ("薪資.md", "files", "staff", 1),
    ]
    assert all(row["revision"] and row["updated"] for row in rows)
    (why,) = home("sources", "why", "薪資.md", "--json").json
    assert (why["answers"], why["seen_by"], why["stored"]) == (True, ["discord:88", "slack"], 1)
    (public,) = home("sources", "why", "營業.md", "--json").json
    assert public["seen_by"] == "everybody"
    asked = "葉脈文具店長的季獎金是多少"
    assert home("sources", "why", asked, "--json").json["reason"] == "answers"
    there = home("sources", "why", asked, "--at", "web", "--json").json
    assert (there["reason"], there["audiences"]) == ("hidden", ["public"])
    assert there["candidates"][0] | {"score": 0} == {
        "source": "薪資.md", "score": 0, "audience": "staff", "visible": False,
    }  # fmt: skip
    assert home("sources", "why", asked, "--at", "slack:C1", "--json").json["reason"] == "answers"
    removed = home("sources", "remove", "薪資.md", "--json").json
    assert ([row["source"] for row in removed["removed"]], removed["clean"]) == (["薪資.md"], True)
    assert "薪資.md" not in home("ask", asked, "--json").out
    gone = home("sources", "why", "薪資.md")
    assert (gone.code, gone.out) == (1, "")
    assert "薪資.md" in gone.sentence
    assert home("sources", "verify", "--json").json["in_step"] is True


def test_a_removal_beside_a_running_ingest_leaves_its_points_alone(
    tmp_path: Path, folder: Path
) -> None:
    """What an ingest is writing is marked as rubbish until it is true."""
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        library.ingest([write(folder, {"營業.md": HOURS, "退貨.md": RETURNS})])
        in_flight = library.ledger.begin()
        remove(library, "退貨.md")
        assert library.ledger.rubbish() == [in_flight]


def test_a_file_that_turned_unreadable_keeps_answering_until_it_is_gone(
    tmp_path: Path, folder: Path
) -> None:
    """A failure to read is no deletion."""
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        library.ingest([write(folder, {"營業.md": HOURS})])
        os.truncate(folder / "營業.md", 0)
        report = library.ingest([folder])
        assert len(report.failed) == 1
        assert found(library, ASK_HOURS) == {"營業.md"}

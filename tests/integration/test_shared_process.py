"""`knowledge.process` with a real child: start, share, hand over, end."""

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.errors import StoreError
from knowledge.process import Link, Service, connect

ROOT = Path(__file__).resolve().parents[2]


def echo(
    version: str = "1", mode: str = "work", linger: float = 0.3, patience: float = 20
) -> Service:
    return Service(
        name="echo",
        module="tests.support.echo_service",
        version=version,
        error=StoreError,
        args=(version, mode),
        linger=linger,
        start_timeout=patience,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def address(data_dir: Path) -> dict[str, object]:
    fields: dict[str, object] = json.loads((data_dir / "echo.json").read_text())
    return fields


def test_second_client_finds_the_first_ones_child(tmp_path: Path) -> None:
    one, two = connect(echo(), tmp_path), connect(echo(), tmp_path)
    assert one.call({"say": "早安"})["echo"] == {"say": "早安"}
    assert one.extra["key"] == "secret"
    assert one.extra["pid"] == two.extra["pid"] == two.call({})["pid"]
    one.close()
    two.close()


def test_starters_at_the_same_time_share_one_child(tmp_path: Path) -> None:
    links: list[Link] = []
    threads = [
        threading.Thread(target=lambda: links.append(connect(echo(), tmp_path))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({link.extra["pid"] for link in links}) == 1
    assert len(links) == 4
    for link in links:
        link.close()


def test_child_ends_after_its_last_user_and_tidies_up(tmp_path: Path) -> None:
    link = connect(echo(linger=0.2), tmp_path)
    time.sleep(0.8)
    assert link.call({})["echo"] == {}, "it must stay while somebody holds a link"
    link.close()
    assert wait_until(lambda: not (tmp_path / "echo.json").exists())
    assert wait_until(lambda: "stopped in order" in (tmp_path / "echo.log").read_text())


def test_address_is_for_its_owner_only(tmp_path: Path) -> None:
    link = connect(echo(), tmp_path)
    mode = stat.S_IMODE((tmp_path / "echo.json").stat().st_mode)
    assert mode == 0o600
    assert "secret" not in (tmp_path / "echo.json").read_text()
    link.close()


def test_wrong_token_is_turned_away(tmp_path: Path) -> None:
    from knowledge.process.frames import receive, send

    link = connect(echo(), tmp_path)
    port = address(tmp_path)["port"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
        send(stranger, {"token": "guess", "version": "1"})
        assert receive(stranger) == {"error": "token"}
    link.close()


def test_killed_child_leaves_an_address_that_fools_nobody(tmp_path: Path) -> None:
    link = connect(echo(), tmp_path)
    first = link.extra["pid"]
    os.kill(first, signal.SIGKILL)
    assert wait_until(link.is_lost)
    assert (tmp_path / "echo.json").exists()
    again = connect(echo(), tmp_path)
    assert again.extra["pid"] != first
    again.close()
    link.close()


def test_half_written_address_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "echo.json").write_text('{"port": 1')
    connect(echo(), tmp_path).close()


def test_idle_older_program_makes_way(tmp_path: Path) -> None:
    connect(echo("1", linger=60), tmp_path).close()
    newer = connect(echo("2"), tmp_path)
    assert address(tmp_path)["version"] == "2"
    newer.close()


def test_older_program_in_use_stays_and_is_named(tmp_path: Path) -> None:
    older = connect(echo("1"), tmp_path)
    with pytest.raises(StoreError) as caught:
        connect(echo("2"), tmp_path)
    assert caught.value.code == "echo.version"
    assert caught.value.detail == {"running": "1", "wanted": "2"}
    assert older.call({"still": "here"})["echo"] == {"still": "here"}
    older.close()


def test_error_of_the_child_arrives_as_itself(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        connect(echo(mode="refuse"), tmp_path)
    assert (caught.value.code, caught.value.detail) == ("echo.refused", {"path": "/資料"})


def test_crash_at_start_gives_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        connect(echo(mode="crash"), tmp_path)
    assert caught.value.code == "echo.start_failed"
    assert caught.value.detail["detail"] == "RuntimeError: no such engine"


def test_lock_held_from_elsewhere_is_said(tmp_path: Path) -> None:
    with (tmp_path / "echo.lock").open("w") as lock:
        lock.write("another-host 17")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError) as caught:
            connect(echo(), tmp_path)
    assert caught.value.code == "echo.locked"
    assert caught.value.detail["host"] == "another-host"


def test_directory_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        connect(echo(), tmp_path / "file" / "data")
    assert caught.value.code == "echo.unwritable"


def test_long_path_with_spaces_and_chinese(tmp_path: Path) -> None:
    data_dir = tmp_path / ("很長的 資料夾 " * 8) / ("x" * 100)
    link = connect(echo(), data_dir)
    assert len(str(data_dir)) > 108
    assert link.call({"a": 1})["echo"] == {"a": 1}
    link.close()


def test_killing_the_starter_leaves_the_child_to_the_others(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from knowledge.process import connect;"
        "from tests.integration.test_shared_process import echo;"
        "link = connect(echo(linger=1), Path(sys.argv[1])); print('ready', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"ready\n"
    link = connect(echo(), tmp_path)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    time.sleep(0.2)
    assert link.call({})["echo"] == {}
    link.close()


def test_failed_request_keeps_the_link(tmp_path: Path) -> None:
    link = connect(echo(), tmp_path)
    assert link.call({"fail": "x.y"}) == {"error": "x.y", "detail": {"why": "asked to"}}
    assert link.call({"then": 1})["echo"] == {"then": 1}
    link.close()

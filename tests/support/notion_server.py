"""A loopback stand-in for Notion's API over a workspace that a test builds and changes.

Requests are checked against the vendor's own description of the API where it is there
(`SPECS_DIR`): path, parameters, body; the answers too. What the description leaves open follows
Notion's documentation for version 2026-03-11.
"""

import json
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema

from tests.support.http_handler import QuickHandler

TOKEN = "ntn_right"
VERSION = "2026-03-11"
_BESIDE = (Path(__file__).parents[3], Path(__file__).parents[4])
SPECS = Path(
    os.environ.get("SPECS_DIR")
    or next((p for one in _BESIDE if (p := one / "shared" / "specs").is_dir()), "shared/specs")
)
EDITED = "2026-11-01T08:00:00.000Z"

Json = dict[str, Any]


def uid(number: int) -> str:
    return str(uuid.UUID(int=0x2F000000_0000_4000_8000_000000000000 + number))


class Refused(Exception):
    def __init__(self, status: int, code: str, text: str = "", **headers: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Fault:
    """What becomes of requests whose `METHOD /path` matches, so many times."""

    pattern: str
    status: int
    times: int = 1
    after: int = 0
    """So many matching requests pass first."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    """Instead of Notion's own error object."""


@dataclass
class FakePage:
    id: str
    title: str
    parent: Json
    markdown: str = ""
    blocks: list[Json] | None = None
    """Where the Markdown endpoint is not to be used; else they are made from `markdown`."""
    properties: Json = field(default_factory=dict)
    edited: str = EDITED
    trashed: bool = False
    shared: bool = True
    indexed: bool = True
    """Whether the search knows it yet."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Block id → the Markdown that is only told when asked for that block."""
    truncated: bool = False

    @property
    def url(self) -> str:
        slug = re.sub(r"\W+", "-", self.title, flags=re.ASCII).strip("-")
        return f"https://www.notion.so/{slug + '-' if slug else ''}{self.id.replace('-', '')}"

    def own_blocks(self) -> list[Json]:
        """Where only the Markdown was given: a heading or a paragraph for every line of it."""
        if self.blocks is not None:
            return self.blocks
        lines = [line for line in self.markdown.split("\n") if line.strip()]
        return [self._block(number, line) for number, line in enumerate(lines)]

    def _block(self, number: int, line: str) -> Json:
        marks, _, text = line.partition(" ")
        is_heading = bool(text) and set(marks) == {"#"}
        kind = f"heading_{len(marks)}" if is_heading else "paragraph"
        return {
            "object": "block", "id": str(uuid.uuid5(uuid.UUID(self.id), str(number))),
            "type": kind, kind: {"rich_text": rich(text if is_heading else line)},
            "has_children": False,
        }  # fmt: skip

    def anchor(self, heading: str) -> str:
        """What the address of a heading ends with."""
        for block in self.own_blocks():
            inner = block[block["type"]]
            if block["type"].startswith("heading") and inner["rich_text"] == rich(heading):
                return str(block["id"]).replace("-", "")
        raise KeyError(heading)

    def as_json(self) -> Json:
        title = {"id": "title", "type": "title", "title": rich(self.title)}
        return {
            "object": "page",
            "id": self.id,
            "created_time": "2026-01-01T00:00:00.000Z",
            "last_edited_time": self.edited,
            "in_trash": self.trashed,
            "is_archived": False,
            "icon": None,
            "cover": None,
            "parent": self.parent,
            "properties": {**self.properties, "Name": title},
            "url": self.url,
            "public_url": None,
        }


@dataclass
class FakeNotion:
    url: str = ""
    pages: dict[str, FakePage] = field(default_factory=dict)
    databases: dict[str, Json] = field(default_factory=dict)
    data_sources: dict[str, Json] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """How requests or answers departed from the vendor's description."""
    lists_in_pages_of: int = 100
    lock: threading.Lock = field(default_factory=threading.Lock)
    _made: int = 0

    # -- building a workspace ----------------------------------------------------------------

    def page(
        self, title: str, markdown: str = "", *, under: Json | None = None, **more: Any
    ) -> FakePage:
        made = FakePage(self._id(), title, under or WORKSPACE, markdown, **more)
        self.pages[made.id] = made
        return made

    def database(self, title: str, *, under: Json | None = None, sources: int = 1) -> list[str]:
        """The ids of its data sources."""
        id_ = self._id()
        parent = under or WORKSPACE
        made = []
        for number in range(sources):
            source = self._id()
            name = title if sources == 1 else f"{title} {number + 1}"
            self.data_sources[source] = {
                "object": "data_source", "id": source, "title": rich(name), "in_trash": False,
                "parent": {"type": "database_id", "database_id": id_}, "database_parent": parent,
                "last_edited_time": EDITED, "created_time": EDITED, "properties": {},
                "url": f"https://www.notion.so/{id_.replace('-', '')}",
            }  # fmt: skip
            made.append(source)
        self.databases[id_] = {
            "object": "database", "id": id_, "title": rich(title), "parent": parent,
            "in_trash": False, "is_inline": False, "last_edited_time": EDITED,
            "data_sources": [
                {"id": one, "name": title if sources == 1 else f"{title} {n + 1}"}
                for n, one in enumerate(made)
            ],
            "url": f"https://www.notion.so/{id_.replace('-', '')}",
        }  # fmt: skip
        return made

    def row(self, source: str, title: str, markdown: str = "", **properties: Json) -> FakePage:
        database = self.data_sources[source]["parent"]["database_id"]
        parent = {"type": "data_source_id", "data_source_id": source, "database_id": database}
        return self.page(title, markdown, under=parent, properties=dict(properties))

    def fail(self, pattern: str, status: int, **more: Any) -> None:
        self.faults.append(Fault(pattern, status, **more))

    def trash(self, page: FakePage) -> None:
        """It and what is below it."""
        page.trashed = page.indexed = True
        page.indexed = False
        for other in self.pages.values():
            if other.parent.get("page_id") == page.id and not other.trashed:
                self.trash(other)

    def asked(self, pattern: str) -> int:
        return sum(re.search(pattern, request) is not None for request in self.requests)

    def _id(self) -> str:
        self._made += 1
        return uid(self._made)

    # -- answering ---------------------------------------------------------------------------

    def find(self, id_: str) -> FakePage:
        found = self.pages.get(hyphened(id_))
        if found is None or not found.shared:
            raise Refused(404, "object_not_found", f"Could not find page with ID: {id_}.")
        return found


WORKSPACE: Json = {"type": "workspace", "workspace": True}


def below(page: FakePage) -> Json:
    return {"type": "page_id", "page_id": page.id}


def rich(text: str) -> list[Json]:
    return (
        [{"type": "text", "text": {"content": text, "link": None}, "plain_text": text}]
        if text
        else []
    )


def hyphened(id_: str) -> str:
    try:
        return str(uuid.UUID(id_))
    except ValueError:
        raise Refused(
            400, "validation_error", f"path failed validation: {id_} is no uuid"
        ) from None


def _listed(server: FakeNotion, results: list[Json], at: Json) -> Json:
    size = min(int(at.get("page_size") or 100), server.lists_in_pages_of)
    start = int(at.get("start_cursor") or 0)
    rest = len(results) > start + size
    return {
        "object": "list", "results": results[start : start + size], "has_more": rest,
        "next_cursor": str(start + size) if rest else None, "type": "page_or_data_source",
    }  # fmt: skip


def _search(server: FakeNotion, query: Json, body: Json) -> Json:
    kind = (body.get("filter") or {}).get("value")
    if kind not in ("page", "data_source"):
        raise Refused(400, "validation_error", "body.filter.value should be page or data_source")
    results = (
        [one.as_json() for one in server.pages.values() if one.shared and one.indexed]
        if kind == "page"
        else [one for one in server.data_sources.values() if not one["in_trash"]]
    )
    direction = (body.get("sort") or {}).get("direction")
    results.sort(key=lambda one: one["last_edited_time"], reverse=direction != "ascending")
    return _listed(server, results, body)


def _rows(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    source = hyphened(id_)
    if source not in server.data_sources:
        raise Refused(404, "object_not_found", id_)
    rows = [
        one.as_json()
        for one in server.pages.values()
        if one.parent.get("data_source_id") == source and one.shared and not one.trashed
    ]
    return _listed(server, rows, body)


def _page(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    return server.find(id_).as_json()


def _markdown(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    for page in server.pages.values():
        if hyphened(id_) in page.unknown and page.shared:
            text = page.unknown[hyphened(id_)]
            return {
                "object": "page_markdown", "id": hyphened(id_), "markdown": text,
                "truncated": False, "unknown_block_ids": [],
            }  # fmt: skip
    page = server.find(id_)
    if page.blocks is not None and not page.truncated:
        raise Refused(400, "validation_error", "This page cannot be rendered as Markdown.")
    return {
        "object": "page_markdown", "id": page.id, "markdown": page.markdown,
        "truncated": page.truncated, "unknown_block_ids": list(page.unknown),
    }  # fmt: skip


def _children(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    for page in server.pages.values():
        own = page.own_blocks()
        found = own if page.id == hyphened(id_) else _below(own, hyphened(id_))
        if found is not None:
            shown = [
                {key: value for key, value in block.items() if key != "below"} for block in found
            ]
            return _listed(server, shown, query)
    raise Refused(404, "object_not_found", id_)


def _below(blocks: list[Json], id_: str) -> list[Json] | None:
    for block in blocks:
        below_it: list[Json] = block.get("below", [])
        if block["id"] == id_:
            return below_it
        if (found := _below(below_it, id_)) is not None:
            return found
    return None


def _property(server: FakeNotion, query: Json, body: Json, id_: str, name: str) -> Json:
    for value in server.find(id_).properties.values():
        if value.get("id") == name:
            kind = value["type"]
            items = [{"object": "property_item", "type": kind, kind: one} for one in value["all"]]
            return _listed(server, items, query)
    raise Refused(404, "object_not_found", name)


def _database(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    if hyphened(id_) not in server.databases:
        raise Refused(404, "object_not_found", f"Could not find database with ID: {id_}.")
    return server.databases[hyphened(id_)]


def _data_source(server: FakeNotion, query: Json, body: Json, id_: str) -> Json:
    if hyphened(id_) not in server.data_sources:
        raise Refused(404, "object_not_found", id_)
    return server.data_sources[hyphened(id_)]


_ROUTES: tuple[tuple[str, str, Callable[..., Json]], ...] = (
    ("POST", r"/v1/search", _search),
    ("POST", r"/v1/data_sources/([^/]+)/query", _rows),
    ("GET", r"/v1/data_sources/([^/]+)", _data_source),
    ("GET", r"/v1/databases/([^/]+)", _database),
    ("GET", r"/v1/pages/([^/]+)/markdown", _markdown),
    ("GET", r"/v1/pages/([^/]+)/properties/([^/]+)", _property),
    ("GET", r"/v1/pages/([^/]+)", _page),
    ("GET", r"/v1/blocks/([^/]+)/children", _children),
)


# -- the vendor's description -----------------------------------------------------------------


@cache
def _spec() -> Json | None:
    path = SPECS / "notion.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def described() -> bool:
    """Whether requests and answers are checked."""
    return _spec() is not None


def _operation(method: str, path: str) -> Json | None:
    spec = _spec()
    assert spec is not None
    for template, operations in spec["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            found: Json = operations[method.lower()]
            return found
    return None


def _departures(method: str, path: str, query: Json, body: Any, answer: Any) -> Iterator[str]:
    operation = _operation(method, path)
    if operation is None:
        yield f"{method} {path} is not described"
        return
    allowed = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
    for name in query.keys() - allowed - {"start_cursor", "page_size"}:
        yield f"{method} {path}: query parameter {name}"
    schema = _schema(operation.get("requestBody"))
    if body is not None and schema is not None:
        unknown = body.keys() - schema.get("properties", {}).keys()
        yield from (f"{method} {path}: body.{name}" for name in unknown)
        yield from (f"{method} {path}: {e.message}" for e in _errors(schema, body))
    told = _schema(operation.get("responses", {}).get("200"))
    if told is not None and answer is not None:
        yield from (f"answer of {path}: {e.message}" for e in _errors(told, answer))


def _schema(holder: Json | None) -> Json | None:
    content = (holder or {}).get("content", {}).get("application/json", {})
    return content.get("schema")  # type: ignore[no-any-return]


def _errors(schema: Json, value: Any) -> Iterator[jsonschema.ValidationError]:
    yield from _validator(json.dumps(schema)).iter_errors(value)


@cache
def _validator(schema: str) -> Any:
    components = (_spec() or {}).get("components", {})
    return jsonschema.Draft202012Validator({**json.loads(schema), "components": components})


class _Handler(QuickHandler):
    protocol_version = "HTTP/1.1"
    fake: ClassVar[FakeNotion]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length) if length else b""
        parts = urlsplit(self.path)
        if parts.path.startswith("/files/"):
            self._file(unquote(parts.path.removeprefix("/files/")))
            return
        with self.fake.lock:
            status, headers, data = self._reply(parts.path, parse_qs(parts.query), raw)
        self._send(status, "application/json", data, headers)

    do_GET = do_POST = _answer

    def _reply(self, path: str, query: Json, raw: bytes) -> tuple[int, Json, bytes]:
        fake, request = self.fake, f"{self.command} {path}"
        fake.requests.append(request)
        flat = {name: values[0] for name, values in query.items()}
        body = json.loads(raw) if raw else None
        answer: Any = None
        try:
            if (fault := self._fault(request)) is not None and fault.body is not None:
                return fault.status, fault.headers, fault.body.encode()
            answer = self._route(path, flat, body or {})
            status, headers = 200, {}
        except Refused as refusal:
            status, headers = refusal.status, refusal.headers
            error = {"object": "error", "status": status, "code": refusal.code}
            answer = {**error, "message": str(refusal), "request_id": uid(0)}
        if described() and not path.startswith("/v1/databases"):
            told = answer if status == 200 else None
            fake.complaints += _departures(self.command, path, flat, body, told)
        return status, headers, json.dumps(answer).encode()

    def _fault(self, request: str) -> Fault | None:
        for fault in self.fake.faults:
            if fault.times and re.search(fault.pattern, request):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.body is not None:
                    return fault
                codes = {429: "rate_limited", 401: "unauthorized", 403: "restricted_resource",
                         404: "object_not_found", 400: "validation_error", 529: "service_overload",
                         503: "service_unavailable", 500: "internal_server_error"}  # fmt: skip
                code = codes.get(fault.status, "gateway_timeout")
                raise Refused(fault.status, code, "as the test wishes", **fault.headers)
        return None

    def _route(self, path: str, query: Json, body: Json) -> Json:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "unauthorized", "API token is invalid.")
        if self.headers.get("Notion-Version") != VERSION:
            raise Refused(400, "missing_version", "Notion-Version")
        for method, pattern, action in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                return action(self.fake, query, body, *match.groups())
        raise Refused(400, "invalid_request_url", path)

    def _file(self, name: str) -> None:
        content = self.fake.files.get(name)
        self.fake.requests.append(f"GET /files/{name}")
        if content is None:
            self._send(404, "text/plain", b"", {})
        else:
            self._send(200, "application/octet-stream", content, {})

    def _send(self, status: int, kind: str, data: bytes, headers: Json) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def notion_server() -> Iterator[FakeNotion]:
    """A workspace on a free loopback port until the block ends; fails on what departs from the
    vendor's description."""
    fake = FakeNotion()
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
    assert fake.complaints == []

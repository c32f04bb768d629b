"""A loopback stand-in for a Qdrant server: it stores, filters and scores for real.

Request bodies are checked against the vendor's own schema; what does not fit gets the
400 that the real server would give.
"""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import numpy as np

from tests.support.http_handler import QuickHandler

SCHEMA = Path(__file__).parent.parent / "payloads" / "qdrant-schema.json"


@cache
def _validator(name: str) -> Any:
    document = json.loads(SCHEMA.read_text("utf-8"))
    root = {"$ref": f"#/$defs/{name}", "$defs": document["$defs"]}
    return jsonschema.Draft202012Validator(root)


class Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Stored:
    config: dict[str, Any]
    points: dict[str, dict[str, Any]] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeQdrant:
    """The server's state and what a test may ask of it."""

    url: str = ""
    api_key: str | None = None
    collections: dict[str, Stored] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    fail_with: tuple[int, str] | None = None
    """Status and text of every answer from now on."""
    hide_collections: bool = False
    """Answer "there is none" to the question whether a collection exists."""
    lose_deletes: bool = False
    """Acknowledge deletions and delete nothing."""
    fail_deletes: bool = False
    """Answer deletions with a server error."""
    refuse_next: int = 0
    """Answer so many requests with 503, as a server that is starting does."""
    bodies: list[tuple[str, str, Any]] = field(default_factory=list)
    """(method, path, body) of every request."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, name: str) -> Stored:
        if name not in self.collections:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return self.collections[name]


def _check(schema: str, body: Any) -> None:
    error = next(_validator(schema).iter_errors(body), None)
    if error is not None:
        raise Refused(400, f"Format error in JSON body: {error.message[:200]}")


def _exists(server: FakeQdrant, name: str, body: Any) -> Any:
    return {"exists": name in server.collections and not server.hide_collections}


def _create(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("CreateCollection", body)
    if name in server.collections:
        raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
    server.collections[name] = Stored(body)
    return True


def _drop(server: FakeQdrant, name: str, body: Any) -> Any:
    return server.collections.pop(name, None) is not None


def _aliases(server: FakeQdrant, body: Any) -> Any:
    pairs = [{"alias_name": a, "collection_name": c} for a, c in server.aliases.items()]
    return {"aliases": pairs}


def _change_aliases(server: FakeQdrant, body: Any) -> Any:
    """All or nothing, in order."""
    changed = dict(server.aliases)
    for action in body["actions"]:
        if "delete_alias" in action:
            if action["delete_alias"]["alias_name"] not in changed:
                raise Refused(404, "Not found: Alias")
            del changed[action["delete_alias"]["alias_name"]]
        else:
            made = action["create_alias"]
            server.find(made["collection_name"])
            changed[made["alias_name"]] = made["collection_name"]
    server.aliases = changed
    return True


def _info(server: FakeQdrant, name: str, body: Any) -> Any:
    stored = server.find(name)
    params = {key: stored.config.get(key) for key in ("vectors", "sparse_vectors")}
    hnsw = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000}
    optimizer = {
        "deleted_threshold": 0.2,
        "vacuum_min_vector_number": 1000,
        "default_segment_number": 2,
        "flush_interval_sec": 5,
    }
    config = {"params": params, "hnsw_config": hnsw, "optimizer_config": optimizer}
    return {
        "status": "green",
        "optimizer_status": "ok",
        "segments_count": 1,
        "points_count": len(stored.points),
        "config": config,
        "payload_schema": {
            key: {"data_type": kind, "points": 0} for key, kind in stored.indexes.items()
        },
    }


def _index(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("CreateFieldIndex", body)
    server.find(name).indexes[body["field_name"]] = body["field_schema"]
    return {"operation_id": 0, "status": "completed"}


def _upsert(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("PointInsertOperations", body)
    stored = server.find(name)
    for point in body["points"]:
        for using, vector in point["vector"].items():
            _check_vector(stored, using, vector)
    for point in body["points"]:
        stored.points[str(point["id"])] = point
    return {"operation_id": 0, "status": "completed"}


def _check_vector(stored: Stored, using: str, vector: Any) -> None:
    if isinstance(vector, dict):
        if using not in (stored.config.get("sparse_vectors") or {}):
            raise Refused(400, f"Wrong input: Not existing vector name error: {using}")
        return
    params = (stored.config.get("vectors") or {}).get(using)
    if params is None:
        raise Refused(400, f"Wrong input: Not existing vector name error: {using}")
    for row in vector:
        if len(row) != params["size"]:
            raise Refused(400, f"Wrong input: expected dim: {params['size']}, got {len(row)}")


def _delete(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("PointsSelector", body)
    stored = server.find(name)
    if server.fail_deletes:
        raise Refused(500, "Service internal error: deletion failed")
    if server.lose_deletes:
        return {"operation_id": 0, "status": "acknowledged"}
    doomed = [key for key, point in stored.points.items() if _matches(point, body["filter"])]
    for key in doomed:
        del stored.points[key]
    return {"operation_id": 0, "status": "completed"}


def _count(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("CountRequest", body)
    where = body.get("filter")
    return {"count": sum(_matches(p, where) for p in server.find(name).points.values())}


def _scroll(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("ScrollRequest", body)
    points = sorted(server.find(name).points.values(), key=lambda point: str(point["id"]))
    page = [p for p in points if str(p["id"]) >= str(body.get("offset") or "")]
    kept = ("id", "payload", "vector") if body.get("with_vector") else ("id", "payload")
    shown = [{name: p[name] for name in kept} for p in page[: body["limit"]]]
    following = page[body["limit"]]["id"] if len(page) > body["limit"] else None
    return {"points": shown, "next_page_offset": following}


def _query(server: FakeQdrant, name: str, body: Any) -> Any:
    _check("QueryRequestBatch", body)
    stored = server.find(name)
    return [{"points": _pool(stored, search)} for search in body["searches"]]


def _pool(stored: Stored, search: dict[str, Any]) -> list[dict[str, Any]]:
    query = search["query"]
    if isinstance(query, dict):
        query = query.get("nearest", query)
    _check_vector(stored, search["using"], query)
    scored = []
    for point in stored.points.values():
        vector = point["vector"].get(search["using"])
        if vector is None or not _matches(point, search.get("filter")):
            continue
        if (score := _score(query, vector)) is not None:
            scored.append((score, point))
    scored.sort(key=lambda pair: -pair[0])
    return [
        {"id": point["id"], "version": 0, "score": score, "payload": point["payload"]}
        for score, point in scored[: search["limit"]]
    ]


def _score(query: Any, vector: Any) -> float | None:
    """Dot product of what both have (None where nothing), or MaxSim of cosines."""
    if isinstance(query, dict):
        weights = dict(zip(vector["indices"], vector["values"], strict=True))
        pairs = zip(query["indices"], query["values"], strict=True)
        shared = [value * weights[index] for index, value in pairs if index in weights]
        return sum(shared) if shared else None
    asked, rows = np.array(query, "f4"), np.array(vector, "f4")
    asked = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return float((asked @ rows.T).max(axis=1).sum())


def _matches(point: dict[str, Any], where: dict[str, Any] | None) -> bool:
    conditions = (where or {}).get("must") or []
    return all(point["payload"].get(c["key"]) in c["match"]["any"] for c in conditions)


_ROUTES: dict[tuple[str, str], Callable[[FakeQdrant, str, Any], Any]] = {
    ("GET", "/exists"): _exists,
    ("GET", ""): _info,
    ("PUT", ""): _create,
    ("DELETE", ""): _drop,
    ("PUT", "/index"): _index,
    ("PUT", "/points"): _upsert,
    ("POST", "/points/delete"): _delete,
    ("POST", "/points/count"): _count,
    ("POST", "/points/scroll"): _scroll,
    ("POST", "/points/query/batch"): _query,
}


class _Handler(QuickHandler):
    protocol_version = "HTTP/1.1"
    fake: ClassVar[FakeQdrant]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.fake.requests.append(f"{self.command} {self.path}")
        self.fake.bodies.append((self.command, self.path, body))
        try:
            status, answer = 200, {"result": self._route(body), "status": "ok", "time": 0.0}
        except Refused as refusal:
            status, answer = refusal.status, {"status": {"error": str(refusal)}, "time": 0.0}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = _answer

    def _route(self, body: Any) -> Any:
        fake = self.fake
        if fake.api_key is not None and self.headers.get("api-key") != fake.api_key:
            raise Refused(401, "Must provide an API key or an Authorization bearer token")
        if fake.fail_with is not None:
            raise Refused(*fake.fail_with)
        if fake.refuse_next:
            fake.refuse_next -= 1
            raise Refused(503, "starting")
        if self.path.partition("?")[0] in ("/aliases", "/collections/aliases"):
            with fake.lock:
                return (_change_aliases if self.command == "POST" else _aliases)(fake, body)
        match = re.fullmatch(r"/collections/([^/?]+)(/[^?]*)?(\?.*)?", self.path)
        action = _ROUTES.get((self.command, (match and match[2]) or "")) if match else None
        if match is None or action is None:
            raise Refused(404, "no such endpoint in this stand-in")
        with fake.lock:
            return action(fake, match[1], body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Ends with its connections, as a server that is stopped does."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def qdrant_server(
    api_key: str | None = None, *, port: int = 0, again: FakeQdrant | None = None
) -> Iterator[FakeQdrant]:
    """A server on a free loopback port until the block ends; `again` is one that was stopped."""
    fake = again or FakeQdrant(api_key=api_key)
    handler = type("Handler", (_Handler,), {"fake": fake})
    with _Server(("127.0.0.1", port), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()

"""A shared service that does next to nothing: what `knowledge.process` is tested with."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from knowledge.errors import StoreError
from knowledge.process import arguments, serve


class Echo:
    def __init__(self, mode: str) -> None:
        self._mode = mode

    def start(self) -> Mapping[str, Any]:
        if self._mode == "refuse":
            raise StoreError("echo.refused", path="/資料")
        if self._mode == "crash":
            raise RuntimeError("no such engine")
        return {"pid": os.getpid(), "key": "secret"}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        if "fail" in request:
            raise StoreError(request["fail"], why="asked to")
        return {"echo": request, "pid": os.getpid()}

    def tick(self) -> bool:
        return False

    def stop(self) -> None:
        print("stopped in order", flush=True)


if __name__ == "__main__":
    given = arguments()
    version, mode = given.rest
    sys.exit(
        serve(
            Echo(mode), name="echo", version=version, data_dir=given.data_dir, linger=given.linger
        )
    )

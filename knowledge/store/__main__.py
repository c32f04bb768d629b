"""The store process; started by `EmbeddedIndex`, never by hand."""

import sys

from knowledge.process import arguments, serve
from knowledge.store.wire import SERVICE_NAME, VERSION
from knowledge.store.worker import StoreWorker


def main() -> int:
    given = arguments()
    reserve = int(given.rest[0])
    worker = StoreWorker(given.data_dir / "qdrant", reserve)
    return serve(
        worker,
        name=SERVICE_NAME,
        version=VERSION,
        data_dir=given.data_dir,
        linger=given.linger,
    )


if __name__ == "__main__":
    sys.exit(main())

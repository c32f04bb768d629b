"""Empty databases of both kinds."""

from pathlib import Path

import pytest
from sqlalchemy import text

from knowledge.ledger import open_engine, sqlite_url


def empty_database(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """A new SQLite file, or the fixture `postgres_url` with all its tables gone."""
    if kind == "sqlite":
        return sqlite_url(folder)
    url: str = request.getfixturevalue("postgres_url")
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url

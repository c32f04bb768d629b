"""The ledger of sources, as the program's first release made it without any migration."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes what is absent: a database of the first release has all of it, with rows."""
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("audience", sa.String(200), nullable=False),
        sa.Column("content_hash", sa.String(200), nullable=False),
        sa.Column("stamp", sa.String(100), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("passages", sa.Integer, nullable=False),
        sa.Column("ingested_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("root", "source"),
        if_not_exists=True,
    )
    for column in ("version", "passages"):
        op.create_index(f"ix_sources_{column}", "sources", [column], if_not_exists=True)
    _terms()
    op.create_table(
        "ledger_facts",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        if_not_exists=True,
    )


def _terms() -> None:
    op.create_table(
        "source_terms",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "term_frequencies",
        sa.Column("term", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("passages", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "garbage_versions",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Leaves the tables and their rows: the first release works with them."""

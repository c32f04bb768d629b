"""The steps from one schema to the next; each file in `versions/` is one."""

STEPS = ("0001", "0002", "0003", "0004")
"""Named here too, so that a start need not ask Alembic, whose import takes a fifth of a second."""
HEAD = STEPS[-1]

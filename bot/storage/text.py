"""Text that every database takes."""


def storable(text: str) -> str:
    """Without the two things that PostgreSQL refuses: NUL, and half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")

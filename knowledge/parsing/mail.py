"""EML (and MHTML): who wrote what to whom; attachments are documents of their own (`parts`)."""

import email
import email.policy
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from bs4.exceptions import ParserRejectedMarkup

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.letters import Letter, draft
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.text import decode

_TELLING = (
    "from",
    "to",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "content-type",
)


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encoding`."""
    message = read(source)
    with damage(source.name, ParserRejectedMarkup):
        body = message.get_body(("html", "plain"))
        letter = Letter(
            subject=_header(message, "subject"),
            sender=_header(message, "from"),
            receivers=", ".join(filter(None, [_header(message, "to"), _header(message, "cc")])),
            date=moment(str(message["date"] or "")),
        )
        return draft(letter, _text(body, source.name) if body else "", _is_html(body), source)


def attachments(source: Source) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of what is attached. Raises DocumentError `file.damaged`."""
    message = read(source)
    with damage(source.name):
        for number, part in enumerate(message.iter_attachments(), 1):
            if not _is_decoration(part):
                yield _name(part, number), _content(part)


def read(source: Source) -> EmailMessage:
    """Raises DocumentError `file.damaged` where the bytes are no mail at all."""
    with damage(source.name):
        message = email.message_from_bytes(source.data, policy=email.policy.default)
        if not any(name in message for name in _TELLING):
            raise DocumentError("file.damaged", source=source.name)
    return message


def _text(part: Message, name: str) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        return ""
    return decode(data, name, part.get_content_charset())


def _is_html(part: Message | None) -> bool:
    return part is not None and part.get_content_type() == "text/html"


def _header(message: Message, name: str) -> str:
    """Decoded; bytes that were written as they are, against the standard, are guessed at."""
    value = str(message.get(name) or "")
    raw = value.encode("utf-8", "surrogateescape")
    if "\udc80" <= max(value, default="") <= "\udcff":
        return decode(raw, name)
    return str(make_header(decode_header(value))) if "=?" in value else value


def moment(date: str) -> str:
    """The value of a `Date` header, to the minute; empty where it is none."""
    try:
        return f"{parsedate_to_datetime(date):%Y-%m-%d %H:%M}"
    except (TypeError, ValueError):
        return ""


def _is_decoration(part: Message) -> bool:
    """Pictures and styles that the text shows, such as the logo of a signature."""
    inline = part.get_content_disposition() != "attachment"
    shown = part.get_content_maintype() in ("image", "text") and not part.get_filename()
    return inline and (
        part["content-id"] is not None or part["content-location"] is not None or shown
    )


def _name(part: Message, number: int) -> str:
    name = part.get_filename()
    if name:
        return str(make_header(decode_header(name))) if "=?" in name else name
    if part.get_content_type() == "message/rfc822":
        return f"{number}.eml"
    return f"{number}.{part.get_content_subtype()}"


def _content(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, Message) else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""

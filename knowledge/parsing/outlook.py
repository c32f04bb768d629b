"""MSG: a mail saved by Outlook, through python-oxmsg; attachments are documents of their own."""

from collections.abc import Iterator

from bs4.exceptions import ParserRejectedMarkup
from oxmsg import Message

from knowledge.parsing import mail
from knowledge.parsing.guard import damage
from knowledge.parsing.letters import Letter, draft
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.text import clean


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    with damage(source.name, ParserRejectedMarkup):
        message = Message.load(source.data)
        receivers = [person.name or person.email_address for person in message.recipients]
        letter = Letter(
            subject=clean(message.subject),
            sender=clean(message.sender or ""),
            receivers=clean(", ".join(filter(None, receivers))),
            date=_date(message),
        )
        plain = message.body
        html = None if plain and plain.strip() else message.html_body
        return draft(letter, clean(html or plain or ""), bool(html), source)


def _date(message: Message) -> str:
    """As the sender's clock showed it, where the mail came by the internet; else in UTC."""
    written = mail.moment(message.message_headers.get("Date", ""))
    sent = message.sent_date
    return written or (f"{sent:%Y-%m-%d %H:%M} UTC" if sent else "")


def attachments(source: Source) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of what is attached; None for an Outlook item, which has no bytes of its own."""
    with damage(source.name):
        for number, part in enumerate(Message.load(source.data).attachments, 1):
            yield part.file_name or f"{number}", part.file_bytes

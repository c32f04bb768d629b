"""What EML and MSG have in common: a letter as blocks."""

from dataclasses import dataclass

from knowledge.parsing import web
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.plaintext import paragraphs


@dataclass(frozen=True, slots=True)
class Letter:
    """The head of a mail; what is unknown is empty."""

    subject: str
    sender: str
    receivers: str
    date: str

    def lines(self) -> str:
        """As a reader sees it above the text."""
        told = (
            ("主旨", self.subject),
            ("寄件者", self.sender),
            ("收件者", self.receivers),
            ("日期", self.date),
        )
        return "\n".join(f"{label}：{value}" for label, value in told if value.strip())


def draft(letter: Letter, body: str | None, is_html: bool, source: Source) -> Draft:
    """The head, then the text. The subject is the title."""
    outline = Outline()
    outline.text(letter.lines())
    if body and is_html:
        web.feed(outline, body)
    elif body:
        for paragraph in paragraphs(body):
            outline.text(paragraph)
    return Draft(outline.finish(), (letter.subject,))

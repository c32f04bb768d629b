"""Answers and replies as Slack's messages. Pure."""

from collections.abc import Iterator, Sequence

from adapters.slack.blocks import (
    BUTTON_LIMIT,
    MARKDOWN_LIMIT,
    SECTION_LIMIT,
    Block,
    Message,
    buttons,
    context,
    fallback,
    markdown,
    packed,
    pieces,
    section,
    sections,
)
from adapters.slack.mrkdwn import escape, link, quiet, settled
from adapters.text import plain, split
from bot.frontdesk.actions import offers
from bot.frontdesk.counter import language_of
from bot.frontdesk.replies import Reply
from bot.messages import Answer, Citation, Request
from bot.phrases import Say

_QUOTE = 160
"""Characters of what a source says: enough to find it there."""
_WATCHED = 11_000
"""Characters that are shown of an answer in the making; the rest comes with the end."""


def parts(request: Request, answer: Answer, say: Say, language: str) -> list[Message]:
    """The whole answer; its sources and buttons stand at the end of the last message."""
    spoken = language_of(request, language)
    blocks = [
        *_text(answer),
        *_choices(answer),
        *_notice(answer),
        *_sources(answer.citations, say("shown.sources", spoken)),
        *buttons(offers(answer, request.id, say, spoken)),
    ]
    return [_message(some, answer) for some in packed(blocks)]


def _message(blocks: Sequence[Block], answer: Answer) -> Message:
    first = next((block["text"] for block in blocks if block["type"] == "markdown"), None)
    return {"text": fallback(plain(first or answer.text)), "blocks": list(blocks)}


def _text(answer: Answer) -> list[Block]:
    # Calls are broken up before the cut: that makes a text longer.
    whole = quiet(answer.text)
    return [markdown(part) for part in split(whole, MARKDOWN_LIMIT) if part.strip()]


def _choices(answer: Answer) -> list[Block]:
    """In full where a button has no room for them."""
    if all(len(choice) <= BUTTON_LIMIT for choice in answer.choices):
        return []
    return sections("\n".join(f"{n}. {choice}" for n, choice in enumerate(answer.choices, 1)))


def _notice(answer: Answer) -> list[Block]:
    return [context(piece) for piece in pieces(answer.notice or "", SECTION_LIMIT)]


def _sources(citations: Sequence[Citation], heading: str) -> Iterator[Block]:
    if citations:
        yield context(f"*{escape(heading)}*")
    for number, citation in enumerate(citations, 1):
        yield context(_source(number, citation))


def _source(number: int, citation: Citation) -> str:
    """`[1] title · locator` and what it says there, in at most 3,000 characters."""
    title = _short(citation.title, 300)
    is_link = citation.link.startswith(("http://", "https://")) and len(citation.link) < 1500
    shown = link(citation.link, title) if is_link else escape(title)
    locator = f" · {escape(_short(citation.locator, 300))}" if citation.locator else ""
    quote = escape(_short(" ".join(citation.quote.split()), _QUOTE))
    return f"[{number}] {shown}{locator}" + (f"\n「{quote}」" if quote else "")


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


# -- while an answer is made --------------------------------------------------------------------


def watched(text: str) -> str:
    """What is shown of an answer so far: of a longer one it is the beginning."""
    return quiet(settled(text))[:_WATCHED]


def provisional(text: str) -> Message:
    return {"text": fallback(plain(text)), "blocks": [markdown(text)]} if text.strip() else {}


# -- everything else ----------------------------------------------------------------------------


def reply_message(reply: Reply) -> Message:
    blocks = [*sections(reply.text), *buttons(reply.actions)]
    return {"text": fallback(reply.text), "blocks": blocks[:49]}


def asked_message(who: str, question: str, say: Say, language: str) -> Message:
    """What stands in a channel where somebody asked by a command: nobody is called by it."""
    text = say("slack.asked", language, who=f"@{who}", question=question)
    return {"text": fallback(text), "blocks": sections(text)}


def home_view(help_text: str) -> Block:
    return {"type": "home", "blocks": [section(escape(help_text))]}

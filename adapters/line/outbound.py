"""An answer, or what the desk says, as LINE's messages. Pure.

One reply token takes one call of up to five messages, so an answer is cut into pages of as many;
each but the last ends with a button that asks for the next. Sources are plain lines and no Flex:
they can be copied, are read aloud, show on every client, and count only as text.
"""

from collections.abc import Sequence
from typing import Any

from adapters.line.annotate import correction
from adapters.text import plain, split, utf16
from bot.frontdesk.actions import Action, decode, encode, offers
from bot.frontdesk.replies import Reply
from bot.messages import Answer, Citation, Request
from bot.phrases import Say

Message = dict[str, Any]
MAX_TEXT = 5000
"""UTF-16 units."""
MAX_MESSAGES = 5
MAX_QUICK_REPLIES = 13
MAX_LABEL = 20
MAX_ALT_TEXT = 400
_QUOTE = 60
"""Characters of a source that are shown."""
_ECHOED = ("pick", "human", "news", "file")
"""Buttons that say in the chat what was tapped."""
_MARKDOWN = ("grounded", "extractive")
"""Written by a model or cut out of documents; all else is typed by people as they mean it."""


# -- an answer ------------------------------------------------------------------------------------


def pages_of(
    request: Request, answer: Answer, say: Say, language: str, prefix: str = ""
) -> list[list[Message]]:
    """What one reply token can say, and what the next ones can."""
    pages = _paged(text_of(answer, say, language), request, say, language)
    items = [quick(action) for action in offers(answer, request.id, say, language)]
    if items and request.author.is_admin and answer.outcome in (*_MARKDOWN, "annotated"):
        items.append(correction(answer.question, say("line.correct", language), prefix))
    return [*pages[:-1], with_quick(pages[-1], items)]


def _paged(text: str, request: Request, say: Say, language: str) -> list[list[Message]]:
    messages: list[Message] = [
        {"type": "text", "text": part} for part in split(_clean(text) or "…", MAX_TEXT, utf16)
    ]
    if request.reply.get("quote"):  # in a group it is not plain to what an answer belongs
        messages[0]["quoteToken"] = request.reply["quote"]
    pages: list[list[Message]] = []
    while len(messages) > MAX_MESSAGES:
        data = encode("more", len(pages) + 1, request.id)
        more = button(say("line.more_text", language), Action(say("line.more", language), data))
        pages.append([*messages[: MAX_MESSAGES - 1], more])
        messages = messages[MAX_MESSAGES - 1 :]
    return [*pages, messages]


def text_of(answer: Answer, say: Say, language: str) -> str:
    text = plain(answer.text) if answer.outcome in _MARKDOWN else answer.text
    blocks = [text.strip()]
    if answer.choices:
        blocks.append("\n".join(f"{n}. {choice}" for n, choice in enumerate(answer.choices, 1)))
    if answer.citations:
        lines = [_source(number, one) for number, one in enumerate(answer.citations, 1)]
        blocks.append("\n".join([f"— {say('shown.sources', language)} —", *lines]))
    if answer.notice:
        blocks.append(f"※ {answer.notice}")
    return "\n\n".join(filter(None, blocks)) or "…"


def _source(number: int, citation: Citation) -> str:
    where = " › ".join(filter(None, (citation.title, citation.locator)))
    quote = " ".join(citation.quote.split())
    short = quote if len(quote) <= _QUOTE else f"{quote[: _QUOTE - 1]}…"
    lines = [f"[{number}] {where or citation.source}"]
    if short:
        lines.append(f"「{short}」")
    if citation.source.startswith(("http://", "https://")):
        lines.append(citation.link)
    return "\n".join(lines)


# -- what else is said ----------------------------------------------------------------------------


def of_reply(reply: Reply, request: Request, say: Say, language: str) -> list[list[Message]]:
    pages = _paged(reply.text, request, say, language)
    return [*pages[:-1], with_quick(pages[-1], [quick(action) for action in reply.actions])]


def still_looking(request_id: str, place: int, say: Say, language: str) -> list[Message]:
    """Spends a token on a button whose tap brings a new one."""
    waits = say("line.still_waiting", language, place=place)
    text = waits if place else say("line.still", language)
    return [button(text, Action(say("line.show", language), encode("show", "", request_id)))]


def late(page: Sequence[Message], question: str, say: Say, language: str) -> list[Message]:
    """A page that comes after others have spoken, with what it is about in front of it."""
    first, *rest = page
    about = say("line.about", language, question=_cut(_clean(question), _QUOTE))
    if first.get("type") != "text" or utf16(first["text"]) + utf16(about) + 1 > MAX_TEXT:
        return list(page)
    return [{**first, "text": f"{about}\n{first['text']}"}, *rest]


def button(text: str, action: Action) -> Message:
    """A Flex bubble: unlike a quick reply it stays, and shows on a computer, too."""
    shown = {"type": "text", "text": text, "wrap": True}
    pressed = {"type": "button", "style": "primary", "action": _postback(action)}
    bubble = {
        "type": "bubble",
        "body": {"type": "box", "layout": "vertical", "contents": [shown]},
        "footer": {"type": "box", "layout": "vertical", "contents": [pressed]},
    }
    return {"type": "flex", "altText": _cut(text, MAX_ALT_TEXT), "contents": bubble}


def quick(action: Action) -> Message:
    return {"type": "action", "action": _postback(action)}


def with_quick(messages: list[Message], items: Sequence[Message]) -> list[Message]:
    """LINE shows them under the last message, until something else is said."""
    if not items:
        return messages
    *others, last = messages
    known = last.get("quickReply", {}).get("items", [])
    return [*others, {**last, "quickReply": {"items": [*known, *items][:MAX_QUICK_REPLIES]}}]


def _postback(action: Action) -> Message:
    made = {"type": "postback", "label": _cut(action.label, MAX_LABEL), "data": action.data}
    tap = decode(action.data)
    if tap is not None and tap.kind in _ECHOED:
        made["displayText"] = _cut(_clean(action.label), 300)
    return made


def _cut(text: str, units: int) -> str:
    if utf16(text) <= units:
        return text
    short = text[: units - 1]
    while utf16(short) > units - 1:
        short = short[:-1]
    return f"{short}…"


def _clean(text: str) -> str:
    """Without halves of characters, which JSON carries and LINE refuses."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")

"""How answers are put together: small makers without a policy of their own. Pure."""

from dataclasses import replace

from bot.messages import Answer, Ask, Citation, Outcome, Usage
from bot.phrases import locate
from knowledge.passages import Passage


def answer_to(ask: Ask, outcome: Outcome, text: str) -> Answer:
    return Answer(question=ask.text, outcome=outcome, text=text, id=ask.id)


def sum_of(before: Usage | None, now: Usage | None) -> Usage | None:
    if before is None or now is None:
        return now or before
    return Usage(before.prompt + now.prompt, before.completion + now.completion)


def failed(ask: Ask, text: str, reason: str) -> Answer:
    return replace(answer_to(ask, "failed", text), reason=reason)


def context_of(passage: Passage) -> str:
    return "\n".join([passage.title, *passage.locator.headings])


def citations_of(
    passages: list[Passage], quotes: tuple[tuple[int, str], ...], language: str
) -> tuple[Citation, ...]:
    return tuple(
        Citation(
            title=passages[index].title,
            source=passages[index].source,
            locator=locate(passages[index].locator, language),
            quote=quote,
            anchor=passages[index].locator.anchor,
        )
        for index, quote in quotes
    )

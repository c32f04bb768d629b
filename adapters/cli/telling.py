"""How an answer looks in a terminal: streamed, then corrected where it differs, with sources."""

import sys
from collections.abc import AsyncIterator

import click

from adapters.cli.console import warn
from bot.messages import Answer, AnswerEvent, Finished, TextDelta
from bot.phrases import say


async def tell(events: AsyncIterator[AnswerEvent], language: str) -> Answer:
    """Prints one answer and returns it; what is final is printed whole where it differs."""
    terminal = sys.stdout.isatty()
    said, answer = "", None
    async for event in events:
        if isinstance(event, TextDelta) and terminal:
            said += event.text
            click.echo(event.text, nl=False)
        elif isinstance(event, Finished):
            answer = event.answer
    assert answer is not None
    if said:
        click.echo("")
    if said.strip() != answer.text:
        click.echo(("\n" if said else "") + answer.text, err=answer.outcome == "failed")
    _details(answer, language)
    return answer


def _details(answer: Answer, language: str) -> None:
    for number, choice in enumerate(answer.choices, 1):
        click.echo(f"  {number}. {choice}")
    if answer.citations:
        click.echo(f"\n{say('cli.source', language)}")
    for number, citation in enumerate(answer.citations, 1):
        place = f"（{citation.locator}）" if citation.locator else ""
        click.echo(f"  [{number}] {citation.link}{place}\n      「{citation.quote.strip()}」")
    if answer.notice:
        warn(answer.notice)

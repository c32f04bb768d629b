"""`secretary unanswered`: what had no good answer, to be answered once and for all."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

import click

from adapters.cli.annotate import opened
from adapters.cli.asking import asker
from adapters.cli.console import print_json, warn
from adapters.cli.remembering import Remembered, remembered
from bot.annotations import Annotations, Draft, Saved
from bot.phrases import describe, say
from bot.unanswered import Asked, Cluster, State, Unanswered

_json = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
_id = click.argument("cluster_id", metavar="編號", type=int)


@click.group()
def unanswered() -> None:
    """答不出來或被說不好的問題。"""


@unanswered.command("list")
@click.option("--state", type=click.Choice(get_args(State)), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_json
def list_questions(state: State, limit: int, as_json: bool) -> None:
    """問得最多的在最前面。"""
    with remembered() as memory:
        clusters = _list(memory).list(state, limit)
        if as_json:
            print_json([_cluster(memory, cluster) for cluster in clusters])
        elif not clusters:
            click.echo(say("cli.unanswered_none", memory.language))
        else:
            click.echo("\n".join(_line(memory, cluster) for cluster in clusters))


@unanswered.command()
@_id
@_json
def show(cluster_id: int, as_json: bool) -> None:
    """一個問題：誰、在哪裡、什麼時候問的，分數多少。"""
    with remembered() as memory:
        cluster, asks = _list(memory).get(cluster_id)
        if as_json:
            print_json({**_cluster(memory, cluster), "asks": [_ask(memory, ask) for ask in asks]})
        else:
            click.echo("\n".join([_line(memory, cluster), *(_told(memory, ask) for ask in asks)]))


@unanswered.command()
@_id
@click.argument("text", metavar="答案")
@_json
def answer(cluster_id: int, text: str, as_json: bool) -> None:
    """寫下答案：以後這個問題就這樣回答。"""
    with opened() as (annotations, language):
        questions = Unanswered(annotations.storage, None, None, lambda: datetime.now(UTC))
        saved, waiting = annotate(questions, annotations, cluster_id, text)
    if saved.problem is not None:
        warn(describe(saved.problem, language))
    number = saved.annotation.id
    if as_json:
        print_json({"id": cluster_id, "annotation_id": number, "to_be_told": waiting})
    else:
        counts = {"number": cluster_id, "annotation": number, "waiting": waiting}
        click.echo(say("cli.unanswered_answered", language, **counts))


def annotate(
    questions: Unanswered, annotations: Annotations, cluster_id: int, text: str
) -> tuple[Saved, int]:
    """The annotation, and how many are to be told of it, which the running bot does.

    Raises BotError `question.unlisted`, or what `Annotations.add` raises.
    """
    cluster, _ = questions.get(cluster_id)
    author = asker()
    draft = Draft(cluster.question, text)
    saved = annotations.add(draft, f"{author.platform}:{author.user_id}")
    return saved, len(questions.answered(cluster_id, saved.annotation.id))


@unanswered.command()
@_id
def dismiss(cluster_id: int) -> None:
    """不必回答；再有人問也不會回到清單上。"""
    author = asker()
    with remembered() as memory:
        _list(memory).dismiss(cluster_id, f"{author.platform}:{author.user_id}")
        click.echo(say("cli.unanswered_dismissed", memory.language, number=cluster_id))


@unanswered.command()
@_id
def reopen(cluster_id: int) -> None:
    """放回清單上。"""
    with remembered() as memory:
        _list(memory).reopen(cluster_id)
        click.echo(say("cli.unanswered_reopened", memory.language, number=cluster_id))


def _list(memory: Remembered) -> Unanswered:
    """For reading and sorting: nothing is compared here, so no embedder is loaded."""
    return Unanswered(memory.storage, None, None, memory.now)


def _cluster(memory: Remembered, cluster: Cluster) -> dict[str, Any]:
    first, last = (at.astimezone(memory.zone) for at in (cluster.first_at, cluster.last_at))
    return {**asdict(cluster), "first_at": first.isoformat(), "last_at": last.isoformat()}


def _ask(memory: Remembered, ask: Asked) -> dict[str, Any]:
    return {**asdict(ask), "at": ask.at.astimezone(memory.zone).isoformat()}


def _line(memory: Remembered, cluster: Cluster) -> str:
    return say(
        "cli.unanswered_line",
        memory.language,
        number=cluster.id,
        question=cluster.question,
        count=cluster.count,
        last=f"{cluster.last_at.astimezone(memory.zone):%Y-%m-%d %H:%M}",
        score="-" if cluster.score is None else f"{cluster.score:.2f}",
    )


def _told(memory: Remembered, ask: Asked) -> str:
    return say(
        "cli.unanswered_ask",
        memory.language,
        at=f"{ask.at.astimezone(memory.zone):%Y-%m-%d %H:%M}",
        place=f"{ask.platform}/{ask.room}",
        person=ask.person or "-",
        question=ask.question or "-",
        reason=ask.reason,
        score="-" if ask.score is None else f"{ask.score:.2f}",
    )

"""What admins may ask of the desk: annotating, the unanswered list, a sync.

Every function here may be called by anybody; those that change something look at
`request.author.is_admin`, which the adapter has found out for this very event.
"""

import asyncio

from bot.annotations import Draft
from bot.frontdesk import curating
from bot.frontdesk.actions import Action, Tap, encode
from bot.frontdesk.counter import Counter
from bot.frontdesk.replies import Form, Reply
from bot.messages import Request
from bot.phrases import describe

LISTED = 10
"""Unanswered questions in one message."""
_SHOWN = 80
"""Characters of a question in a list."""


def _by(request: Request) -> str:
    return f"{request.author.platform}:{request.author.user_id}"


# -- annotations --------------------------------------------------------------------------------


async def form_of(desk: Counter, platform: str, message_id: str) -> Form | None:
    exchange = await asyncio.to_thread(
        desk.memory.history.exchange_of_message, platform, message_id
    )
    if exchange is None or exchange.erased:
        return None
    return Form(exchange.answer.question, exchange.answer.text, exchange.request_id)


async def annotate_text(desk: Counter, request: Request, rest: str) -> Reply:
    """As a command: with the question, or as a reply to the wrong answer."""
    quoted = None
    if request.quotes is not None:
        quoted = await form_of(desk, request.conversation.platform, request.quotes)
    pair = curating.read(rest, quoted.question if quoted else None)
    if pair is None:
        return desk.reply(request, "desk.annotate_usage", p=desk.settings.prefix)
    is_same = quoted is not None and quoted.question == pair.question
    from_request = quoted.request_id if quoted is not None and is_same else None
    return await annotate(desk, request, Form(pair.question, pair.answer, from_request))


async def annotate(desk: Counter, request: Request, form: Form) -> Reply:
    """Raises AnnotationError, BotError `question.unlisted`, LedgerError."""
    draft = Draft(form.question, form.answer, form.aliases)
    add, by = desk.memory.annotations.add, _by(request)
    saved = await asyncio.to_thread(add, draft, by, form.request_id)
    waiting = 0
    if form.cluster_id is not None:
        answered = desk.memory.unanswered.answered
        waiting = len(await asyncio.to_thread(answered, form.cluster_id, saved.annotation.id))
    language = desk.language(request)
    text = desk.say("desk.annotated", language, number=saved.annotation.id)
    told = desk.say("desk.will_tell", language, waiting=waiting) if waiting else ""
    problem = describe(saved.problem, language) if saved.problem is not None else ""
    return Reply("\n".join(filter(None, (text, told, problem))))


# -- the unanswered list ------------------------------------------------------------------------


async def unanswered(desk: Counter, request: Request, rest: str) -> Reply:
    """Alone the list; `answer 3 …` and `dismiss 3` what is to be done about one."""
    word, _, more = rest.partition(" ")
    number, _, text = more.strip().partition(" ")
    if word in ("answer", "答", "回答") and number.isdigit() and text.strip():
        cluster, _asks = await asyncio.to_thread(desk.memory.unanswered.get, int(number))
        form = Form(cluster.question, text.strip(), cluster_id=cluster.id)
        return await annotate(desk, request, form)
    if word in ("dismiss", "略過", "不用") and number.isdigit():
        return await _dismiss(desk, request, int(number))
    return await _list(desk, request)


async def _list(desk: Counter, request: Request) -> Reply:
    clusters = await asyncio.to_thread(desk.memory.unanswered.list, "open", LISTED)
    language = desk.language(request)
    if not clusters:
        return desk.reply(request, "desk.unanswered_none")
    lines = [
        desk.say(
            "desk.unanswered_line",
            language,
            number=one.id,
            question=one.question[:_SHOWN],
            count=one.count,
        )
        for one in clusters
    ]
    head = desk.say("desk.unanswered_head", language, p=desk.settings.prefix)
    label = desk.say("button.answer", language, number=clusters[0].id)
    skip = desk.say("button.dismiss", language, number=clusters[0].id)
    first = clusters[0].id
    buttons = (Action(label, encode("answer", first)), Action(skip, encode("dismiss", first)))
    return Reply("\n".join([head, *lines]), buttons)


async def _dismiss(desk: Counter, request: Request, cluster_id: int) -> Reply:
    await asyncio.to_thread(desk.memory.unanswered.dismiss, cluster_id, _by(request))
    return desk.reply(request, "desk.dismissed", number=cluster_id)


async def dismiss_tap(desk: Counter, request: Request, tap: Tap) -> Reply:
    if not request.author.is_admin:
        return desk.reply(request, "desk.admins_only")
    return await _dismiss(desk, request, int(tap.value or 0))


async def answer_tap(desk: Counter, request: Request, tap: Tap) -> Reply:
    """Where no form can be opened: how to answer in words."""
    if not request.author.is_admin:
        return desk.reply(request, "desk.admins_only")
    return desk.reply(
        request, "desk.unanswered_usage", number=tap.value or 0, p=desk.settings.prefix
    )


async def form_for_cluster(desk: Counter, cluster_id: int) -> Form:
    """Raises BotError `question.unlisted`, LedgerError."""
    cluster, _asks = await asyncio.to_thread(desk.memory.unanswered.get, cluster_id)
    return Form(cluster.question, cluster_id=cluster.id)


# -- sources -----------------------------------------------------------------------------------


async def sync(desk: Counter, request: Request, _rest: str) -> Reply:
    if desk.syncing is None:
        return desk.reply(request, "desk.nothing_to_sync")
    seconds = desk.syncing.running_s()
    if seconds is not None:  # it may have passed what was changed just now
        desk.syncing.poke()
        return desk.reply(request, "desk.sync_running", minutes=round(seconds / 60))
    return Reply(await desk.syncing.sync_now())

"""What anybody may ask of the desk; what only admins may is in `admin`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, cast

from bot.feedback import UnknownAnswer
from bot.frontdesk import admin, receiving
from bot.frontdesk.actions import Action, Kind, Tap, encode
from bot.frontdesk.commands import Name
from bot.frontdesk.counter import Counter
from bot.frontdesk.replies import Reply
from bot.inbox import DeliveryError
from bot.messages import Request
from bot.people import Linked, LinkRefused

_TURNS = 3
"""Of the conversation, that staff are shown."""


async def help_(desk: Counter, request: Request, _rest: str) -> Reply:
    code = "desk.help_admin" if request.author.is_admin else "desk.help"
    return desk.reply(request, code, p=desk.settings.prefix)


async def reset(desk: Counter, request: Request, _rest: str) -> Reply:
    await asyncio.to_thread(desk.memory.history.reset, request.conversation)
    return desk.reply(request, "desk.reset")


async def quota(desk: Counter, request: Request, _rest: str) -> Reply:
    place, language = request.conversation, desk.language(request)
    standing = desk.secretary.standing
    return Reply(await asyncio.to_thread(standing, request.author, place, language))


async def forget(desk: Counter, request: Request, _rest: str) -> Reply:
    author = request.author
    ids = await asyncio.to_thread(desk.memory.people.known_as, author)
    for one in ids:  # also what still waits in other rooms and on other platforms
        await desk.inbox.withdraw_all(one.platform, one.user_id)
    count = await asyncio.to_thread(desk.memory.forget, author.platform, author.user_id)
    return desk.reply(request, "desk.forgotten", count=count)


async def stop(desk: Counter, request: Request, _rest: str) -> Reply:
    count = await desk.inbox.stop_answers(request.conversation)
    return desk.reply(request, "desk.stopped" if count else "desk.nothing_to_stop")


async def link(desk: Counter, request: Request, rest: str) -> Reply:
    people, author = desk.memory.people, request.author
    if not rest:
        code = await asyncio.to_thread(people.link_code, author)
        text = desk.say(
            "desk.link_code", desk.language(request), secret=code, p=desk.settings.prefix
        )
        return Reply(text)
    match await asyncio.to_thread(people.link, author, rest):
        case Linked(identities=ids):
            listed = "、".join(one.platform for one in ids)
            return desk.reply(request, "desk.linked", platforms=listed)
        case LinkRefused(reason=reason):
            return desk.reply(request, f"desk.link_{reason}")


async def pair(desk: Counter, request: Request, rest: str) -> Reply:
    """A code from the terminal makes an admin, on platforms that know none."""
    made = bool(rest) and await asyncio.to_thread(desk.admins.pair, request.author, rest)
    code = "desk.paired" if made else "desk.pair_wrong"
    return desk.reply(request, code, platform=request.author.platform)


async def bad(desk: Counter, request: Request, rest: str) -> Reply:
    """Why the last answer was bad, after a thumb down."""
    last = await asyncio.to_thread(desk.memory.history.last_request, request.conversation)
    if last is None:
        return desk.reply(request, "desk.nothing_to_rate")
    rate_ = desk.memory.feedback.rate
    await asyncio.to_thread(rate_, last, request.author, -1, rest or None)
    return desk.reply(request, "desk.rated_reason")


# -- a person instead ---------------------------------------------------------------------------


async def human(desk: Counter, request: Request, _rest: str = "") -> Reply:
    """Tells the staff, and is silent. Where no staff can be told, says whom to ask."""
    staff = desk.settings.staff
    post = desk.posts.get(staff[0]) if staff else None
    if staff is None or post is None:
        return desk.reply(request, "human.contact")
    by = f"{request.author.platform}:{request.author.user_id}"
    handoff = await asyncio.to_thread(desk.handoffs.open, request.conversation, by)
    note = await asyncio.to_thread(_for_staff, desk, request, handoff.id)
    try:
        await post(staff[1], note)
    except DeliveryError:
        await asyncio.to_thread(desk.handoffs.close, handoff.id, "undelivered")
        return desk.reply(request, "human.contact")
    until = handoff.until.astimezone(desk.clock().tzinfo)
    text = desk.say("human.called", desk.language(request), until=f"{until:%H:%M}")
    back = Action(desk.say("button.back", desk.language(request)), encode("resume", handoff.id))
    return Reply(text, (back,), private=False)


def _for_staff(desk: Counter, request: Request, handoff_id: int) -> Reply:
    language, ref = desk.settings.language, request.conversation
    turns = desk.memory.history.turns(ref, _TURNS)
    said = "\n".join(f"Q：{turn.question}\nA：{turn.answer}" for turn in turns) or "-"
    who = request.author.name or request.author.user_id
    place = f"{ref.platform}/{ref.room}" + (f"/{ref.thread}" if ref.thread else "")
    text = desk.say("human.for_staff", language, who=who, place=place)
    button = Action(desk.say("button.hand_back", language), encode("resume", handoff_id))
    return Reply(f"{text}\n{said}", (button,), private=False)


async def resume(desk: Counter, request: Request, rest: str) -> Reply:
    """Staff hand back by number, whoever is in the conversation without one."""
    by = f"{request.author.platform}:{request.author.user_id}"
    if rest.isdigit() and request.author.is_admin:
        closed = await asyncio.to_thread(desk.handoffs.close, int(rest), by)
    else:
        closed = await asyncio.to_thread(desk.handoffs.close_in, request.conversation, by)
    return desk.reply(request, "human.back" if closed else "human.not_away")


# -- buttons ------------------------------------------------------------------------------------


async def rate(desk: Counter, request: Request, tap: Tap) -> Reply:
    value = {"+1": 1, "-1": -1, "0": 0}.get(tap.value)
    if value is None:
        return desk.reply(request, "desk.stale")
    vote = cast(Literal[1, -1, 0], value)
    rated = await asyncio.to_thread(desk.memory.feedback.rate, tap.target, request.author, vote)
    if isinstance(rated, UnknownAnswer):  # past its retention
        return desk.reply(request, "desk.stale")
    if value >= 0:
        return desk.reply(request, "desk.rated_good")
    language = desk.language(request)
    button = Action(desk.say("button.human", language), encode("human"))
    return Reply(desk.say("desk.rated_bad", language, p=desk.settings.prefix), (button,))


async def news(desk: Counter, request: Request, tap: Tap) -> Reply:
    noted = await asyncio.to_thread(desk.memory.want_news, tap.target)
    return desk.reply(request, "desk.news_noted" if noted else "desk.stale")


async def _human_tap(desk: Counter, request: Request, _tap: Tap) -> Reply:
    return await human(desk, request)


async def _resume_tap(desk: Counter, request: Request, tap: Tap) -> Reply:
    """In the staff's room anybody may hand back: whoever reads there is staff."""
    staff, ref = desk.settings.staff, request.conversation
    if staff == (ref.platform, ref.room) and tap.value.isdigit():
        by = f"{request.author.platform}:{request.author.user_id}"
        closed = await asyncio.to_thread(desk.handoffs.close, int(tap.value), by)
        return desk.reply(request, "human.handed_back" if closed else "human.not_away")
    return await resume(desk, request, tap.value)


Obeying = Callable[[Counter, Request, str], Awaitable[Reply]]
COMMANDS: Mapping[Name, Obeying] = {
    "help": help_, "reset": reset, "quota": quota, "forgetme": forget, "stop": stop,
    "human": human, "resume": resume, "link": link, "pair": pair, "bad": bad,
    "annotate": admin.annotate_text, "unanswered": admin.unanswered, "sync": admin.sync,
}  # fmt: skip
Acting = Callable[[Counter, Request, Tap], Awaitable[Reply]]
TAPS: Mapping[Kind, Acting] = {
    "rate": rate, "news": news, "human": _human_tap, "resume": _resume_tap,
    "dismiss": admin.dismiss_tap, "file": receiving.file_tap, "answer": admin.answer_tap,
}  # fmt: skip

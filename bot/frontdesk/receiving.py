"""Files that admins send to the bot: asked about, taken in, and told of when that takes long."""

import asyncio

from bot.frontdesk.actions import Action, Tap, encode
from bot.frontdesk.counter import Counter
from bot.frontdesk.replies import Reply, Respond
from bot.frontdesk.uploads import Upload
from bot.messages import Request
from bot.phrases import describe
from bot.syncing import in_a_thread
from knowledge.ledger import OnWait

TOLD_AFTER_S = 3.0
"""Whoever sent a file is told that it waits for its turn, if it has waited so long."""


async def offer_files(desk: Counter, request: Request, files: list[Upload]) -> Reply:
    """Fetched at once, since platforms keep them for a while only; asks before anything else."""
    if not request.author.is_admin:
        return desk.reply(request, "upload.not_yours")
    contents = [(file.name, await file.read()) for file in files]
    token = await asyncio.to_thread(desk.uploads.put_aside, contents)
    language = desk.language(request)
    names = "、".join(f"「{file.name}」" for file in files)
    return Reply(
        desk.say("upload.ask", language, names=names),
        (
            Action(desk.say("button.yes", language), encode("file", "yes", token), "good"),
            Action(desk.say("button.no", language), encode("file", "no", token)),
        ),
    )


async def file_tap(desk: Counter, request: Request, tap: Tap) -> Reply:
    if not request.author.is_admin:
        return desk.reply(request, "desk.admins_only")
    if tap.value != "yes":
        dropped = await asyncio.to_thread(desk.uploads.drop, tap.target)
        return desk.reply(request, "upload.dropped" if dropped else "desk.stale")
    waits, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_wait(seconds: float) -> None:
        if seconds > TOLD_AFTER_S:
            loop.call_soon_threadsafe(waits.set)

    taking = asyncio.create_task(_taken_in(desk, request, tap.target, on_wait))
    if await _is_done_before(taking, waits):
        return taking.result()
    desk.spawn(_result(taking), request, _unasked(desk, request))
    return desk.reply(request, "upload.waiting")


async def _taken_in(desk: Counter, request: Request, token: str, on_wait: OnWait) -> Reply:
    """Raises KnowledgeError, BotError `upload.disk`."""
    done = await in_a_thread(lambda: desk.uploads.take_in(token, on_wait))
    if done is None:
        return desk.reply(request, "desk.stale")
    names, report = done
    language = desk.language(request)
    counts = {"added": report.added, "updated": report.updated, "unchanged": report.unchanged}
    text = desk.say("upload.done", language, names="、".join(names), **counts)
    failed = [describe(failure, language) for failure in report.failed]
    return Reply("\n".join([text, *failed]))


async def _is_done_before(task: asyncio.Task[Reply], event: asyncio.Event) -> bool:
    other = asyncio.create_task(event.wait())
    await asyncio.wait((task, other), return_when=asyncio.FIRST_COMPLETED)
    other.cancel()
    return task.done()


async def _result(task: asyncio.Task[Reply]) -> Reply:
    return await task


def _unasked(desk: Counter, request: Request) -> Respond:
    """In the room where it was asked, if that costs nothing there."""
    place = request.conversation

    async def post(reply: Reply) -> None:
        if place.platform in desk.unasked:
            await desk.posts[place.platform](place.room, reply)

    return post

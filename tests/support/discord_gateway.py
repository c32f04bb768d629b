"""The gateway's side of a web socket: hello, identify, events in order, resume."""

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.discord_world import APPLICATION, GUILD, Json, World

_CONTENT_INTENT = 1 << 15


class Gateway:
    """`grants`: whether the portal allows the message-content intent."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.grants = True
        self.intents = 0
        self.identified = 0
        self.resumed = 0
        self.ready = asyncio.Event()
        self._events: list[Json] = []
        self._sockets: list[web.WebSocketResponse] = []

    @property
    def hides(self) -> bool:
        """What a bot without the intent may not see is taken out."""
        return not self.intents & _CONTENT_INTENT

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41250}})
        async for message in socket:
            if message.type is WSMsgType.TEXT and not await self._heard(socket, message.json()):
                break
        if socket in self._sockets:
            self._sockets.remove(socket)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, said: Json) -> bool:
        match said["op"]:
            case 1:
                await socket.send_json({"op": 11})
            case 2:
                return await self._identify(socket, said["d"])
            case 6:
                await self._resume(socket, said["d"])
        return True

    async def _identify(self, socket: web.WebSocketResponse, data: Json) -> bool:
        if data["token"] != self.token:
            await socket.close(code=4004)
            return False
        self.intents = int(data["intents"])
        if not self.grants and not self.hides:
            await socket.close(code=4014)
            return False
        self.identified += 1
        self._sockets.append(socket)
        url = f"ws://{socket._req.host if socket._req else '127.0.0.1'}/gateway"
        await self.dispatch("READY", {
            "v": 10, "user": self.world.me.user(), "session_id": "session", "private_channels": [],
            "resume_gateway_url": url, "guilds": [{"id": GUILD, "unavailable": True}],
            "application": {"id": APPLICATION, "flags": 0}, "shard": [0, 1],
        })  # fmt: skip
        await self.dispatch("GUILD_CREATE", self.world.guild())
        self.ready.set()
        return True

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> None:
        self.resumed += 1
        self._sockets.append(socket)
        for event in self._events[int(data["seq"]) :]:
            await socket.send_str(json.dumps(event))
        await self.dispatch("RESUMED", {})
        self.ready.set()

    async def dispatch(self, name: str, data: Any) -> Json:
        """An event; kept for whoever resumes."""
        event = {"op": 0, "t": name, "s": len(self._events) + 1, "d": data}
        self._events.append(event)
        await self.again(event)
        return event

    async def again(self, event: Json) -> None:
        for socket in list(self._sockets):
            await socket.send_str(json.dumps(event))

    async def drop(self) -> None:
        """The connection is lost; the bot is to come back by itself."""
        self.ready.clear()
        for socket in list(self._sockets):
            await socket.close(code=4000)

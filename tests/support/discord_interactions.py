"""Discord's REST API for interactions, with its rules; see `discord_server`."""

from dataclasses import dataclass, field

from tests.support.discord_messages import Messages, Refused
from tests.support.discord_world import APPLICATION, Json, Person

_TOKEN_S = 15 * 60.0
_ACK_S = 3.0
_PENDING, _EPHEMERAL = 1 << 7, 1 << 6


@dataclass
class Interaction:
    id: str
    token: str
    person: Person
    channel: str
    made_at: float
    event: Json = field(default_factory=dict)
    acked_at: float | None = None
    message: str | None = None
    modal: Json | None = None
    is_private: bool = False
    followups: list[str] = field(default_factory=list)


class Interactions(Messages):
    """Commands, buttons and forms: acknowledged once and in time, answered while a token lives."""

    def __init__(self) -> None:
        super().__init__()
        self.interactions: dict[str, Interaction] = {}

    async def _callback(self, body: Json, id_: str, token: str) -> None:
        one = self.interactions.get(id_)
        if one is None or one.token != token or self.clock() - one.made_at > _ACK_S:
            raise Refused(404, 10062, "Unknown interaction")
        if one.acked_at is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        data = body.get("data") or {}
        if body["type"] == 9:
            self._judge("ModalInteractionCallbackRequest", body)
            one.modal = data
        else:
            self._judge("CreateMessageInteractionCallbackRequest", body)
            await self._first_response(one, body["type"], data)
        one.acked_at = self.clock()

    async def _first_response(self, one: Interaction, kind: int, data: Json) -> None:
        assert kind in (4, 5), kind
        if kind == 4:
            self._refuse_bad(data)
        said = self._made(one.channel, data)
        one.is_private = bool(said.flags & _EPHEMERAL)
        said.is_pending = kind == 5
        said.flags |= _PENDING if said.is_pending else 0
        one.message = said.id
        self.world.messages[said.id] = said
        if not one.is_private:
            await self._announced(said)

    def _by_token(self, application: str, token: str) -> Interaction:
        found = next((one for one in self.interactions.values() if one.token == token), None)
        if application != APPLICATION or found is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if self.clock() - found.made_at > _TOKEN_S:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return found

    async def _edit_original(self, body: Json, application: str, token: str) -> Json:
        self._judge("IncomingWebhookUpdateRequestPartial", body)
        one = self._by_token(application, token)
        if one.message is None:
            raise Refused(404, 10015, "Unknown Webhook")
        said = self.world.messages[one.message]
        if one.is_private:
            self._refuse_bad(body)
            self._fill(said, body)
            return self.world.payload(said)
        return await self._changed(said, body)

    async def _follow_up(self, body: Json, application: str, token: str) -> Json:
        self._judge("IncomingWebhookRequestPartial", body)
        one = self._by_token(application, token)
        assert one.message is not None
        assert not self.world.messages[one.message].is_pending
        self._refuse_bad(body)
        said = self._made(one.channel, body)
        one.followups.append(said.id)
        self.world.messages[said.id] = said
        return self.world.payload(said)

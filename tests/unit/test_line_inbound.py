"""What LINE posts, read: the fixtures are as LINE's own webhook schema has them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.webhook import WebhookParser

from adapters.line.addressing import addressed
from adapters.line.inbound import events_of, is_signed, place_of, request_of
from tests.support import line_schema
from tests.support.line_events import (
    BOT,
    event,
    group,
    mention_of_bot,
    message_event,
    postback,
    signed,
    text_event,
    user,
)

ANN, ROOM = user("ann"), group("staff")
NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
SECRET = "channel-secret"
PROVIDER = {"contentProvider": {"type": "line"}}

FIXTURES: dict[str, dict[str, Any]] = {
    "message.text": text_event("幾點開門？", ANN),
    "message.sticker": message_event(
        "sticker", ANN, packageId="1", stickerId="2", stickerResourceType="STATIC", quoteToken="q"
    ),
    "message.image": message_event("image", ANN, quoteToken="q", **PROVIDER),
    "message.video": message_event("video", ANN, quoteToken="q", **PROVIDER),
    "message.audio": message_event("audio", ANN, **PROVIDER),
    "message.file": message_event("file", ANN, fileName="a.pdf", fileSize=12),
    "message.location": message_event("location", ANN, latitude=25.0, longitude=121.5),
    "postback": postback("rate:+1:line:01", ANN),
    "follow": event("follow", ANN, follow={"isUnblocked": False}),
    "unfollow": event("unfollow", ANN, replyToken=None),
    "join": event("join", None, ROOM),
    "leave": event("leave", None, ROOM, replyToken=None),
    "unsend": event("unsend", ANN, unsend={"messageId": "4"}, replyToken=None),
}


def read(*events: Any) -> list[Any]:
    return events_of(json.dumps({"destination": BOT, "events": list(events)}).encode())


@pytest.mark.parametrize("kind", sorted(FIXTURES))
def test_the_fixtures_are_what_line_would_post(kind: str) -> None:
    if (reason := line_schema.missing()) is not None:
        pytest.skip(reason)
    fixture = FIXTURES[kind]
    assert line_schema.problems("Event", fixture, line_schema.WEBHOOK) == []
    del (broken := dict(fixture))["webhookEventId"]
    assert line_schema.problems("Event", broken, line_schema.WEBHOOK)


@pytest.mark.parametrize("kind", sorted(FIXTURES))
def test_every_kind_is_known_by_its_name(kind: str) -> None:
    (one,) = read(FIXTURES[kind])
    assert one.kind == kind
    assert one.room in (ANN, ROOM)
    assert one.token == FIXTURES[kind].get("replyToken")


def test_the_sdk_reads_the_same_and_takes_our_signature() -> None:
    body, headers = signed(SECRET, list(FIXTURES.values()))
    parsed = WebhookParser(SECRET).parse(body.decode(), headers["X-Line-Signature"])
    assert [one.webhook_event_id for one in parsed] == [one.id for one in events_of(body)]
    with pytest.raises(InvalidSignatureError):
        WebhookParser("another").parse(body.decode(), headers["X-Line-Signature"])


def test_a_signature_is_over_the_very_bytes() -> None:
    body, headers = signed(SECRET, [text_event("幾點開門？", ANN)])
    good = headers["X-Line-Signature"]
    assert is_signed(SECRET, body, good)
    assert not is_signed(SECRET, body + b" ", good)
    assert not is_signed("another", body, good)
    for bad in (None, "", "x", good[:-1], good.lower(), "é\udcff"):
        assert not is_signed(SECRET, body, bad)


def test_a_message_is_a_request_that_can_be_answered_later() -> None:
    raw = text_event("幾點開門？", ANN, quotes="77")
    (one,) = read(raw)
    asked = request_of(one, "幾點開門？", True, NOW)
    assert asked.id == f"line:{raw['webhookEventId']}"
    assert len(asked.id) <= 70
    assert asked.conversation.room == ANN
    assert asked.conversation.person is None
    assert asked.author.user_id == ANN
    assert asked.author.is_admin
    assert asked.received_at == NOW, "not the event's own time, which is old when delivered again"
    assert asked.reply == {"token": raw["replyToken"], "shared": False, "quote": None}
    assert json.loads(json.dumps(asked.reply)) == asked.reply
    assert asked.message_id == raw["message"]["id"]
    assert asked.quotes == "77"


def test_in_a_group_each_person_has_a_conversation_of_their_own() -> None:
    known, unknown = read(text_event("嗨", ANN, ROOM), text_event("嗨", None, ROOM))
    assert place_of(known).person == ANN
    assert place_of(known).room == ROOM
    assert request_of(known, "嗨", False, NOW).reply["quote"] == "q-token"
    nobody = request_of(unknown, "嗨", False, NOW)
    assert nobody.conversation.person is None
    assert nobody.author.is_many
    assert place_of(read(text_event("嗨", ANN, "R123"))[0]).room == "R123"


def test_other_channels_turns_and_what_is_no_event_are_left_out() -> None:
    good = text_event("一", ANN)
    odd: list[Any] = [
        {**text_event("二", ANN), "mode": "standby"},
        {"type": "message"},
        {**text_event("三", ANN), "source": {"type": "moon", "moonId": "x"}},
        {**text_event("四", ANN), "webhookEventId": 5},
        "text",
        None,
    ]
    assert [one.id for one in read(*odd, good)] == [good["webhookEventId"]]
    assert read() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 3}', b"{}", b"\xff", b"null"])
def test_what_is_no_webhook_body_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        events_of(body)


NAME, CALLED = "葉脈小幫手", ("小秘書", "Secretary")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("小秘書 幾點開門？", "幾點開門？"),
        ("小秘書，幾點開門？", "幾點開門？"),
        ("小秘書幾點開門？", "幾點開門？"),
        ("  secretary: when?", "when?"),
        ("@葉脈小幫手 幾點開門？", "幾點開門？"),
        ("請問 ＠葉脈小幫手 幾點開門？", "請問  幾點開門？"),
        ("葉脈小幫手\n幾點開門？", "幾點開門？"),
        ("小秘書", ""),
        ("幾點開門？", None),
        ("我覺得小秘書不錯", None),
        ("", None),
    ],
)
def test_in_a_group_the_bot_answers_to_its_names(text: str, rest: str | None) -> None:
    assert addressed(text, [], NAME, CALLED) == rest


def test_a_mention_is_cut_out_by_utf_16_units() -> None:
    text = "👨‍👩‍👧 @葉脈小幫手 👍 幾點開門？"
    before = len("👨‍👩‍👧 ".encode("utf-16-le")) // 2
    mention = mention_of_bot(before, len("@葉脈小幫手"))
    assert addressed(text, [mention], None, ()) == "👨‍👩‍👧  👍 幾點開門？"


def test_others_mentions_stay_and_call_nobody() -> None:
    ben = {"type": "user", "index": 0, "length": 4, "userId": user("ben")}
    everybody = {"type": "all", "index": 0, "length": 4}
    assert addressed("@ben 你好", [ben], NAME, CALLED) is None
    assert addressed("@All 你好", [everybody], NAME, CALLED) is None
    both = [ben, mention_of_bot(5, 4)]
    assert addressed("@ben @Bot 你好", both, NAME, CALLED) == "@ben  你好"


def test_without_any_name_only_a_mention_calls() -> None:
    assert addressed("小秘書 在嗎", [], None, ()) is None

"""Slack's payloads, read: who says what where, and what is none of our business."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.inbound import (
    MAX_ID,
    Deleted,
    Edited,
    Heard,
    HomeOpened,
    Place,
    delivery_id,
    event_of,
    invoked,
    tapped,
)
from adapters.slack.mrkdwn import mentioned, read
from bot.messages import ConversationRef

BOT = "U0BOT"
SAID: dict[str, Any] = {
    "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1",
    "text": f"<@{BOT}> 幾點 &amp; 哪裡？", "ts": "17.1", "team": "T1",
}  # fmt: skip


def event(**changes: Any) -> Any:
    said = {**SAID, **changes}
    kept = {name: value for name, value in said.items() if value is not None}
    return event_of({"type": "event_callback", "team_id": "T1", "event": kept}, BOT)


def test_a_mention_is_the_same_in_both_of_its_events() -> None:
    heard = event()
    assert heard == event(type="app_mention", channel_type=None)
    assert heard == Heard(Place("C1", None), "17.1", "U1", "T1", "幾點 & 哪裡？", True, False)
    assert heard.id == "slack:C1:17.1"
    assert heard.answered_in == Place("C1", "17.1")


def test_a_direct_message_is_answered_where_it_stands() -> None:
    heard = event(channel="D1", channel_type="im", text="嗨")
    assert heard.answered_in == Place("D1", None)
    assert not heard.calls_bot
    assert heard.place.ref("U1") == ConversationRef("slack", "D1")


def test_in_a_room_everybody_has_a_conversation_of_their_own() -> None:
    heard = event(thread_ts="16.1")
    assert heard.answered_in.ref("U1") == ConversationRef("slack", "C1", "16.1", "U1")


def test_the_head_of_a_thread_is_not_in_it() -> None:
    assert event(thread_ts="17.1").place.thread is None


def test_who_else_is_called_is_noticed() -> None:
    assert event(text="<@U2> 你看").calls_others
    assert not event(text="<@U2> 你看").calls_bot
    assert event(text=f"<@{BOT}> <@U2|joe> 問").text == "@joe 問"


@pytest.mark.parametrize(
    "changes",
    [
        {"user": BOT},
        {"bot_id": "B1"},
        {"user": None},
        {"subtype": "bot_message", "user": None, "bot_id": "B1"},
        {"subtype": "channel_join"},
        {"subtype": "message_replied"},
        {"type": "reaction_added"},
        {"type": "app_home_opened", "tab": "messages"},
    ],
)
def test_what_is_not_said_to_us_is_nothing(changes: dict[str, Any]) -> None:
    assert event(**changes) is None


def test_nothing_at_all_is_nothing() -> None:
    assert event_of({}, BOT) is None
    assert event_of({"event": {"type": "message"}}, BOT) is None


def test_a_file_and_what_is_also_sent_to_the_channel_are_said() -> None:
    assert event(subtype="file_share", files=[{"id": "F1"}]).files == ({"id": "F1"},)
    assert event(subtype="thread_broadcast", thread_ts="16.1").place == Place("C1", "16.1")


def changed(**changes: Any) -> Any:
    after = {**SAID, "text": "改了？", "edited": {"user": "U1", "ts": "18.1"}, **changes}
    return event(
        subtype="message_changed", user=None, text=None, ts="18.1", message=after,
        previous_message=SAID,
    )  # fmt: skip


def test_a_changed_message_is_one_of_its_own() -> None:
    edited = changed()
    assert isinstance(edited, Edited)
    assert edited.called_bot
    assert edited.now.id == "slack:C1:17.1:18.1"
    assert (edited.now.ts, edited.now.text) == ("17.1", "改了？")


@pytest.mark.parametrize(
    "changes", [{"text": SAID["text"]}, {"edited": None}, {"bot_id": "B1"}, {"user": BOT}]
)
def test_what_slack_or_a_bot_changes_is_nothing(changes: dict[str, Any]) -> None:
    assert changed(**changes) is None


def test_taken_back_and_opened() -> None:
    gone = event(subtype="message_deleted", deleted_ts="16.9", previous_message=SAID)
    assert gone == Deleted("C1", "16.9")
    assert event(type="app_home_opened", tab="home") == HomeOpened("U1")


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("<https://a.example/?x=1&amp;y=2>", "https://a.example/?x=1&y=2"),
        ("看 <https://a.example|這裡>", "看 https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<#C2|general> 與 <#C3>", "#general 與 #C3"),
        ("<!here> <!subteam^S1|@staff>", "@here @staff"),
        ("1 &lt; 2 &amp;amp;", "1 < 2 &amp;"),
        ("*粗* _斜_\n第二行", "*粗* _斜_\n第二行"),
    ],
)
def test_text_is_read_as_it_was_seen(written: str, seen: str) -> None:
    assert read(written, BOT) == seen


@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_read(text: str) -> None:
    assert isinstance(read(text, BOT), str)
    assert isinstance(mentioned(text), frozenset)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=4))
def test_ids_are_short_and_ascii_whatever_slack_sends(parts: list[str]) -> None:
    id_ = delivery_id(*parts)
    assert len(id_) <= MAX_ID
    assert id_.isascii()
    assert id_ == delivery_id(*parts)


def test_a_command_is_read() -> None:
    body = {
        "trigger_id": "1.2.3", "channel_id": "C1", "user_id": "U1", "user_name": "ann",
        "team_id": "T1", "command": "/ask", "text": "1 &lt; 2？", "response_url": "https://x",
    }  # fmt: skip
    given = invoked(body)
    assert (given.id, given.text, given.place) == (
        "slack:command:1.2.3",
        "1 < 2？",
        Place("C1", None),
    )


def test_a_tap_knows_its_thread_and_a_private_message_its_way_back() -> None:
    body = {
        "type": "block_actions", "trigger_id": "1", "user": {"id": "U1", "name": "ann"},
        "team": {"id": "T1"}, "channel": {"id": "C1"}, "response_url": "https://x",
        "container": {"message_ts": "18.1", "channel_id": "C1", "is_ephemeral": False},
        "message": {"ts": "18.1", "thread_ts": "17.1"},
        "actions": [{"action_id": "secretary:0", "value": "human::", "action_ts": "19.1"}],
    }  # fmt: skip
    tap = tapped(body)
    assert tap.place == Place("C1", "17.1")
    assert (tap.id, tap.data, tap.response_url) == ("slack:C1:18.1:19.1", "human::", None)
    container = {
        "message_ts": "18.1",
        "channel_id": "C1",
        "is_ephemeral": True,
        "thread_ts": "17.1",
    }
    private = tapped({**body, "container": container, "message": None})
    assert (private.place, private.response_url) == (Place("C1", "17.1"), "https://x")
    head = tapped({**body, "message": {"ts": "18.1", "thread_ts": "18.1"}})
    assert head.place == Place("C1", None)

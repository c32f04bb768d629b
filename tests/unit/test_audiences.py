"""Whose knowledge may be used where, as the owner writes it."""

import pytest

from bot.audiences import Audiences, audiences_for, parse
from bot.errors import ConfigError
from bot.messages import ConversationRef

RULES = parse(" Slack = staff, discord:1234=staff + partner,discord:88=public, line:C:a=夥伴 ")


@pytest.mark.parametrize(
    ("platform", "room", "wanted"),
    [
        ("slack", "C1", {"public", "staff"}),
        ("discord", "1234", {"public", "staff", "partner"}),
        ("discord", "88", {"public"}),
        ("discord", "12345", {"public"}),
        ("line", "C:a", {"public", "夥伴"}),
        ("line", "C", {"public"}),
        ("web", "slack", {"public"}),
    ],
)
def test_a_room_sees_what_its_rule_names_and_what_is_public(
    platform: str, room: str, wanted: set[str]
) -> None:
    assert audiences_for(RULES, ConversationRef(platform, room)) == wanted


def test_a_room_with_a_rule_of_its_own_does_not_get_its_platforms() -> None:
    """Else a public room on an internal platform could not be had."""
    rules = parse("slack=staff, slack:guests=public")
    assert audiences_for(rules, ConversationRef("slack", "guests")) == {"public"}
    assert audiences_for(rules, ConversationRef("slack", "guests", "thread")) == {"public"}
    assert audiences_for(rules, ConversationRef("slack", "others")) == {"public", "staff"}


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_without_a_word_everybody_sees_what_is_public(nothing: str | None) -> None:
    assert parse(nothing) == Audiences()
    assert audiences_for(parse(nothing), ConversationRef("slack", "C1")) == {"public"}


@pytest.mark.parametrize(
    "wrong",
    [
        "slack",
        "slack=",
        "slack=staff+",
        "=staff",
        "slak=staff",
        "slack:=staff",
        "slack=staff,",
        "slack=staff, slack=partner",
        f"slack={'a' * 201}",
    ],
)
def test_a_wrong_rule_is_repeated_with_what_may_stand_there(wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(wrong)
    assert caught.value.code == "config.value"
    assert caught.value.detail["name"] == "AUDIENCES"
    assert repr(wrong.split(",")[-1].strip()[:60]) in caught.value.detail["hint"]
    assert "line|slack|discord" in caught.value.detail["hint"]

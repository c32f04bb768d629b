"""The manifest lists what the program handles, within Slack's limits, and the README shows it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from adapters.cli.slack import slack
from adapters.slack.annotate import SHORTCUT
from adapters.slack.inbound import event_of
from adapters.slack.manifest import EVENTS, as_yaml, manifest
from bot.frontdesk.commands import NAMES, parse

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize("prefix", ["", "kb-"])
def test_every_command_is_listed_and_read_again(prefix: str, language: str) -> None:
    commands = manifest(prefix, language)["features"]["slash_commands"]
    read = [parse(one["command"], prefix) for one in commands]
    assert [None if one is None else one.name for one in read] == list(NAMES)
    assert all(re.fullmatch(r"/[a-z0-9_-]{1,31}", one["command"]) for one in commands)
    assert all(0 < len(one["description"]) <= 2000 for one in commands)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_that_is_asked_for_is_handled(kind: str) -> None:
    name, _, where = kind.partition(".")
    channel = "D1" if where == "im" else "C1"
    event = {
        "type": name, "channel": channel, "channel_type": where.removesuffix("s"),
        "user": "U1", "text": "嗨", "ts": "17.1", "tab": "home",
    }  # fmt: skip
    assert event_of({"event": event, "team_id": "T1"}, "U0BOT") is not None


def test_names_are_as_short_as_slack_wants_them() -> None:
    for language in ("zh-TW", "en"):
        made = manifest("", language)
        assert len(made["display_information"]["name"]) <= 35
        assert len(made["display_information"]["description"]) <= 140
        assert re.fullmatch(r"[a-z0-9_.-]{1,80}", made["features"]["bot_user"]["display_name"])
        [shortcut] = made["features"]["shortcuts"]
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert shortcut["callback_id"] == SHORTCUT


def test_with_an_address_everything_goes_there() -> None:
    made = manifest(address="https://bot.example/")
    assert not made["settings"]["socket_mode_enabled"]
    url = "https://bot.example/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["settings"]["interactivity"]["request_url"] == url
    assert {one["url"] for one in made["features"]["slash_commands"]} == {url}
    assert manifest()["settings"]["socket_mode_enabled"]


@pytest.mark.parametrize("address", [None, "https://bot.example"])
def test_yaml_and_json_say_the_same(address: str | None) -> None:
    made = manifest("kb-", "zh-TW", address)
    assert yaml.safe_load(as_yaml(made)) == made


def test_what_looks_like_something_else_stands_in_quotes() -> None:
    value = {"a": "on", "b": "true", "c": "1: 2", "d": ["- x", "null"], "e": True, "f": "x:"}
    assert yaml.safe_load(as_yaml(value)) == value


def test_the_readme_shows_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(display_information:.*?)```", readme, flags=re.DOTALL)
    assert shown is not None
    assert shown[1] == as_yaml(manifest()), "paste the output of `secretary slack manifest`"


def test_the_command_prints_it_with_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMAND_PREFIX", "kb-")
    said = CliRunner().invoke(slack, ["manifest", "--json", "--url", "https://bot.example"])
    assert said.exit_code == 0
    assert json.loads(said.output) == manifest("kb-", "zh-TW", "https://bot.example")
    assert CliRunner().invoke(slack, ["manifest", "--url", "http://x"]).exit_code == 2


def test_a_pairing_code_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    said = CliRunner().invoke(slack, ["pair"])
    assert said.exit_code == 0
    assert re.search(r"/pair [0-9A-F]{8}", said.output)

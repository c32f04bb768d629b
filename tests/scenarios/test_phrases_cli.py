"""`secretary phrases`: the owner's own sentences from the command line."""

from pathlib import Path

import pytest

from bot.phrases import TABLES
from bot.words import EDITABLE
from tests.support.program import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_list_is_what_stands_without_a_command(home: Home) -> None:
    listed = home("phrases")
    assert listed.code == 0
    assert listed.out == home("phrases", "list").out
    for code in EDITABLE:
        assert f"{code} (zh-TW)" in listed.out
    assert TABLES["zh-TW"]["smalltalk.greeting"] in listed.out


def test_set_show_and_reset(home: Home) -> None:
    assert home("phrases", "set", "smalltalk.greeting", "歡迎，{contact}也在。").code == 0
    shown = home("phrases", "show", "smalltalk.greeting")
    assert "自訂：歡迎，{contact}也在。" in shown.out
    assert TABLES["zh-TW"]["smalltalk.greeting"] in shown.out
    told = home("phrases", "show", "smalltalk.greeting", "--json").json
    assert told == {
        "code": "smalltalk.greeting",
        "language": "zh-TW",
        "default": TABLES["zh-TW"]["smalltalk.greeting"],
        "own": "歡迎，{contact}也在。",
        "placeholders": ["contact", "hours"],
        "required": [],
    }
    english = home("phrases", "list", "--language", "en", "--json").json
    assert {one["own"] for one in english} == {None}
    assert "改回" in home("phrases", "reset", "smalltalk.greeting").out
    assert "本來就是" in home("phrases", "reset", "smalltalk.greeting").out
    assert home("phrases", "show", "smalltalk.greeting", "--json").json["own"] is None


@pytest.mark.parametrize(
    ("code", "text", "named"),
    [
        ("smalltalk.greeting", "{phone}", "{contact}、{hours}"),
        ("smalltalk.greeting", "{contact", "{contact}、{hours}"),
        ("quota.over_person", "明天再來", "{renews}"),
        ("smalltalk.greeting", "", "phrases reset"),
        ("config.value", "x", "smalltalk.greeting"),
    ],
)
def test_what_would_not_do_is_one_clear_line(home: Home, code: str, text: str, named: str) -> None:
    done = home("phrases", "set", code, text)
    assert done.code == 1
    assert named in done.sentence
    assert home("phrases", "list", "--json").json[0]["own"] is None


def test_an_unknown_language_is_wrong_usage(home: Home) -> None:
    assert home("phrases", "show", "smalltalk.greeting", "--language", "fr").code == 2

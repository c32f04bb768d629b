"""Every code that the program can say has a sentence, in both languages, with its details."""

from string import Formatter

import pytest

from bot.phrases import TABLES, describe, say
from knowledge.errors import DocumentError
from knowledge.passages import Failure
from tests.support import phrase_codes

ZH, EN = TABLES["zh-TW"], TABLES["en"]
FAMILIES = {code.split(".")[0] for code in ZH if "." in code}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences() -> None:
    assert set(ZH) == set(EN)


@pytest.mark.parametrize("code", sorted(ZH))
def test_both_languages_tell_the_same_details(code: str) -> None:
    assert placeholders(ZH[code]) == placeholders(EN.get(code, ""))


def test_every_code_has_a_sentence() -> None:
    mentioned = [*phrase_codes.mentions(), *phrase_codes.constants(FAMILIES)]
    missing = {f"{found.code} ({found.where})" for found in mentioned if found.code not in ZH}
    assert mentioned
    assert sorted(missing) == []


def test_every_code_put_together_at_run_time_has_a_sentence() -> None:
    for stem in phrase_codes.stems():
        family = stem.code.split(".")[0]
        if family in FAMILIES:
            assert any(code.startswith(stem.code) for code in ZH), stem


def test_every_detail_that_a_sentence_shows_is_handed_over() -> None:
    """A detail that is missing would show as `?`."""
    holes = {
        f"{found.code} wants {sorted(wanted)} ({found.where})"
        for found in phrase_codes.mentions()
        if found.details is not None
        and (wanted := placeholders(ZH.get(found.code, "")) - found.details)
    }
    assert sorted(holes) == []


def test_no_sentence_is_left_over() -> None:
    used = {found.code for found in [*phrase_codes.mentions(), *phrase_codes.constants(FAMILIES)]}
    stems = tuple(stem.code for stem in phrase_codes.stems())
    # The shared child process puts its service's name before these: store.locked, model.locked.
    used |= {f"store.{end}" for end in ("locked", "version", "start_failed", "start_timeout")}
    used |= {"store.unwritable"}
    left = {code for code in set(ZH) - used - {"unknown"} if not code.startswith(stems)}
    assert sorted(left) == []


@pytest.mark.parametrize("table", [ZH, EN], ids=["zh-TW", "en"])
def test_every_sentence_is_one_line(table: dict[str, str]) -> None:
    assert [code for code, sentence in table.items() if "\n" in sentence or not sentence] == []


def test_an_unknown_code_still_makes_a_sentence() -> None:
    assert "no.such_code" in say("no.such_code")


def test_an_error_and_a_failure_describe_themselves_alike() -> None:
    error = DocumentError("config.file", path="a.md")
    failure = Failure("a.md", "config.file", {"path": "a.md"})
    assert describe(error) == describe(failure)
    assert "a.md" in describe(error, "en")

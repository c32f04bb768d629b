"""Every sentence that the bot says by itself, per language.

Four tables a language (`zh_tw.py`, `model_zh_tw.py` for what is said of model servers,
`operations_zh_tw.py` for whoever runs the program, and `chat_zh_tw.py` for what is said in
chats only), with the same keys in both languages; a test compares them, and looks that every
error code raised anywhere in the code has its sentence.
"""

from collections.abc import Mapping
from string import Formatter
from typing import Literal, Protocol

from bot.phrases.chat_en import SENTENCES as CHAT_EN
from bot.phrases.chat_zh_tw import SENTENCES as CHAT_ZH_TW
from bot.phrases.en import SENTENCES as PROGRAM_EN
from bot.phrases.model_en import SENTENCES as MODEL_EN
from bot.phrases.model_zh_tw import SENTENCES as MODEL_ZH_TW
from bot.phrases.operations_en import SENTENCES as OPERATIONS_EN
from bot.phrases.operations_zh_tw import SENTENCES as OPERATIONS_ZH_TW
from bot.phrases.zh_tw import SENTENCES as PROGRAM_ZH_TW
from knowledge.passages import Failure, Locator

Language = Literal["zh-TW", "en"]
ZH_TW: Mapping[str, str] = {**PROGRAM_ZH_TW, **CHAT_ZH_TW, **MODEL_ZH_TW, **OPERATIONS_ZH_TW}
EN: Mapping[str, str] = {**PROGRAM_EN, **CHAT_EN, **MODEL_EN, **OPERATIONS_EN}
TABLES: Mapping[str, Mapping[str, str]] = {"zh-TW": ZH_TW, "en": EN}


class Coded(Protocol):
    """An error, or a Failure: a code and the details of its sentence."""

    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> dict[str, str]: ...


class Say(Protocol):
    """`say`, or the owner's own words."""

    def __call__(self, code: str, language: str = ..., **detail: object) -> str: ...


def say(code: str, language: str = "zh-TW", **detail: object) -> str:
    """The sentence under `code`. A detail that is missing shows as `?`, never as an error."""
    table = TABLES.get(language, ZH_TW)
    staff = {"contact": table["staff.contact"], "hours": table["staff.hours"]}
    text = table.get(code, table["unknown"])
    return _Lenient().vformat(text, (), {"code": code, **staff, **detail})


def describe(error: Coded, language: str = "zh-TW") -> str:
    """One clear sentence for an error of ours or a failed document."""
    detail: dict[str, object] = dict(error.detail)
    if isinstance(error, Failure):
        detail.setdefault("source", error.source)
    return say(error.code, language, **detail)


def locate(locator: Locator, language: str = "zh-TW") -> str | None:
    """Heading path, page and rows as people write them; None where there is nothing to say."""
    parts = [" › ".join(locator.headings)] if locator.headings else []
    if locator.page is not None:
        parts.append(say("locator.page", language, page=locator.page))
    if locator.sheet:
        parts.append(say("locator.sheet", language, sheet=locator.sheet))
    if locator.rows is not None:
        first, last = locator.rows
        key = "locator.row" if first == last else "locator.rows"
        parts.append(say(key, language, first=first, last=last))
    return say("locator.join", language).join(parts) or None


class _Lenient(Formatter):
    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs.get(str(key), "?")

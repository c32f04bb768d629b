"""The web door's sentences: one JSON file per language under `strings/`.

`page` is handed to the browser as it is; `api` holds the sentences of API errors, by code.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["zh-TW", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def strings(language: Language) -> Mapping[str, Any]:
    file = Path(__file__).parent / "strings" / f"{language}.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def api_sentence(code: str, language: Language, detail: Mapping[str, str]) -> str:
    sentence: str = strings(language)["api"][code]
    return sentence.format(**detail)


def preferred(accept_language: str | None, default: Language) -> Language:
    """The first language of an Accept-Language header that we speak.

    Browsers list languages best first, so the weights need no reading. Any Chinese is
    answered in Traditional Chinese.
    """
    for item in (accept_language or "").split(","):
        tag = item.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-TW"
        if tag.startswith("en"):
            return "en"
    return default

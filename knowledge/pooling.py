"""How an encoder's states become one vector, and what stands before a text: pure rules.

What the model's own folder says comes first, in the files of sentence-transformers:
`1_Pooling/config.json` (how), `config_sentence_transformers.json` (prompts), `modules.json`
(what comes after). Where it says nothing, what the publishers' model cards say of their models.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Pooling = Literal["first", "last", "mean"]
Read = Callable[[str], Any]
"""The parsed JSON of a file beside the model; None where there is none."""

MODULES: Final = "modules.json"
POOLING: Final = "1_Pooling/config.json"
PROMPTS: Final = "config_sentence_transformers.json"
_MODES: Final[Mapping[str, Pooling]] = {"cls": "first", "lasttoken": "last", "mean": "mean"}
_FLAGS: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
_KNOWN_MODULES: Final = ("Transformer", "Pooling", "Normalize")
_PASSAGES: Final = ("document", "passage", "corpus")
"""Names of the prompt for what is searched, as sentence-transformers looks for them."""
_TASK: Final = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query"
)


class UnknownPooling(ValueError):
    """The folder asks for what is not computed here; a wrong vector would be worse than none."""


@dataclass(frozen=True, slots=True)
class Prompts:
    query: str = ""
    passage: str = ""

    def __bool__(self) -> bool:
        return bool(self.query or self.passage)


@dataclass(frozen=True, slots=True)
class Recipe:
    pooling: Pooling
    prompts: Prompts

    @property
    def stamp(self) -> str:
        """Vectors of two recipes are not to be compared; part of the model's id."""
        return f"{self.pooling}-prompts" if self.prompts else self.pooling


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: re.Pattern[str]
    pooling: Pooling
    prompts: Prompts = Prompts()


def _known(pattern: str, pooling: Pooling, query: str = "", passage: str = "") -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), pooling, Prompts(query, passage))


_KNOWN: Final = (
    _known(r"qwen3-embedding", "last", f"{_TASK}\nQuery:"),
    _known(r"\be5-mistral", "last", f"{_TASK}\nQuery: "),
    _known(r"\be5\b.*-instruct", "mean", f"{_TASK}\nQuery: "),
    _known(r"\be5\b", "mean", "query: ", "passage: "),
    _known(r"\bbge-\w+-en\b", "first", "Represent this sentence for searching relevant passages: "),
    _known(r"\bbge-\w+-zh\b", "first", "为这个句子生成表示以用于检索相关文章："),
    _known(r"\bbge-m3\b|\bbge-\w+\b|\bgte-multilingual", "first"),
    _known(r"\bnomic-embed-text", "mean", "search_query: ", "search_document: "),
    _known(r"embeddinggemma", "mean", "task: search result | query: ", "title: none | text: "),
)
"""By name, from the model cards of Qwen, intfloat, BAAI, Alibaba-NLP, nomic-ai and google."""


def prompts_of(name: str) -> Prompts:
    """For a server that is given texts as they are; none where the model is not known."""
    known = _find(name)
    return known.prompts if known else Prompts()


def recipe(name: str, architectures: Sequence[str], read: Read) -> Recipe:
    """Raises UnknownPooling."""
    _check_modules(read(MODULES))
    known = _find(name)
    pooling = _told_pooling(read(POOLING))
    if pooling is None and known is not None:
        pooling = known.pooling
    if pooling is None:
        pooling = "last" if any("CausalLM" in kind for kind in architectures) else "mean"
    told = _told_prompts(read(PROMPTS))
    return Recipe(pooling, told or (known.prompts if known else Prompts()))


def _find(name: str) -> _Known | None:
    """By the last part: a folder above it may be called anything."""
    plain = name.replace("\\", "/").rstrip("/").rpartition("/")[2].replace("_", "-")
    return next((known for known in _KNOWN if known.pattern.search(plain)), None)


def _check_modules(modules: Any) -> None:
    """A dense layer after the pooling, for example, belongs to the vector."""
    for module in modules if isinstance(modules, list) else ():
        kind = str(module.get("type", "")).rpartition(".")[2] if isinstance(module, dict) else ""
        if kind not in _KNOWN_MODULES:
            raise UnknownPooling(kind or "?")


def _told_pooling(config: Any) -> Pooling | None:
    if not isinstance(config, dict):
        return None
    named = config.get("pooling_mode") or [
        mode for flag, mode in _FLAGS.items() if config.get(flag) is True
    ]
    modes = [named] if isinstance(named, str) else list(named)
    if not modes:
        return None
    if len(modes) > 1 or modes[0] not in _MODES or config.get("include_prompt") is False:
        raise UnknownPooling("+".join(map(str, modes)))
    return _MODES[modes[0]]


def _told_prompts(config: Any) -> Prompts:
    prompts = config.get("prompts") if isinstance(config, dict) else None
    if not isinstance(prompts, dict):
        return Prompts()
    passage = next((prompts[name] for name in _PASSAGES if prompts.get(name)), "")
    return Prompts(str(prompts.get("query") or ""), str(passage))

"""How much of a sentence stands in a passage, and which part of the passage shows it best.

A sentence is taken as its pairs of neighbouring Chinese characters and its Latin words,
without pairs that only hold the language together. Numbers are judged elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.checks.marks import without_marks
from bot.checks.numerals import HAN
from bot.checks.text import fold, words

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[a-z][a-z0-9]*|\d[\d,.:]*\d|\d")
GLUE = frozenset(
    "的了是在和与及或也都就而但并且于以为之其这那此该个们吗呢吧啊把被让从到由对向将会能可有请您你我它他她则即因所则又再只还很更最等若如没不无未喔哦唷啰喽耶跟同着过来去"
)
_NOT_CONTENT = GLUE | frozenset(HAN)
FILLERS = frozenset(
    words(
        "需要 使用 进行 提供 以下 包括 包含 另外 此外 不过 因此 所以 如果 位于 属于 成为 作为 称为 名为 叫做 担任 目前 现在 主要 通常 一般 分别 "
        "大约 约为 根据 参考 资料 问题 回答 答案 文中 提到 指出 表示 说明 相关 每天 每日 早上 上午 下午 晚上 中午 开门 关门 打烊 营业 时间 结束 "
        "开始 期间 之间 直到 以及 或者 什么 多少 哪里 哪些 哪个 怎么 如何 几点 是否 为何 何时 谁是 没有 不是 不会 不能 不可 不行 必须 应该 允许 "
        "费用 价格 金额 电话 地址 地点 人员 方式 方法 办理 申请 服务 顾客 客人 民众 本店 我们 店家 门市 之后 之前 以后 以前 以内 以上 当天 当日 "
        "隔天 其中 其他 所有 全部 任何 同时 已经 只要 才能 也可 都可 直接 the and for you are can with this that "
        "from have has was were will per our your not its"
    )
)
QUOTE_CHARACTERS = 120


def tokens(text: str) -> list[str]:
    """Content pairs and words of a text, in order, with repeats; numbers as they are written."""
    found: list[str] = []
    for run in _RUN.findall(fold(without_marks(text))):
        if run[0].isascii() or len(run) == 1:
            found.append(run)
        else:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
    return found


@lru_cache(maxsize=16384)
def is_content(token: str) -> bool:
    if token[0].isdigit() or token in FILLERS:
        return False
    if token[0].isascii():
        return len(token) > 2
    return len(token) == 2 and not (set(token) & _NOT_CONTENT)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage as sets to look things up in."""

    text: str
    folded: str
    tokens: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=2048)
    def of(text: str, title: str = "") -> "Source":
        """Remembered: the same passages are asked about again and again."""
        return Source(text, fold(title + "\n" + text), frozenset(tokens(title + "\n" + text)))


@dataclass(frozen=True, slots=True)
class Content:
    """What a sentence adds to the question."""

    new: frozenset[str]
    """Content pairs and words that the question does not hold."""
    all: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=64)
    def of(sentence: str, asked: frozenset[str]) -> "Content":
        every = frozenset(tokens(sentence))
        return Content(frozenset(t for t in every if is_content(t)) - asked, every)

    def share(self, sources: Sequence[Source]) -> float:
        """Part of the new content that stands in the sources; 1 where there is none."""
        known = sum(any(token in source.tokens for source in sources) for token in self.new)
        return known / len(self.new) if self.new else 1.0

    def closeness(self, source: Source) -> float:
        """For comparing passages: new content counts most, glue and question a little."""
        shared = self.all & source.tokens
        new = shared & self.new
        digits = sum(token[0].isdigit() for token in shared)
        return len(new) + 2.0 * digits + 0.3 * (len(shared) - len(new) - digits)


_PIECE = re.compile(r"[^。！？!?；\n]*[。！？!?；\n]?[」』”]?")
_CLAUSE = re.compile(r"[^，,、：:]*[，,、：:]?")


def quote(source: Source, said: str, asked: frozenset[str]) -> str:
    """The sentence of the passage (two, where both help) that is nearest to what was said."""
    content = Content.of(said, asked)
    spans = _spans(source.text)
    if not spans:
        return source.text.strip()[:QUOTE_CHARACTERS].strip()
    worth = [content.closeness(Source.of(source.text[start:end])) for start, end in spans]
    best = max(range(len(spans)), key=lambda at: (worth[at], -at))
    start, end = spans[best]
    for other in (best + 1, best - 1):
        if 0 <= other < len(spans) and worth[other] >= 2:
            wide = min(start, spans[other][0]), max(end, spans[other][1])
            if wide[1] - wide[0] <= QUOTE_CHARACTERS:
                start, end = wide
    return source.text[start:end].strip()


def _spans(text: str) -> list[tuple[int, int]]:
    """Sentences, and the clauses of those that are too long for a quote."""
    spans: list[tuple[int, int]] = []
    for piece in _PIECE.finditer(text):
        if piece[0].strip():
            spans += _within(text, *piece.span())
    return spans


def _within(text: str, start: int, end: int) -> list[tuple[int, int]]:
    if end - start <= QUOTE_CHARACTERS:
        return [(start, end)]
    spans = [(start, start)]
    for clause in _CLAUSE.finditer(text, start, end):
        for at in range(clause.start(), clause.end(), QUOTE_CHARACTERS):
            stop = min(at + QUOTE_CHARACTERS, clause.end())
            if stop - spans[-1][0] <= QUOTE_CHARACTERS:
                spans[-1] = (spans[-1][0], stop)
            else:
                spans.append((at, stop))
    return [span for span in spans if text[slice(*span)].strip()]

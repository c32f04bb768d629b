"""Makes an elliptical follow-up stand alone: 「那週日呢？」 → 「週六幾點開門 週日」.

By rule, not by model: a small model changes the meaning of a fifth of what it rewrites, and a
large one costs a second round trip. The rewrite is for retrieval; the model that answers is
shown the previous turn and the question as it was asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.messages import Turn

MAX_TURNS = 3
"""How far back an ellipsis of an ellipsis is followed."""

_LEAD = re.compile(
    r"^(?:那麼|那么|那|然後|然后|還有|还有|所以|不然|如果是|换成|換成|and|what about|how about|then)[\s，,、]*",
    re.I,
)
_TAIL = re.compile(r"(?:呢|咧|ㄋㄟ)[？?！!。\s]*$")
_ENGLISH_LEAD = re.compile(r"^(?:what|how) about\b|^and\b|^then\b", re.I)
_ENGLISH_PRONOUN = re.compile(
    r"\b(?:it|its|that|this|they|them|their|those|these|there|he|she|one)\b", re.I
)
# A pronoun that points back; 這個月, 這裡, 那些年 and the like point to the world instead.
_PRONOUN = re.compile(
    r"也一樣|也一样|也行|它|牠|他們|她們|他的|她的|他|她|前者|後者|上述|剛剛|剛才|刚才|同樣|一樣的|"
    r"(?:這|那|这)(?:個|个|些|張|张|種|种|款|項|项|件|樣|样|支|本|間|间|家|位)?(?=[呢嗎吗的要有是可能會会多也得在，,？?]|$)"
)
_WORLD = re.compile(
    r"(?:這|那|这)(?:個|个)?(?:月|週|周|禮拜|星期|年|天|季|店|邊|里|裡|次|間店|家店)"
)
_ASKS = re.compile(
    r"什麼|什么|甚麼|哪|誰|谁|多少|幾|几|嗎|吗|怎|如何|為何|是否|可以|可不可以|能不能|有沒有|有没有|多久|何時|"
    r"\b(?:what|which|who|when|where|why|how|is|are|do|does|can|could|will)\b",
    re.I,
)
_CJK = re.compile(r"[㐀-鿿]")
_WORD = re.compile(r"[a-z0-9]+", re.I)

# What holds a question together but says nothing of what it is about.
_GRAMMAR = re.compile(
    "什麼時候|什么时候|多久|多少錢|多少钱|多少|幾天|几天|幾個|几个|最多|最少|大概|大約|另外|一樣|一样|可以|可不可以|能不能|"
    "有沒有|要不要|需要|是不是|什麼|什么|哪裡|哪里|怎麼|怎么|嗎|吗|呢|的|會|会|要|能|也|還|还|去|到|在|是|有|用|等|給|给|內|内|"
    "我|你|您|你們|我們|不|就|都|再|行|好|得|了|過|过|付|拿|算|得"
)

_WEEKDAY = re.compile(
    r"(?:星期|禮拜|礼拜|週|周)[一二三四五六日天末]|平日|假日|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
    re.I,
)
_CLOCK = re.compile(
    r"(?:早上|上午|中午|下午|晚上)?[零一二三四五六七八九十兩\d]{1,3}(?:點半?|点半?|:\d\d)"
)
_AMOUNT = re.compile(r"[\d,]+(?:元|塊|天|本|支|點|%)")


@dataclass(frozen=True, slots=True)
class Standalone:
    texts: tuple[str, ...]
    """For retrieval: the question as asked and, where elliptical, its rewrite, last."""
    previous: Turn | None
    """The turn that the question leans on; None when it stands alone."""


def standalone(question: str, history: Sequence[Turn], now: datetime) -> Standalone:
    """What to search for. Only elliptical questions are rewritten."""
    dated = with_dates(question, now)
    if not history or not elliptical(question):
        return Standalone((question,) if dated == question else (question, dated), None)
    rewritten = _join(_topic(history[-MAX_TURNS:]), dated)
    return Standalone((question, rewritten), history[-1])


def elliptical(question: str) -> bool:
    """Whether the question cannot be understood without the turn before it."""
    text = question.strip()
    size = _size(_core(text))
    if size == 0:
        return True
    if _ENGLISH_LEAD.search(text):
        return size <= 6
    if not _CJK.search(text):
        return (_ENGLISH_PRONOUN.search(text) is not None and size <= 9) or size <= 2
    if _PRONOUN.search(_WORLD.sub("", text)):
        return True
    if _LEAD.match(text) and _TAIL.search(text):
        return size <= 12 and not _complete(text)
    if _TAIL.search(text) or _LEAD.match(text):
        return size <= 7 or (size <= 10 and not _ASKS.search(text))
    if size <= 5 or (size <= 7 and not _ASKS.search(text)):
        return True
    return size <= 10 and _size(_GRAMMAR.sub("", _core(text))) <= 3


def _complete(text: str) -> bool:
    """那…呢 around a whole question of its own: 「那寄到離島要多少運費呢」."""
    core = _core(text)
    return _size(core) >= 8 and _ASKS.search(core) is not None


def _core(text: str) -> str:
    return _TAIL.sub("", _LEAD.sub("", text)).strip(" ？?！!。，,")


def _size(text: str) -> int:
    """Chinese characters plus Latin words."""
    return len(_CJK.findall(text)) + len(_WORD.findall(text))


def _topic(history: Sequence[Turn]) -> str:
    """What the last question was about, following a chain of ellipses back."""
    topic = history[0].question
    for turn in history[1:]:
        topic = _join(topic, turn.question) if elliptical(turn.question) else turn.question
    return topic


def _join(topic: str, question: str) -> str:
    """The topic without the slots that the new question fills itself, then the question."""
    core = _core(question) or question
    swapped = _swap(topic, core)
    if swapped is not None:
        return swapped
    for slot in (_WEEKDAY, _CLOCK, _AMOUNT):
        if slot.search(core):
            topic = slot.sub("", topic)
    return f"{topic.strip(' ？?！!。')} {core}"


def _swap(topic: str, core: str) -> str | None:
    """「台北店哪天公休」 + 「台南」 → 「台南店哪天公休」: a short core takes its sibling's place.

    Siblings are of one length and share their first or last character (金卡、銀卡；A5、A6).
    """
    name = core.removesuffix("的").removesuffix("店").strip()
    if not 2 <= len(name) <= 4 or name in topic or _ASKS.search(name):
        return None
    for start in range(len(topic) - len(name) + 1):
        sibling = topic[start : start + len(name)]
        if (sibling[0] == name[0] or sibling[-1] == name[-1]) and sibling[-1] not in "的是有嗎":
            return f"{topic[:start]}{name}{topic[start + len(name) :]}".strip(" ？?！!。")
    return None


_RELATIVE = {
    "大後天": 3, "後天": 2, "后天": 2, "明天": 1, "明日": 1, "今天": 0, "今日": 0, "今晚": 0,
    "昨天": -1, "前天": -2, "today": 0, "tonight": 0,
    "tomorrow": 1, "yesterday": -1,
}  # fmt: skip
_OPEN = re.compile(
    r"有開|有开|沒開|没开|開門|开门|關門|关门|開到|开到|開店|打烊|公休|營業|营业|\b(?:open|close|closed|closing)\b",
    re.I,
)
_RELATIVE_WORD = re.compile("|".join(_RELATIVE), re.I)
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def with_dates(question: str, now: datetime) -> str:
    """「今天有開嗎」 is asked of a calendar and of a clock: says it as documents do."""
    dated = _with_weekday(question, now)
    if _OPEN.search(question) and "營業時間" not in question:
        dated += " 營業時間" if _CJK.search(question) else " opening hours"
    return dated


def _with_weekday(question: str, now: datetime) -> str:
    match = _RELATIVE_WORD.search(question)
    if match is None:
        return question
    day = now + timedelta(days=_RELATIVE[match.group().lower()])
    if not _CJK.search(question):
        return f"{question} {_ENGLISH_DAYS[day.weekday()]}"
    name = "一二三四五六日"[day.weekday()]
    return question.replace(match.group(), f" 週{name} ")

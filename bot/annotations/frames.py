"""Whether two questions are one sentence with another word in it.

「日本的首都在哪裡」 and 「韓國的首都在哪裡」 lie closer to each other than most ways to ask for
one thing. So where two sentences share their frame, every word that takes another's place
counts; where the sentences are built differently, the vectors decide.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.annotations.numbersets import Verdict
from bot.checks.numerals import NUMBER
from knowledge.folding import fold

SWAP, ADDITION = 4, 3
"""Characters of a word that stands for another, or that is put in. Whoever writes more than
that has written another sentence."""

_SAME_WORDS: tuple[str, ...] = (
    "该怎么做 该怎么操作 要怎么做 怎么处理 怎么做 怎么办 怎么样 怎样 要怎么 该怎么 怎么 该如何 要如何 如何处理 如何 流程是什么 的方法是什么 方法是什么",
    "可不可以 能不能 行不行 是否可以 可否 能否 可以 能够 能 会不会 会 允许",
    "什么时候 在哪一年 哪时候 多长时间 什么年代 什么时间 多少时间 多久 多长 何时 几天 几点 哪一年 哪年 哪天 几月几号 几号 几年 几周",
    "什么地方 什么位置 哪个城市 在哪里 哪里 哪儿",
    "哪一位 哪位 什么人 谁",
    "多少钱 几块钱 几元 多少元 价格多少 费用是多少 价钱",
    "总共有多少 一共有多少 一共有几 共有多少 有多少 有几 多少 几个 几块 几首 几种 几层 几",
    "为什么 为何 原因是什么 的原因 怎么会",
    "是不是 有没有 需不需要 要不要 是否有 是否 吗",
    "哪一个 哪一条 哪一颗 哪一站 哪一国 哪一种 哪个 哪条 哪种 哪些 什么 哪",
    "费用 花费 的钱 费",
    "需要 必须 得要 要 得",
    "优惠 折扣 打折 便宜",
    "遗失 弄丢 不见 丢掉 丢失 丢",
    "故障 损坏 坏掉 坏",
    "没有 没 不",
    "缺货 没货 断货",
    "网路 网络",
    "发放 发给 发",
    "办理 申请",
    "收取 收",
    "身上 人体",
    "台湾 全台湾 全台",
    "世界 全世界 全球",
    "寄送 配送 寄出 出货 送货 寄",
    "手机 行动电话",
    "电脑 计算机",
    "员工 同仁",
    "创立 创办",
    "运费 寄送的费用 寄费",
    "怎么算 怎么计算 是如何计算 如何计算 是怎么算",
    "万里长城 长城",
    "不同 不一样 差别 差在哪里 差异 区别",
    "高度 高",
    "联络电话 电话",
    "加入 申请成为 成为",
)
COUNTED = "个月日号点年元块折名次位楼天张本人件条版班层岁度公届"
_CANON = {word: min(group.split(), key=len) for group in _SAME_WORDS for word in group.split()}
_WORD = re.compile("|".join(sorted(map(re.escape, _CANON), key=len, reverse=True)))
_FILLER = re.compile(
    "请问|想问|我们|你们|他们|咱们|一下|这里|那里|店里|贵店|贵公司|公司|门市|东西|商品|大概|目前|现在|到底|究竟|自己|"
    "总共|一共|一生|可不|之间|位于|位置|期限|的人|的话|时候|"
    "[的了呢吗啊呀吧是在有到把给跟和与及或也都就还以于之而被让从对去来我你您它这那里个要会能谁哪几做选设写说得属时等才种首]|"
    "什么|怎样|多久|多少|为何|没(?=属)"
)
_TOKEN = re.compile(r"[a-z]+|[^\W_\d]")
_NUMBER = re.compile(rf"第?(?:{NUMBER}|[首])(?=[{COUNTED}])|\d+")
_WEEK = re.compile("星期|礼拜|周(?=[一二三四五六日末])")


@dataclass(frozen=True, slots=True)
class Edits:
    """What differs once question words and particles are out of the way."""

    swapped: tuple[tuple[str, str], ...]
    """Words that stand in each other's place."""
    added: tuple[str, ...]
    """Words that only one of the two has."""


def frame(one: str, other: str) -> Verdict:
    """`unsure` where all that differs is one short word: swapped, or put in."""
    edits = compare(one, other)
    if len(edits.swapped) + len(edits.added) != 1:
        return "same"
    if edits.swapped:
        ((left, right),) = edits.swapped
        return "unsure" if max(len(left), len(right)) <= SWAP else "same"
    return "unsure" if len(edits.added[0]) <= ADDITION else "same"


def compare(one: str, other: str) -> Edits:
    a, b = _tokens(one), _tokens(other)
    swapped: list[tuple[str, str]] = []
    added: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        left, right = "".join(a[i:j]), "".join(b[k:m])
        if kind == "replace":
            swapped.append((left, right))
        elif kind != "equal":
            added.append(left or right)
    return Edits(tuple(swapped), tuple(added))


def words_of(text: str) -> frozenset[str]:
    """What a question is about: see `_tokens`."""
    return frozenset(_tokens(text))


def _tokens(text: str) -> list[str]:
    """Characters and Latin words; numbers are compared elsewhere."""
    folded = _WEEK.sub("周", fold(text))
    folded = _WORD.sub(lambda match: _CANON[match[0]], folded)
    folded = _NUMBER.sub(" ", folded)
    return _TOKEN.findall(_FILLER.sub(" ", folded))

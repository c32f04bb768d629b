"""What kind of thing a question asks for: when, where, who, how many, how, why, or yes or no."""

import re

from bot.annotations.numbersets import Verdict
from knowledge.folding import fold

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("why", "为什么|为何|怎么会|原因|怎么(?=不能|没有)|怎么(?:形成|产生|发生)"),
        (
            "money",
            "多少钱|几块钱|几元|多少元|价格|价钱|费用|运费|票价|租金|年费|月费|要钱|的钱|费(?:怎么|如何|是怎么)算|花费是",
        ),
        (
            "time",
            "多久|多长|几天|几周|几个月|什么时候|何时|哪时候|什么时刻|什么时间|多少时间|截止日|哪一天|几点|几号(?=[考放发领薪有举]|$)|几月|哪一?年|哪天|"
            "什么年代|哪个年代|多早|几年|期限|过期|多少天|领薪",
        ),
        (
            "where",
            "哪里|哪儿|在哪(?![个一])|什么地方|什么位置|位置|地址|哪个城市|位于|原产地|首都|哪一站",
        ),
        ("who", "谁|哪位|哪一位|什么人|作者|哪个单位|哪位主管"),
        ("phone", "(?:电话|分机|统编|统一编号|密码).{0,2}(?:几号|多少|什么)|输入什么"),
        ("measure", "多高|高度|多远|距离|多重|多深|多大|度会|沸点|光速|多快|几度"),
        ("count", "多少|[几](?=[个块首种层颗人本次件张位支座条名])"),
        ("how", "怎么|如何|怎样|方法|方式|要准备什么|要带什么|流程|手续|步骤|找谁|联络"),
        ("yes", "吗|可不可以|能不能|能否|可否|有没有|是不是|会不会|要不要|需不需要|是否|(.)不\\1"),
    )
)
_FITS = frozenset(
    frozenset(pair.split("-"))
    for pair in (
        "time-yes-limit", "who-how", "money-how", "phone-count", "count-measure", "money-count",
        "phone-what", "where-what", "what-count", "how-time",
    )
)  # fmt: skip


def asks_alike(one: str, other: str) -> Verdict:
    """`unsure` where the two ask for different kinds of thing."""
    first, second = kinds(one), kinds(other)
    if first & second:
        return "same"
    fits = any(frozenset((a, b)) in _FITS for a in first for b in second)
    return "same" if fits else "unsure"


def kinds(text: str) -> frozenset[str]:
    """Every kind whose words stand there; `what` where none does. Yes-or-no counts only alone."""
    folded = fold(text)
    found = {kind for kind, pattern in _KINDS if pattern.search(folded)}
    if len(found) > 1:
        found.discard("yes")
    return frozenset(found or {"what"})

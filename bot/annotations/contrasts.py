"""Whether two questions say the opposite: 可以 and 不可以, 開門 and 打烊, 今天 and 明天.

A vector hardly sees a 不; nor does it tell 最大 from 最小.
"""

import re

from bot.annotations.numbersets import Verdict
from knowledge.folding import fold

_NEUTRAL = re.compile(
    r"(.)不\1|有没有|有无|是否|能否|可否|需否|不好意思|不知道|不晓得|不错|不同|不一样|差不多|不只|不少|"
    "对不起|不锈钢|不动产|不二|无线|无糖|无障碍|无人机|无尘|未来|未婚|特别|别馆|类别|性别|分别|级别|识别|国别|"
    "非常|非洲|除非|勿忘我|没问题|不便|要不要|无法(?=登入)"
)
_NEGATION = re.compile("不|没|无|未|勿|禁|(?<!区)别(?=[人的])|甭|拒")
_LOST = re.compile("不见|不起来|记不得|找不到|想不起|没了|不够|没货|不到卡|没打到|不出来")
"""Describes a trouble that others name without 不: 遺失, 忘記, 缺貨."""

_GROUPS: tuple[tuple[str, ...], ...] = (
    ("开始|开门|开店|开馆|起始", "结束|打烊|关门|闭馆|截止"),
    ("开通|启用|打开", "关闭|停用|关掉"),
    (
        "最大",
        "最多",
        "最小",
        "最少",
        "最高",
        "最低",
        "最长",
        "最短",
        "最深",
        "最快",
        "最慢",
        "最贵",
        "最便宜",
    ),
    ("最早|第一个|最先", "最晚|最后"),
    ("上半", "下半"),
    ("上个?月", "这个?月|本月|当月", "下个?月"),
    (
        "上个?周|上个?星期|上个?礼拜",
        "这个?周|本周|这个?星期|这个?礼拜",
        "下个?周|下个?星期|下个?礼拜",
    ),
    ("去年", "今年|本年", "明年"),
    ("昨天|昨日", "今天|今日|今晚", "明天|明日|明晚", "后天"),
    ("早上|上午|早班|清晨", "中午", "下午|午后", "晚上|晚间|晚班|傍晚|夜间"),
    ("平日|工作日", "假日|周末|例假"),
    ("国内", "国外|海外|境外"),
    ("室内", "室外|户外"),
    ("男", "女"),
    ("大人|成人", "儿童|小孩|孩童"),
    ("加入|注册|申请成为", "退出|注销"),
    ("入职|到职|报到", "离职|辞职"),
    ("入学", "毕业|退学"),
    ("登入|登录", "登出"),
    ("上传", "下载"),
    ("借", "还书|归还"),
    ("出生|生于", "去世|过世|逝世"),
    ("进口", "出口"),
    ("自转", "公转|绕"),
    ("退货", "换货"),
    ("退款", "出货|到货"),
    ("黑白", "彩色"),
    ("之?前(?=[可能要会有都的])|以前", "之后|以后"),
    ("以上|超过", "以下|以内|未满|不到"),
    ("买家", "卖家"),
    ("左", "右"),
    ("东[部区侧门]", "西[部区侧门]", "南[部区侧门]", "北[部区侧门]"),
)
_KINDS = tuple(
    re.compile(sides)
    for sides in (
        "黑白|彩色",
        "国内|国外|海外|境外",
        "大人|成人|儿童|小孩|孩童|学生|敬老",
        "室内|室外|户外",
    )
)
_COMPILED = tuple(tuple(re.compile(side) for side in group) for group in _GROUPS)


def contrast(one: str, other: str) -> Verdict:
    """`different` where they take opposite sides; `unsure` where only one takes a side: of
    negation, or of what has a price and a rule of its own on either side."""
    first, second = fold(one), fold(other)
    if _opposed(first, second):
        return "different"
    if any(bool(kind.search(first)) != bool(kind.search(second)) for kind in _KINDS):
        return "unsure"
    if _negated(first) == _negated(second):
        return "same"
    troubled = _LOST.search(first) or _LOST.search(second)
    return "unsure" if troubled else "different"


def _opposed(one: str, other: str) -> bool:
    for group in _COMPILED:
        first = {at for at, side in enumerate(group) if side.search(one)}
        second = {at for at, side in enumerate(group) if side.search(other)}
        if first and second and first != second:
            return True
    return False


def _negated(folded: str) -> bool:
    plain = _NEUTRAL.sub("", folded)
    return _NEGATION.search(_LOST.sub("", plain)) is not None or bool(_LOST.search(plain))

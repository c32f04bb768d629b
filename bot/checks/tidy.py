"""What models say around an answer: labels, "according to the material", lists of sources."""

import re

from bot.checks.marks import MARK

_LABEL = re.compile(r"^\s*(?:回答|答案|答|Answer|A)\s*[:：]\s*", re.I)
_PREFIX = re.compile(
    rf"^\s*(?:根據|根据|依據|依据|依照|按照)(?:您)?(?:所)?(?:提供的|以上|上述|現有的?|现有的?)?(?:的)?"
    rf"(?:參考資料|参考资料|資料|资料|文件|內容|内容|資訊|信息|文本|段落)?(?:{MARK})?(?:中|裡|里)?(?:的)?"
    rf"(?:內容|内容|資訊|信息|說明|说明|記載|记载|描述)?(?:顯示|显示|指出|可知)?\s*[，,：:]\s*"
)
_ACCORDING = re.compile(
    rf"^\s*(?:according to|based on) (?:the )?(?:provided )?(?:reference )?(?:material|information|text|context|document|source|passage|reference)s?\s*(?:provided)?\s*(?:{MARK})?,\s*(\w)",
    re.I,
)
_SOURCES = re.compile(
    rf"\s*(?:\*\*)?(?:參考資料|参考资料|資料來源|资料来源|來源|来源|出處|出处|參考|References?|Sources?)(?:\*\*)?\s*[:：]\s*"
    rf"(?:(?:[-*•]\s*)?{MARK}[^\n。]{{0,80}}\s*)+$",
    re.I,
)
_LAST_STOP = re.compile(r"[。！？!?\n]|\.(?=\s)")


def tidy(text: str, truncated: bool) -> str:
    """Without labels, phrases about "the material", lists of sources and half sentences."""
    text = _SOURCES.sub("", _LABEL.sub("", text.strip()))
    text = _PREFIX.sub("", text)
    text = _ACCORDING.sub(lambda match: match[1].upper(), text)
    if not truncated:
        return text
    stops = [stop.end() for stop in _LAST_STOP.finditer(text)]
    return text[: stops[-1]].strip() if stops else text.strip() + "…"

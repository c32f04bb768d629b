"""Tells "the material does not say" from "no" as a fact (沒有停車場, 不可以退貨)."""

import re

from bot.checks.text import fold

# Folded text. The material must be named, or the words must be about knowing:
# 「沒有提供影印」 is what a shop says, 「資料沒有提供」 is what a model says.
_MATERIAL = (
    r"(?:(?:参考|提供的?|以上|上述|现有|这些|给定的?|相关)*"
    r"(?:(?<!会员)(?<!个人)(?<!基本)资料|文件|文本|段落|内容|信息|资讯|文章|文献|材料)(?!夹|库|卡|袋)|文中|参考来源|上文)"
)
_INFORMATION = r"(?:资料|资讯|信息|内容|记载|答案|说明|数据|细节|纪录|记录)"
_NOT = r"(?:并?(?:没有|没|未|无|不)(?:有)?)"
_TOLD = r"(?:提到|提及|记载|说明|写[明出到]|指出|明确|涉及|描述|列出|交代|显示|找到|包含|包括|提供|给出|标示|载明|具体)"
_WHOLE = re.compile(
    r"(?:抱歉|对不起|很抱歉|不好意思|很遗憾|sorry)?[,，。!\s]*"
    r"(?:查?无(?:相关|此)?(?:资料|数据|信息|资讯)|没有(?:任何|相关|足够|这方面)*的?(?:资料|数据|信息|资讯)|资料不足"
    r"|我?不知道|我?不清楚|我?不确定|未知|不明|无|无法(?:回答|得知|确定|判断|提供答案)|未提及|未提到|没有?提到|没有?提及|未说明"
    r"|no data|n/?a|unknown|none|not (?:mentioned|available|provided|specified|stated|found)|no information|i don't know|i do not know)"
    r"(?:了|喔|哦)?[。.!\s]*"
)
_CLAUSE = re.compile(
    rf"{_MATERIAL}(?:中|里|内|裡|当中|里面)?[^。,，]{{0,12}}?{_NOT}[^。,，]{{0,6}}?{_TOLD}"
    rf"|{_NOT}(?:在|从)?{_MATERIAL}(?:中|里|内)?[^。,，]{{0,4}}?{_TOLD}"
    rf"|(?:没有|无|未|找不到|查不到|缺乏|查无)(?:找到|提供|包含|查到|提到|提及)?(?:任何|相关|足够|这方面|有关|关于|与|直接|明确|具体)+[^。,，]{{0,20}}?{_INFORMATION}"
    r"|^(?:抱歉|对不起|很抱歉|不好意思)?[,，\s]*(?:我|本?小秘书)?(?:目前|暂时)?(?:无法|不能|没办法|没有办法)"
    r"(?:直接|准确)?(?:回答|得知|判断|确定|知道|确认|提供(?:答案|资讯|信息|相关))"
    rf"|(?:无法|不能|没办法|难以)(?:直接)?(?:从|由|根据|依据|依)[^。]{{0,12}}{_MATERIAL}"
    rf"|{_MATERIAL}[^。]{{0,10}}(?:无法|不能|不足以)(?:直接)?(?:回答|得知|判断|确定|知道|确认)"
    r"|无法(?:直接)?(?:回答|得知)(?:此|这|该|您|你)?(?:个|的)?(?:问题)?|^我?(?:不知道|不清楚|不确定)(?!性|因素)"
    r"|^(?:没有|未|并未|没|并没有)(?:明确|具体)?(?:提到|提及|说明|记载|写明|指出)"
    r"|(?:没有|未|并未)(?:被)?(?:提到|提及|写明|记载|说明)[。.]?$"
)
_ENGLISH = re.compile(
    r"(?:material|reference|text|document|passage|context|information|source|data)s?\b[^.]{0,40}"
    r"\b(?:does not|do not|doesn't|don't|did not|is not|isn't|are not)\b[^.]{0,12}"
    r"\b(?:mention|contain|provide|state|specify|include|say|answer|indicate|have|give|available|enough)"
    r"|\bnot (?:explicitly |specifically )?(?:mentioned|provided|stated|specified|found|included|given)\b[^.]{0,20}"
    r"\b(?:material|reference|text|document|passage|context|information|source)"
    r"|\b(?:is|are|was) not (?:explicitly |specifically )?(?:mentioned|stated|specified)\b"
    r"|\bno (?:relevant |specific |related )?(?:information|data|mention)\b"
    r"|\bi (?:do not|don't|cannot|can't|could not|couldn't|am unable to|'m unable to)\s+(?:know|answer|find|determine|provide (?:an answer|that|information))"
    r"|\b(?:unable|not possible|impossible) to (?:answer|find|determine)"
)
_PLEASANTRY = re.compile(
    r"(?:如果?|若)(?:您|你)?(?:还)?(?:有|需要?)(?:任何|其他|更多|进一步)[^。]*(?:问题|资讯|信息|帮助|协助|需要|疑问)[^。]*(?:[。!]|$)"
    r"|希望(?:这|以上|对)[^。]*(?:帮助|帮到)[^。]*(?:[。!]|$)|(?:欢迎|请)随时[^。]*(?:询问|提问|联系|联络|告诉)[^。]*(?:[。!]|$)"
    r"|以上(?:是|就是|为)[^。]*(?:资讯|信息|说明|回答|内容)[。!]?$|(?:谢谢|感谢)[^。]{0,8}[。!]?$"
    r"|(?:let me know|feel free|hope this helps|if you (?:have|need) (?:any|more|further))[^.]*\.?"
)


def is_refusal(sentence: str) -> bool:
    """Whether a sentence (without marks) says that the material holds no answer."""
    plain = fold(sentence).strip().strip("「」\"'*_ ")
    return bool(_WHOLE.fullmatch(plain) or _CLAUSE.search(plain) or _ENGLISH.search(plain))


def is_bare_refusal(sentence: str) -> bool:
    """Nothing but the sentinel, such as 「無資料」: worth no line beside an answer."""
    return bool(_WHOLE.fullmatch(fold(sentence).strip().strip("「」\"'*_ ")))


def is_pleasantry(sentence: str) -> bool:
    """Whether a sentence only rounds an answer off."""
    return bool(_PLEASANTRY.match(fold(sentence).strip()))

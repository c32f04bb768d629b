"""Names, codes and addresses of an answer that no passage holds.

Nothing here knows names as such. It looks at what marks one: capitals and digits,
quotation marks, the dot of a transcription, a family name after 由 or 是, 公司 or 市
at the end, or a word put where the passage has another one between the same neighbours.
"""

import re
import unicodedata

from bot.checks.marks import without_marks
from bot.checks.text import fold, words

_HAN = "\u3400-\u9fff"
_ADDRESS = re.compile(
    r"https?://[^\s，。；、）)」』》\]]+|www\.[^\s，。；、）)」』》\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.A,
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-'’&.+#/][A-Za-z0-9]+)*[+#]?|\d+[A-Za-z][A-Za-z0-9]*")
_HARMLESS = frozenset(
    words(
        "ok faq am pm nt ntd twd usd vs etc ps app email mail id no tel wifi am/pm q&a qa "
        "yes a.m p.m km kg cm mm ml gb mb kb tb hr hrs min mins cc http https www january "
        "february march april may june july august september october november december "
        "jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday "
        "thursday friday saturday sunday mon tue wed thu fri sat sun taiwan taipei "
        "chinese english i"
    )
)
_QUOTED = re.compile(
    r"「([^「」]{2,40})」|『([^『』]{2,40})』|《([^《》]{2,40})》|〈([^〈〉]{2,40})〉|“([^“”]{2,40})”"
)
_DOTS = "·・•‧∙"
_TRANSCRIBED = re.compile(rf"[{_HAN}]{{1,8}}(?:[{_DOTS}][{_HAN}]{{1,8}})+")
_SURNAMES = "陈林李王吴刘蔡杨郑郭邱廖赖徐苏庄吕罗萧潘朱锺钟彭詹胡沈余卢赵魏董孙邓冯曹姚蒋薛范颜柯翁梁宋汪田杜傅崔贾尹袁程韩唐阮侯丁叶洪"
_TITLES = "先生|小姐|女士|教授|博士|老师|经理|主任|医师|店长|馆长|校长|馆员|设计师|建筑师"
_PERSON = re.compile(
    rf"(?:(?<=[由是叫为、和与及长师员任授士家者帝王])|^)(?P<name>[{_SURNAMES}][{_HAN}]{{1,2}})(?=[{_HAN}]|\W|$)"
)
_TITLED = re.compile(rf"[{_HAN}](?:{_TITLES})")
_NO_PERSON = frozenset(
    words(
        "王国 王朝 王室 王子 王位 王后 王者 王宫 林区 林地 林业 林木 陈列 陈述 陈设 钟头 钟表 钟楼 田地 田径 田野 田园 程序 程度 程式 罗马 侯爵 "
        "胡椒 蒋介 丁香 庄园 庄严 庄子 苏联 苏格 唐朝 唐代 宋朝 宋代 宋体 韩国 梁柱 汪洋 余额 余下 余款 李子 杨树 叶子 叶片 范围 范本 范例 徐徐 "
        "洪水 侯选 朱红 杜绝 田中 郑重 崔促 钟点 余数 袁世 潘通"
    )
)
_PLACE = re.compile(
    rf"([{_HAN}]{{2}})(公司|大学|银行|医院|市|县|路|街|国小|国中|高中|车站|出版社|基金会)"
)
_NO_PLACE = re.compile(
    r"[的了是在和与跟同及或也都就而但于以为之其这那此该个们本各一二三四五六七八九十每全某两几位到从向往由]"
)
_COMMON_END = re.compile(
    r"[城门超夜上都股开闭黄菜鱼][市]|[网公铁马走线道电陆水思套出回销通迷过顺半同老][路]|[逛上大老][街]|[各全外本州]县|[该本分总子母家有限][公]司"
)


def missing_address(text: str, known: str) -> str | None:
    """An e-mail address or URL that is not in the evidence. ``known`` is folded."""
    for address in _ADDRESS.findall(without_marks(text)):
        plain = fold(address).rstrip("./,;:!?")
        if plain.removeprefix("https://").removeprefix("http://").removeprefix("www.") not in known:
            return str(address)
    return None


def missing_latin(text: str, known: str) -> str | None:
    """A Latin name or a code: capitals or digits, two characters or more."""
    plain = _ADDRESS.sub(" ", without_marks(text))
    is_english = not re.search(f"[{_HAN}]", plain)
    foreign = is_english and len(re.findall(f"[{_HAN}]", known)) > len(re.findall("[a-z]", known))
    for match in _LATIN.finditer(plain):
        name = match[0]
        if is_english and not _is_telling(name, match.start(), plain, foreign):
            continue
        if _is_name(name) and not _knows(fold(name), known):
            return name
    return None


def _is_telling(name: str, at: int, text: str, foreign: bool) -> bool:
    """Which words of an English sentence must be in the evidence: what is a code in any
    language, and capitalised words where the evidence is English too."""
    if any(char.isdigit() for char in name) or (name.isupper() and len(name) > 2):
        return True
    starts = at == 0 or re.search(r"[.!?:\n*-]\s*$", text[:at]) is not None
    return not foreign and name[0].isupper() and not starts


def _is_name(name: str) -> bool:
    has_mark = any(char.isupper() or char.isdigit() for char in name)
    unit = re.fullmatch(r"\d+[a-z]{1,5}", name.lower())
    plain = re.sub(r"[-'’.]", "", name.lower())
    return len(name) >= 2 and has_mark and plain not in _HARMLESS and not unit


def _knows(name: str, known: str) -> bool:
    stem = name.removesuffix("'s").removesuffix("’s")
    for form in (stem, stem.removesuffix("s")):
        if re.search(rf"(?<![a-z0-9]){re.escape(form)}(?![a-z0-9])", known):
            return True
    bare = re.sub(r"[^a-z0-9]", "", stem)
    return len(bare) >= 4 and bare in re.sub(r"[^a-z0-9\u3400-\u9fff]", "", known)


def strange_words(question: str, known: str) -> list[str]:
    """Latin words and codes in a Chinese question that ``known`` does not hold, however they
    are written: people type ``samsung pay`` and ``r7``."""
    if not re.search(f"[{_HAN}]", question):
        return []
    plain = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", question))
    return [name for name in _LATIN.findall(plain) if _is_strange(name, known)]


def _is_strange(name: str, known: str) -> bool:
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    if len(bare) < 2 or bare in _HARMLESS or re.fullmatch(r"\d+[a-z]{1,5}", bare):
        return False
    return not _knows(fold(name), known) and bare not in re.sub(r"[\W_]", "", known)


def missing_quote(text: str, known: str) -> str | None:
    """What stands in quotation marks must stand, nearly so, in the evidence."""
    letters = _letters(known)
    for groups in _QUOTED.findall(without_marks(text)):
        quoted = _letters(fold("".join(groups)))
        pairs = [quoted[at : at + 2] for at in range(len(quoted) - 1)]
        found = sum(pair in letters for pair in pairs)
        if quoted not in letters and found < 0.7 * len(pairs):
            return "".join(groups)
    return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def missing_name(text: str, known: str) -> str | None:
    """A Chinese name by its looks; every pair of its characters is new to the evidence."""
    plain = fold(without_marks(text))
    return _transcribed(plain, known) or _person(plain, known) or _place(plain, known)


def _transcribed(text: str, known: str) -> str | None:
    for match in _TRANSCRIBED.finditer(text):
        first, *middle, last = re.split(f"[{_DOTS}]", match[0])
        if not middle and re.search(f"{first[-1]}[{_DOTS}]{last[:2]}", known):
            continue  # 答案是瓊·愛麗遜: where the first part begins cannot be seen
        if first[-2:] not in known or last[:2] not in known or any(m not in known for m in middle):
            return match[0]
    return None


def strange_transcriptions(question: str, known: str) -> list[str]:
    """Transcribed names of which neither the first part nor the last is in ``known``: parts
    are transcribed in many ways, and where a first part begins cannot be seen."""
    parted = (
        (match[0], re.split(f"[{_DOTS}]", match[0])) for match in _TRANSCRIBED.finditer(question)
    )
    return [
        name for name, parts in parted if parts[0][-2:] not in known and parts[-1][:2] not in known
    ]


def _person(text: str, known: str) -> str | None:
    for match in _TITLED.finditer(text):
        if match[0][0] in _SURNAMES + "黄张许谢曾何游周简高方" and match[0] not in known:
            return match[0]
    for match in _PERSON.finditer(text):
        name = match["name"]
        pairs = [name[at : at + 2] for at in range(len(name) - 1)]
        if name[:2] not in _NO_PERSON and not any(pair in known for pair in pairs):
            return name
    return None


def _place(text: str, known: str) -> str | None:
    for match in _PLACE.finditer(text):
        name, end = match.groups()
        joint = name[1] + end[0]
        if _NO_PLACE.search(name) or _COMMON_END.search(name + end):
            continue
        if name not in known and joint not in known:
            return name + end
    return None

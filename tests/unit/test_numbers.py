"""Numbers in all their spellings, and which numbers of an answer nothing bears out."""

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.numbers import claims, unsupported

VALUES = [
    ("十點", "time", 600),
    ("10點", "time", 600),
    ("10:00", "time", 600),
    ("１０：００", "time", 600),
    ("上午10點", "time", 600),
    ("10 a.m.", "time", 600),
    ("10am", "time", 600),
    ("下午5點", "time", 1020),
    ("17:00", "time", 1020),
    ("5 p.m.", "time", 1020),
    ("5:00 PM", "time", 1020),
    ("17時", "time", 1020),
    ("十七點整", "time", 1020),
    ("下午五點半", "time", 1050),
    ("17:30", "time", 1050),
    ("下午5點30分", "time", 1050),
    ("下午五點三十分", "time", 1050),
    ("晚上十二點", "time", 0),
    ("24:00", "time", 0),
    ("中午12點", "time", 720),
    ("中午一點", "time", 780),
    ("凌晨12點", "time", 0),
    ("noon", "time", 720),
    ("三點一刻", "time", 195),
    ("2,800", "number", 2800),
    ("2800", "number", 2800),
    ("二千八百", "number", 2800),
    ("兩千八百", "number", 2800),
    ("兩千八", "number", 2800),
    ("２８００", "number", 2800),
    ("貳仟捌佰元", "number", 2800),
    ("一萬五", "number", 15000),
    ("一萬五千", "number", 15000),
    ("1萬5千", "number", 15000),
    ("3.5萬", "number", 35000),
    ("三點五萬", "number", 35000),
    ("1億", "number", 10**8),
    ("一億三千萬", "number", 130000000),
    ("一百零五", "number", 105),
    ("一百五", "number", 150),
    ("廿三", "number", 23),
    ("卅元", "number", 30),
    ("十五", "number", 15),
    ("NT$120", "number", 120),
    ("120元", "number", 120),
    ("一百二十元", "number", 120),
    ("$120", "number", 120),
    ("新台幣120元整", "number", 120),
    ("兩個半小時", "number", Fraction(5, 2)),
    ("半小時", "number", Fraction(1, 2)),
    ("一年半", "number", Fraction(3, 2)),
    ("two hundred and five", "number", 205),
    ("twenty-one", "number", 21),
    ("百分之二十", "ratio", Fraction(1, 5)),
    ("20%", "ratio", Fraction(1, 5)),
    ("20％", "ratio", Fraction(1, 5)),
    ("兩成", "ratio", Fraction(1, 5)),
    ("兩成五", "ratio", Fraction(1, 4)),
    ("八五折", "ratio", Fraction(17, 20)),
    ("85折", "ratio", Fraction(17, 20)),
    ("8.5折", "ratio", Fraction(17, 20)),
    ("打八折", "ratio", Fraction(4, 5)),
    ("三分之一", "ratio", Fraction(1, 3)),
    ("百分之百", "ratio", 1),
    ("第三名", "ordinal", 3),
    ("第3名", "ordinal", 3),
    ("third", "ordinal", 3),
    ("3月5日", "date", "03-05"),
    ("三月五日", "date", "03-05"),
    ("3/5", "date", "03-05"),
    ("March 5", "date", "03-05"),
    ("5 March", "date", "03-05"),
    ("十二月廿五日", "date", "12-25"),
    ("民國113年", "year", 2024),
    ("民國一一三年", "year", 2024),
    ("2024年", "year", 2024),
    ("二〇二四年", "year", 2024),
    ("一九四五年", "year", 1945),
    ("1945年", "year", 1945),
    ("民國元年", "year", 1912),
    ("禮拜一", "weekday", 1),
    ("星期天", "weekday", 7),
    ("週日", "weekday", 7),
    ("Friday", "weekday", 5),
    ("(02)2345-6789", "phone", "0223456789"),
    ("02-2345-6789", "phone", "0223456789"),
    ("+886-2-2345-6789", "phone", "0223456789"),
    ("0912-345-678", "phone", "0912345678"),
    ("0912345678", "phone", "0912345678"),
    ("3.11.2", "code", "3.11.2"),
]


@pytest.mark.parametrize(("text", "kind", "value"), VALUES)
def test_every_spelling_has_one_value(text: str, kind: str, value: object) -> None:
    (claim,) = claims(text)
    assert (claim.kind, claim.value, claim.weak) == (kind, value, False)


def test_iso_dates_hold_a_year_and_a_day() -> None:
    assert [c.value for c in claims("2026-03-05")] == [2026, "03-05"]
    assert [c.value for c in claims("民國113年3月5日")] == [2024, "03-05"]
    assert [c.value for c in claims("March 5, 2026")] == [2026, "03-05"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("週一至週五", [1, 2, 3, 4, 5]),
        ("星期一到五", [1, 2, 3, 4, 5]),
        ("周五~周日", [5, 6, 7]),
        ("週六至週一", [6, 7, 1]),
        ("週一、三、五", [1, 3, 5]),
        ("週六日", [6, 7]),
        ("Monday to Friday", [1, 2, 3, 4, 5]),
        ("Mon-Wed", [1, 2, 3]),
    ],
)
def test_weekday_ranges_are_spelled_out(text: str, days: list[int]) -> None:
    assert [claim.value for claim in claims(text)] == days


@pytest.mark.parametrize(
    "text",
    [
        "一個",
        "一些",
        "一起",
        "第一次",
        "統一",
        "一定",
        "唯一",
        "萬一",
        "三明治",
        "四川",
        "五金",
        "七夕",
        "九份老街",
        "百貨",
        "千萬不要",
        "十分好吃",
        "一點點",
        "有一天",
        "一時",
        "一樣",
        "百姓",
        "六本木",
        "張三李四",
        "十字路口",
        "一塊去",
        "每天",
        "一本書",
        "一般",
        "一旦",
        "第一名",
        "二手",
        "四處",
        "五花八門",
    ],
)
def test_words_with_numerals_claim_nothing(text: str) -> None:
    assert [claim for claim in claims(text) if not claim.weak] == []


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "【12】",
        "［３］",
        "(來源2)",
        "1. 開門\n2. 關門",
        "① 開門",
        "a@b1.tw",
        "https://x.tw/2024",
        "A5",
        "iPhone15",
    ],
)
def test_marks_lists_addresses_and_codes_claim_nothing(text: str) -> None:
    assert claims(text) == ()


@pytest.mark.parametrize(
    ("text", "surface"),
    [("營業到晚上８點。", "晚上８點"), ("共二千八百元", "二千八百元"), ("禮拜三休", "禮拜三")],
)
def test_the_surface_is_what_was_written(text: str, surface: str) -> None:
    assert claims(text)[0].surface == surface


HOURS = "營業時間：週二至週五上午10:00–18:00，週六下午1點到5點半。每週一公休。電話 02-2345-6789 分機 12。"
PRICES = "鋼筆一支1,200元，墨水一瓶350元，買兩瓶打九折。會員每年300元。滿1,500元免運費，運費80元。"
HISTORY = (
    "本店於民國76年3月5日創立，2005年搬到三樓。得過第3名。販售鋼筆、墨水、紙張和印章。保固24個月。"
)

BORNE_OUT = [
    ("早上十點開門", HOURS, "幾點開"),
    ("開到下午6點", HOURS, "幾點關"),
    ("18點打烊", HOURS, ""),
    ("18時", HOURS, ""),
    ("週三有開", HOURS, ""),
    ("禮拜四 10點", HOURS, ""),
    ("週六13:00到17:30", HOURS, ""),
    ("Saturday 1 p.m. to 5:30 p.m.", HOURS, ""),
    ("週日也休", HOURS + "週日休息", ""),
    ("營業8小時", HOURS, "營業幾個小時"),
    ("電話(02) 2345-6789轉12", HOURS, ""),
    ("2345-6789", HOURS, ""),
    ("一千二百元", PRICES, ""),
    ("NT$1,200", PRICES, ""),
    ("1200塊", PRICES, ""),
    ("1200", PRICES, ""),
    ("90%的價格", PRICES, ""),
    ("10% off", PRICES, ""),
    ("三支共3,600元", PRICES, "三支鋼筆多少錢"),
    ("鋼筆加墨水共1,550元", PRICES, "各買一個共多少"),
    ("相差850元", PRICES, "差多少"),
    ("一千五百元以上免運", PRICES, ""),
    ("1987年3月5日", HISTORY, ""),
    ("民國七十六年", HISTORY, ""),
    ("創立於3/5", HISTORY, ""),
    ("3月創立", HISTORY, ""),
    ("3F", HISTORY, ""),
    ("第三名", HISTORY, ""),
    ("有四種商品", HISTORY, ""),
    ("賣4類", HISTORY, ""),
    ("相隔18年", HISTORY, "隔了幾年"),
    ("保固2年", HISTORY, ""),
    ("兩年保固", HISTORY, ""),
    ("7天", "一週內可退", ""),
    ("七日內", "7天內可退", ""),
    ("90分鐘", "一個半小時", ""),
    ("1.5公里", "1500公尺", ""),
    ("5 days", "五個工作天", ""),
    ("two weeks", "兩週", ""),
    ("3至5天", "三到五個工作天", ""),
    ("第12條", "第十二條", ""),
    ("20人", "二十位", ""),
    ("五點", "開放至17:00", ""),
    ("晚上8點", "開放至八點", ""),
    ("2000萬", "兩千萬元", ""),
    ("1990年代", "90年代", ""),
    ("二成", "20%", ""),
    ("1/3", "三分之一", ""),
    ("週一至週五", "平日開放", ""),
    ("週二到週日", "10點開門，週一公休。", ""),
    ("您問的2028年", "", "2028年有活動嗎"),
    ("一點也不貴，一個月內都可以", "一個月內", ""),
    ("12號", "青田街十二號", ""),
    ("下午2到5點", "14:00-17:00", ""),
    ("24小時", "全天二十四小時", ""),
]


@pytest.mark.parametrize(("answer", "evidence", "question"), BORNE_OUT)
def test_what_the_evidence_says_or_gives(answer: str, evidence: str, question: str) -> None:
    assert unsupported(answer, [evidence], question) == []


INVENTED = [
    ("九點開門", HOURS, "幾點開"),
    ("開到下午7點", HOURS, ""),
    ("10:30", HOURS, ""),
    ("上午8點", HOURS, ""),
    ("晚上10點", HOURS, ""),
    ("02-2345-6788", HOURS, ""),
    ("營業9小時", HOURS, "營業幾個小時"),
    ("週日有開", "週二至週五10點到18點", ""),
    ("1,300元", PRICES, ""),
    ("12,000元", PRICES, ""),
    ("120元", PRICES, ""),
    ("八折", PRICES, ""),
    ("九五折", PRICES, ""),
    ("三支共3,700元", PRICES, "三支鋼筆多少錢"),
    ("每年三千元", PRICES, ""),
    ("1988年", HISTORY, ""),
    ("3月6日", HISTORY, ""),
    ("5月5日", HISTORY, ""),
    ("民國77年", HISTORY, ""),
    ("四樓", HISTORY, ""),
    ("第五名", HISTORY, ""),
    ("七種商品", HISTORY, ""),
    ("保固3年", HISTORY, ""),
    ("10點", "10元", ""),
    ("10元", "10點開門", ""),
    ("八天", "七天", ""),
    ("30分鐘", "一小時", ""),
    ("三分之二", "三分之一", ""),
    ("30%", "百分之二十", ""),
    ("兩萬五", "一萬五", ""),
    ("three days", "七天", ""),
    ("一年", "三年有效", ""),
    ("一個月", "三個月", ""),
    ("5元", "15元", ""),
    ("五元", "十五元", ""),
    ("0800-123-456", "0800-123-457", ""),
    ("3.11.3", "3.11.2", ""),
    ("March 6", "3月5日", ""),
    ("22:00", "早上10:00", ""),
]


@pytest.mark.parametrize(("answer", "evidence", "question"), INVENTED)
def test_inventions_are_found(answer: str, evidence: str, question: str) -> None:
    assert unsupported(answer, [evidence], question) != []


def test_numbers_of_two_passages_do_not_add_up() -> None:
    assert unsupported("共430元", ["墨水350元"], "共多少") != []
    assert unsupported("共430元", ["墨水350元", "運費80元"], "共多少") != []
    assert unsupported("共430元", ["墨水350元，運費80元"], "共多少") == []


@given(st.text(alphabet=st.characters()))
@settings(deadline=None)
def test_never_raises(text: str) -> None:
    claims(text)


@given(
    st.text(
        alphabet="〇零一二兩三十百千萬億廿卅壹貳拾佰半點時分年月日號週星期至到~-:/.,%折成第元個天 0123456789amp民國上下午$"
    ),
    st.text(alphabet="十百千萬點分之年月日0123456789:元第 "),
)
@settings(max_examples=400, deadline=None)
def test_never_raises_on_what_looks_like_numbers(answer: str, evidence: str) -> None:
    unsupported(answer, [evidence], answer[::-1])


@given(st.integers(min_value=0, max_value=10**9))
def test_digits_are_their_own_value(number: int) -> None:
    (claim,) = claims(f"{number:,}元")
    assert claim.value == number


@pytest.mark.parametrize(
    "char", ["一", "1", "十", "1,", "週一、", "3月", "10:00-", "一萬", "百分之", "1.", "(0", "1-"]
)
def test_long_runs_cost_little(char: str) -> None:
    start = time.perf_counter()
    unsupported(char * 1000, [char * 1000], char)
    assert time.perf_counter() - start < 3

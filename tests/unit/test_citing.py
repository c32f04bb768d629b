"""The after-check on answers about an imaginary stationery shop.

RIGHT answers are paraphrases as small models make them: none may be refused.
WRONG ones change or invent one thing: all must be.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.citing import Refused, Supported, check

HOURS = (
    "墨香文具店的營業時間為週二至週五上午十點至晚上八點，週六、週日延長至晚上九點。"
    "每週一公休，國定假日照常營業。門市位於台北市大安區青田街十二號，附近沒有停車場，"
    "建議搭乘捷運至東門站，由五號出口步行約八分鐘。電話：(02)2345-6789。"
)
RETURNS = (
    "商品自購買日起七日內，憑發票可辦理退換貨。商品須保持全新未拆封，鋼筆試寫後不接受退貨。"
    "特價品與客製刻字商品不可退換。退款於收到商品後三個工作天內退回原信用卡，"
    "現金購買者請攜帶身分證至門市領取。網路訂單的退貨運費由顧客負擔，每件80元。"
)
MEMBERS = (
    "加入「墨友會員」年費300元，購物享九折優惠，生日當月可獲贈100元購物金。"
    "會員每消費100元累積1點，集滿50點可折抵50元。會員資格一年有效，到期前一個月會以電子郵件通知。"
    "申請表請寄到 member@moxiang.example，或至官網 https://moxiang.example/join 填寫。"
)
HISTORY = (
    "墨香文具店由林文彬於1987年創立，最初只是青田街上一間八坪大的小店。2005年由女兒林佳蓉接手，"
    "引進德國 Pelikan、LAMY 與日本百樂的鋼筆，並設立刻字服務。2019年與建築師王大閎紀念館合作，"
    "推出限量墨水「青田雨」，共發行500瓶。"
)
PASSAGES = [HOURS, RETURNS, MEMBERS, HISTORY]
TITLES = ["營業資訊", "退換貨辦法", "會員制度", "關於我們"]

RIGHT = [
    ("平日幾點開門？", "平日早上10點開門。[1]"),
    ("平日幾點關門？", "我們平日營業到晚上8點（20:00）。[1]"),
    ("營業時間？", "週二至週五 10:00–20:00，週六、週日 10:00–21:00，週一公休。[1]"),
    ("禮拜三有開嗎？", "有的，禮拜三有營業，時間是上午10點到晚上8點。[1]"),
    ("禮拜一有開嗎？", "沒有，每週一公休。[1]"),
    ("週一有開嗎", "週一沒有營業。[1]"),
    ("國定假日有開嗎？", "有，國定假日照常營業。[1]"),
    ("有停車場嗎？", "附近沒有停車場，建議搭捷運到東門站。[1]"),
    ("有停車場嗎？", "沒有停車場。[1]"),
    ("店在哪裡？", "門市在台北市大安區青田街12號。[1]"),
    ("怎麼去？", "可以搭捷運到東門站，從5號出口走路大約8分鐘就到。[1]"),
    ("電話幾號？", "電話是 02-2345-6789。[1]"),
    ("週末幾點關門？", "週六和週日到晚上九點。[1]"),
    ("一天營業多久？", "平日營業10小時。[1]"),
    ("可以退貨嗎？", "可以，購買後7天內憑發票可以退換貨。[2]"),
    ("退貨期限多久？", "一週內。[2]"),
    ("試寫過的鋼筆能退嗎？", "不可以，鋼筆試寫後就不接受退貨。[2]"),
    ("試寫過的鋼筆能退嗎？", "不可以退貨。[2]"),
    ("特價品可以退嗎？", "特價品不可退換。[2]"),
    ("刻字的可以退嗎？", "不行，客製刻字商品不能退換。[2]"),
    ("多久會退款？", "收到商品後3個工作天內會退回原信用卡。[2]"),
    ("付現要怎麼拿退款？", "請帶身分證到門市領取。[2]"),
    ("退貨運費誰出？", "運費由顧客負擔，每件80元。[2]"),
    ("退兩件運費多少？", "每件80元，兩件共160元。[2]"),
    ("會員年費多少？", "年費是300元。[3]"),
    ("會員費", "NT$300[3]"),
    ("會員有什麼優惠？", "會員購物打9折，生日當月還有100元購物金。[3]"),
    ("會員有什麼優惠？", "購物享九折（10% off），生日月贈送100元購物金。[3]"),
    ("點數怎麼算？", "每消費100元可以累積1點，累積50點能折抵50元。[3]"),
    ("會員多久到期？", "會員資格有效期為一年，到期前1個月會用電子郵件通知您。[3]"),
    (
        "怎麼加入會員？",
        "可以把申請表寄到 member@moxiang.example，或到官網 https://moxiang.example/join 填寫。[3]",
    ),
    ("怎麼加入會員？", "請到 https://moxiang.example/join 。[3]"),
    ("創辦人是誰？", "林文彬[4]"),
    ("創辦人是誰？", "創辦人是林文彬。[4]"),
    ("誰創立的？", "墨香文具店是林文彬在1987年創立的。[4]"),
    ("現在的老闆是誰", "2005年起由林文彬的女兒林佳蓉接手。[4]"),
    ("什麼時候成立？", "民國76年（1987年）。[4]"),
    ("開了多久才換人經營？", "1987年創立，2005年由女兒接手，相隔18年。[4]"),
    ("有哪些外國品牌的鋼筆？", "有德國的 Pelikan、LAMY，以及日本的百樂，共三個品牌。[4]"),
    ("有賣pelikan嗎？", "有，店裡引進了Pelikan鋼筆。[4]"),
    ("限量墨水叫什麼？", "限量墨水叫做「青田雨」。[4]"),
    ("限量墨水發行幾瓶？", "五百瓶。[4]"),
    ("最初的店多大？", "八坪[4]"),
    ("聯絡方式？", "您可以撥打電話(02)2345-6789。[1] 或寄信到 member@moxiang.example。[3]"),
    ("When do you open on weekdays?", "You open at 10 a.m. from Tuesday to Friday. [1]"),
    ("What is the return period?", "Items can be returned within seven days with the receipt. [2]"),
    ("How much is the membership?", "The annual fee is NT$300. [3]"),
    ("Who founded the shop?", "It was founded by Lin Wen-bin in 1987. [4]"),
    ("营业时间", "周二至周五上午10点到晚上8点，周一公休。[1]"),
    ("可以刷卡退款嗎", "根據參考資料，退款會退回原信用卡。[2]"),
]


@pytest.mark.parametrize(("question", "answer"), RIGHT)
def test_right_answers_are_shown(question: str, answer: str) -> None:
    checked = check(answer, PASSAGES, question, TITLES)
    assert isinstance(checked, Supported), checked
    assert "[1]" in checked.text
    for index, quote in checked.quotes:
        assert quote
        assert quote in PASSAGES[index]
        assert len(quote) <= 120


@pytest.mark.parametrize(("question", "answer"), RIGHT)
def test_right_answers_without_marks_get_the_same_source(question: str, answer: str) -> None:
    bare = answer.replace("[1]", "").replace("[2]", "").replace("[3]", "").replace("[4]", "")
    checked = check(bare, PASSAGES, question, TITLES)
    assert isinstance(checked, Supported), checked
    assert checked.quotes


WRONG = [
    ("平日幾點開門？", "平日早上9點開門。[1]", "number"),
    ("平日幾點關門？", "營業到晚上10點。[1]", "number"),
    ("營業時間？", "週二至週五 10:00–20:30。[1]", "number"),
    ("電話幾號？", "電話是 02-2345-6798。[1]", "number"),
    ("電話幾號？", "0912-345-678[1]", "number"),
    ("怎麼去？", "從3號出口步行約8分鐘。[1]", "number"),
    ("怎麼去？", "由五號出口步行約十八分鐘。[1]", "number"),
    ("店在哪裡？", "門市在台北市大安區青田街22號。[1]", "number"),
    ("退貨期限多久？", "購買後14天內可以退貨。[2]", "number"),
    ("退貨期限多久？", "購買後七個月內可以退貨。[2]", "number"),
    ("多久會退款？", "收到商品後五個工作天內退款。[2]", "number"),
    ("退貨運費多少？", "運費每件100元。[2]", "number"),
    ("會員年費多少？", "年費是3,000元。[3]", "number"),
    ("會員有什麼優惠？", "購物享八五折優惠。[3]", "number"),
    ("會員有什麼優惠？", "購物享95折優惠。[3]", "number"),
    ("會員多久到期？", "會員資格兩年有效。[3]", "number"),
    ("什麼時候成立？", "創立於1978年。[4]", "number"),
    ("什麼時候成立？", "民國67年創立。[4]", "number"),
    ("限量墨水發行幾瓶？", "共發行5000瓶。[4]", "number"),
    ("禮拜一有開嗎？", "只有3月5日公休。[1]", "number"),
    ("創辦人是誰？", "王小明[4]", "name"),
    ("創辦人是誰？", "創辦人是王小明。[4]", "name"),
    ("創辦人是誰？", "墨香文具店由陳志豪於1987年創立。[4]", "name"),
    ("誰創立的？", "墨香文具店由威廉·瓊斯於1987年創立。[4]", "name"),
    ("現在的老闆是誰", "2005年由女兒張美玲接手。[4]", "name"),
    ("有哪些外國品牌的鋼筆？", "有德國的 Montblanc 與 LAMY。[4]", "name"),
    ("有哪些外國品牌的鋼筆？", "引進德國 Pelikan、LAMY 與義大利奧羅拉的鋼筆。[4]", "name"),
    ("限量墨水叫什麼？", "限量墨水叫做「東門月」。[4]", "name"),
    ("怎麼加入會員？", "請寄信到 info@moxiang.example。[3]", "name"),
    ("怎麼加入會員？", "請到 https://moxiang.example/signup 填寫。[3]", "name"),
    ("店在哪裡？", "門市在高雄市苓雅區。[1]", "name"),
    ("店在哪裡？", "高雄[1]", "support"),
    ("怎麼去？", "建議搭乘捷運至忠孝復興站。[1]", "name"),
    ("付款方式？", "可使用 Visa 信用卡。[2]", "name"),
    ("店長是誰", "店長是黃先生。[4]", "name"),
    ("為什麼天空是藍的？", "因為陽光中的藍色光波長較短，容易被大氣分子散射。[1]", "support"),
    ("如何保養鋼筆？", "建議每隔一段日子用清水沖洗筆尖，避免墨水乾涸堵塞。[2]", "support"),
    ("What brands?", "We carry the X750 model. [4]", "name"),
]


@pytest.mark.parametrize(("question", "answer", "reason"), WRONG)
def test_inventions_are_refused(question: str, answer: str, reason: str) -> None:
    checked = check(answer, PASSAGES, question, TITLES)
    assert isinstance(checked, Refused), checked
    assert checked.reason == reason
    assert checked.detail


REFUSALS = [
    "無資料",
    "无资料。",
    "「無資料」",
    "無資料。[1]",
    "沒有資料",
    "查無資料",
    "沒有相關資訊。",
    "資料中沒有提到。",
    "根據參考資料，沒有提到停車費用。[1]",
    "根据提供的资料，并没有提到停车费用。",
    "參考資料未提及此項資訊。",
    "參考資料中並沒有關於停車費用的說明。",
    "很抱歉，目前沒有找到相關的資料。",
    "抱歉，我無法回答這個問題。",
    "無法回答",
    "我不知道。",
    "無法從參考資料得知答案。",
    "這個問題的答案在文中沒有提到。",
    "文中並未說明建築師是誰。",
    "資料不足，無法判斷。",
    "No data",
    "No data.",
    "The reference material does not mention parking fees.",
    "I don't know.",
    "There is no information about parking.",
    "The answer is not mentioned in the text.",
    "I cannot answer this question.",
    "參考資料沒有提到停車費，但有提到營業時間為上午十點。[1]",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusals_are_known(answer: str) -> None:
    checked = check(answer, PASSAGES, "停車費多少？", TITLES)
    assert isinstance(checked, Refused)
    assert checked.reason == "sentinel"


FACTS = [
    ("有停車場嗎？", "附近沒有停車場。", "店附近沒有停車場。"),
    ("可以退嗎？", "特價品不可以退貨。", "特價品不可以退貨。"),
    ("有影印嗎？", "本店沒有提供影印服務。", "沒有提供影印服務。[1]"),
    ("要資料嗎", "會員資料未填寫完整者不予受理。", "會員資料未填寫完整者不予受理。"),
    ("資料夾有嗎", "透明資料夾沒有包含在優惠內。", "透明資料夾沒有包含在優惠內。"),
    ("可以開發票嗎", "無法開立三聯式發票。", "無法開立三聯式發票。"),
    ("寵物", "店內不能帶寵物。", "不能帶寵物。"),
    ("有會員費嗎", "加入會員不需費用。", "不需費用。"),
    ("parking?", "There is no parking lot.", "There is no parking lot."),
]


@pytest.mark.parametrize(("question", "passage", "answer"), FACTS)
def test_no_as_a_fact_is_an_answer(question: str, passage: str, answer: str) -> None:
    assert isinstance(check(answer, [passage], question), Supported)


@pytest.mark.parametrize("answer", ["", "   ", "[1]", "。", "<think>想</think>", "\n\n"])
def test_empty_answers(answer: str) -> None:
    checked = check(answer, PASSAGES, "年費？", TITLES)
    assert isinstance(checked, Refused)
    assert checked.reason == "empty"


MENDED = [
    # marks in all their shapes, to nowhere, doubled, at the wrong place
    ("年費300元【3】。", "年費300元。[1]", (2,)),
    ("年費300元［３］。", "年費300元。[1]", (2,)),
    ("年費300元(來源3)。", "年費300元。[1]", (2,)),
    ("年費300元[3][3]。", "年費300元。[1]", (2,)),
    ("年費300元。[9]", "年費300元。[1]", (2,)),
    ("年費300元。[1]", "年費300元。[1]", (2,)),
    ("年費300元。[2, 3]", "年費300元。[1]", (2,)),
    ("年費300元[3]", "年費300元[1]", (2,)),
    ("購物享九折優惠。[3] 每週一公休。[1]", "購物享九折優惠。[1] 每週一公休。[2]", (2, 0)),
    ("每週一公休[1]，年費300元[3]。", "每週一公休，年費300元。[1][2]", (0, 2)),
    # phrases about the material, labels and lists of sources
    ("根據參考資料，年費300元。[3]", "年費300元。[1]", (2,)),
    ("根據參考資料[3]，年費300元。", "年費300元。[1]", (2,)),
    ("答：年費300元。[3]", "年費300元。[1]", (2,)),
    ("年費300元。[3]\n\n參考資料：[3]", "年費300元。[1]", (2,)),
    ("年費300元。[3]\n來源：\n[3] 會員制度", "年費300元。[1]", (2,)),
    ("<think>嗯…</think>年費300元。[3]", "年費300元。[1]", (2,)),
    ("想一下。</think>年費300元。[3]", "年費300元。[1]", (2,)),
    # pleasantries and sentinels beside an answer
    ("年費300元。[3]如有其他問題，歡迎隨時詢問。", "年費300元。[1]", (2,)),
    ("年費300元。[3]\n無資料", "年費300元。[1]", (2,)),
    ("年費300元。[3]參考資料沒有提到續約費。", "年費300元。[1]參考資料沒有提到續約費。", (2,)),
    # what nothing bears out, after an answer that is borne out
    ("年費300元。[3]歡迎一同探索書寫世界的無窮樂趣與驚喜！", "年費300元。[1]", (2,)),
]


@pytest.mark.parametrize(("answer", "text", "used"), MENDED)
def test_marks_and_manners_are_mended(answer: str, text: str, used: tuple[int, ...]) -> None:
    checked = check(answer, PASSAGES, "會員年費和優惠？", TITLES)
    assert isinstance(checked, Supported), checked
    assert checked.text == text
    assert tuple(index for index, _ in checked.quotes) == used


def test_lists_keep_their_lines() -> None:
    answer = "會員優惠：\n1. 購物享九折優惠[3]\n2. 生日當月獲贈100元購物金[3]\n"
    checked = check(answer, PASSAGES, "會員有什麼優惠？", TITLES)
    assert isinstance(checked, Supported)
    assert "\n1. 購物享九折優惠[1]\n2. 生日當月獲贈100元購物金[1]" in checked.text


def test_the_quote_is_the_sentence_that_says_it() -> None:
    checked = check("鋼筆試寫後不接受退貨。[2]", PASSAGES, "試寫過能退嗎？", TITLES)
    assert isinstance(checked, Supported)
    assert "鋼筆試寫後不接受退貨" in checked.quotes[0][1]
    assert "退款" not in checked.quotes[0][1]


def test_a_quote_from_a_passage_without_stops_is_short() -> None:
    long = "墨水" * 100 + "，年費300元，" + "紙張" * 100
    checked = check("年費300元。", [long], "費用？")
    assert isinstance(checked, Supported)
    (_, quote), *_ = checked.quotes
    assert "年費300元" in quote
    assert len(quote) <= 120


def test_a_cut_answer_loses_its_last_half_sentence() -> None:
    checked = check(
        "年費300元。[3]購物享九折優惠，生日當", PASSAGES, "年費？", TITLES, truncated=True
    )
    assert isinstance(checked, Supported)
    assert checked.text == "年費300元。[1]"


def test_one_cut_sentence_says_that_it_is_cut() -> None:
    checked = check("購物享九折優惠，生日當月", PASSAGES, "優惠？", TITLES, truncated=True)
    assert isinstance(checked, Supported)
    assert checked.text.startswith("購物享九折優惠，生日當月…")


def test_the_clock_is_context() -> None:
    answer = "今天是2026年11月24日星期二，營業到晚上八點。[1]"
    assert isinstance(check(answer, PASSAGES, "今天有開嗎？", TITLES), Refused)
    now = "現在是2026年11月24日 星期二 10:05"
    assert isinstance(check(answer, PASSAGES, "今天有開嗎？", TITLES, context=now), Supported)


def test_without_passages_nothing_is_shown() -> None:
    assert check("年費300元。", [], "年費？") == Refused("citation", "年費300元。")


def test_titles_count_as_text() -> None:
    assert isinstance(check("在「營業資訊」裡。", PASSAGES, "哪裡看？", TITLES), Supported)
    assert isinstance(check("在「營業資訊」裡。", [RETURNS], "哪裡看？"), Refused)


def test_the_threshold_is_a_parameter() -> None:
    answer = "本店的限量墨水值得收藏，寫起來十分滑順，顏色彷彿雨後的街道。[4]"
    assert isinstance(check(answer, PASSAGES, "墨水？", TITLES, threshold=0.9), Refused)
    assert isinstance(check(answer, PASSAGES, "墨水？", TITLES, threshold=0.0), Supported)


@pytest.mark.parametrize(
    ("answer", "passage"),
    [
        ("歐洲", "在歐洲，梵語的學術研究由德國學者開創。"),
        ("1786年2月2日", "1786年2月2日，亞洲協會在加爾各答舉行。"),
        ("梵語", "發現印歐語系，也要歸功於對梵語的研究。"),
        ("紅", "封面是紅色的。"),
        ("不確定性", "資訊減少的是不確定性。"),
        ("答案是瓊·愛麗遜。", "瓊·愛麗遜被稱為銀幕上的好太太。"),
        ("是", "全年開放。"),
        ("可以[1]", "可以刷卡。"),
    ],
)
def test_very_short_answers(answer: str, passage: str) -> None:
    checked = check(answer, ["別的段落。", passage], "是什麼？")
    assert isinstance(checked, Supported)
    if len(answer) > 1 and not answer.startswith("可以"):
        assert checked.quotes[0][0] == 1


@given(st.text(alphabet=st.characters()), st.lists(st.text(alphabet=st.characters()), max_size=3))
@settings(max_examples=150, deadline=None)
def test_never_raises(answer: str, passages: list[str]) -> None:
    checked = check(answer, passages, "問題？")
    if isinstance(checked, Supported):
        assert all(quote in passages[index] for index, quote in checked.quotes)


@given(st.text(alphabet="年費300元十二週一至五上午點分[1]。，、「」·AB5%折第名 \n-:/"))
@settings(max_examples=300, deadline=None)
def test_never_raises_on_what_looks_familiar(answer: str) -> None:
    check(answer, PASSAGES, answer[::-1], TITLES, truncated=True)


@pytest.mark.parametrize("char", ["[", "一", "1", "「", "·", "週一至", "a.", "1,", "根據", "沒有"])
def test_a_repeating_model_costs_little(char: str) -> None:
    """By the processor's clock: the machine may be busy with something else."""
    start = time.process_time()
    check(char * 2000, PASSAGES, "年費？", TITLES)
    assert time.process_time() - start < 3


def test_the_question_said_again_is_no_answer_where_no_passage_speaks_of_it() -> None:
    passage = "付款方式：現金、信用卡、行動支付。"
    echoed = check("信用卡可以分期零利率。[1]", [passage], "信用卡可以分期零利率嗎")
    assert isinstance(echoed, Refused)
    assert isinstance(check("可以。[1]", [passage], "可以停車嗎"), Refused)


def test_a_bare_yes_stands_where_the_passage_speaks_of_what_was_asked() -> None:
    shown = check("可以。[1]", ["購買後七天內可以退貨。"], "可以退貨嗎")
    assert isinstance(shown, Supported)

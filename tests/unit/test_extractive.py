"""The extractive engine quotes word for word, briefly, and what the question asks about."""

from hypothesis import given
from hypothesis import strategies as st

from bot.llm.extractive import MAX_CHARS, Extract, compose
from knowledge.passages import Locator, Passage

HOURS = "門市週二到週日營業，上午十點開門，晚上八點打烊。週一公休。過年期間另行公告。"
RETURNS = "商品七天內可以退貨，請帶發票。拆封的墨水不能退。會員可在三十天內換貨。"


def passage(
    text: str, headings: tuple[str, ...] = (), rows: tuple[int, int] | None = None
) -> Passage:
    return Passage("p", "a.md", "手冊", text, Locator(headings, rows=rows))


def quoted(extract: Extract) -> list[str]:
    return [quote.text for quote in extract.quotes]


def test_the_sentence_that_answers_is_quoted_with_its_mark() -> None:
    extract = compose("拆封的墨水可以退嗎？", [passage(RETURNS)])
    assert extract.text.splitlines()[0] == "拆封的墨水不能退。 [1]"


def test_a_question_in_simplified_script_finds_the_traditional_sentence() -> None:
    assert (
        quoted(compose("会员几天内可以换货？", [passage(RETURNS)]))[0] == "會員可在三十天內換貨。"
    )


def test_the_passage_index_says_where_a_quote_stands() -> None:
    extract = compose("墨水拆封了能退嗎", [passage(HOURS), passage(RETURNS)])
    assert extract.quotes[0].passage == 1
    assert extract.quotes[0].text in RETURNS


def test_a_table_row_is_quoted_whole_and_without_its_bars() -> None:
    table = "| 品名 | 價格 |\n|---|---|\n| 鋼筆 | 1,200 元 |\n| 鉛筆 | 15 元 |\n"
    extract = compose("鉛筆多少錢？", [passage(table)])
    assert extract.quotes[0].text == "鉛筆 | 15 元"


def test_a_row_that_repeats_its_column_names_is_one_sentence() -> None:
    rows = "品名：鋼筆；價格：1,200 元\n品名：鉛筆；價格：15 元\n"
    assert (
        quoted(compose("鉛筆多少錢？", [passage(rows, rows=(2, 3))]))[0]
        == "品名：鉛筆；價格：15 元"
    )


def test_a_heading_leads_to_its_sentence_and_is_not_the_answer_itself() -> None:
    text = "停車資訊\n地下室有十二個車位，消費滿五百元折抵一小時。\n聯絡方式\n電話 02-2345-6789\n"
    assert quoted(compose("停車資訊？", [passage(text)]))[0].startswith("地下室有十二個車位")


def test_the_heading_of_the_passage_counts_as_its_context() -> None:
    passages = [
        passage("每月第一個週六上午十點。", headings=("鋼筆書法課",)),
        passage("週日公休。"),
    ]
    assert quoted(compose("鋼筆書法課什麼時候上？", passages)) == ["每月第一個週六上午十點。"]


def test_when_an_amount_is_asked_the_sentence_with_a_number_wins() -> None:
    text = "運費由顧客負擔，運費恕不退還。運費每件 80 元。"
    assert quoted(compose("運費多少？", [passage(text)]))[0] == "運費每件 80 元。"


def test_a_second_sentence_comes_only_if_it_adds_something() -> None:
    text = "刻字服務每支 50 元。刻字服務每支 50 元起。燙金服務要三個工作天。"
    extract = compose("刻字服務和燙金服務", [passage(text)])
    assert quoted(extract) == ["燙金服務要三個工作天。", "刻字服務每支 50 元。"]
    assert extract.text.endswith("[2]")


def test_what_every_sentence_says_decides_nothing() -> None:
    text = "小日子文具店在台北。小日子文具店賣紙。小日子文具店可以寄海外。"
    assert quoted(compose("小日子文具店寄海外嗎", [passage(text)])) == ["小日子文具店可以寄海外。"]


def test_without_overlap_the_best_passage_speaks_first() -> None:
    assert quoted(compose("zzz", [passage("甲乙。丙丁。"), passage("戊己。")])) == ["甲乙。"]


def test_no_passage_and_blank_passages_give_nothing() -> None:
    assert compose("幾點開門", []) == Extract("", ())
    assert compose("幾點開門", [passage("# 標題\n\n|---|\n")]) == Extract("", ())


def test_a_long_sentence_is_cut_where_the_answer_stands_and_stays_verbatim() -> None:
    text = "本店的歷史很長，" * 40 + "停車場在地下二樓，入口在巷子裡，" + "歡迎再來參觀，" * 40
    (quote,) = compose("停車場在地下幾樓？", [passage(text)]).quotes
    assert "停車場在地下二樓" in quote.text
    assert quote.text in text


@given(
    st.text(max_size=40),
    st.lists(st.text("鋼筆店退貨，。！？\n|# -a1 .", max_size=400), max_size=5),
)
def test_quotes_are_always_verbatim_short_and_numbered(question: str, texts: list[str]) -> None:
    extract = compose(question, [passage(text) for text in texts])
    assert len(extract.text) <= MAX_CHARS
    assert len(extract.quotes) <= 3
    lines = []
    for number, quote in enumerate(extract.quotes, start=1):
        assert quote.text
        assert quote.text in texts[quote.passage]
        lines.append(f"{quote.text} [{number}]")
    assert extract.text == "\n".join(lines)

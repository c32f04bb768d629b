"""Answers on the chat page in a real Chromium, against a scripted assistant behind the real server."""

import statistics
from dataclasses import replace
from typing import Any

import pytest

from bot.messages import Answer, Citation, Finished, TextDelta, Thinking
from tests.support.chat_page import ANSWER, OpenPage, ask, focused, says
from tests.support.fake_assistant import (
    HOURS_QUOTE,
    FakeAssistant,
    FakeReadiness,
    grounded,
    passage,
    spoken,
)

pytestmark = pytest.mark.browser


def test_an_answer_streams_and_its_citation_opens_on_the_quoted_words(open_page: OpenPage) -> None:
    page = open_page(says(Thinking(), TextDelta("平日 10:00 "), 1.0, Finished(ANSWER)))
    page.fill("#question", "幾點開門？")
    page.press("#question", "Enter")
    page.get_by_text("平日 10:00", exact=True).wait_for()
    assert page.locator(".reply").get_attribute("aria-busy") == "true"
    page.locator(".reply.grounded .prose sup button").click()
    panel = page.get_by_role("dialog")
    assert panel.locator("h2").inner_text() == "營業資訊"
    assert "hours.md" in panel.inner_text()
    assert "".join(panel.locator("mark").all_inner_texts()) == HOURS_QUOTE
    assert "國定假日" in panel.inner_text()
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    assert focused(page) == "mark"


def test_characters_are_on_the_page_as_soon_as_they_are_given(open_page: OpenPage) -> None:
    assistant = says(*spoken(grounded("q", "一二三四五六七"), pause=0.15, size=1))
    page = open_page(assistant)
    page.evaluate(
        """() => {
            window.shown = [];
            new MutationObserver(() => {
                const length = document.querySelector('.prose')?.textContent.length ?? 0;
                while (shown.length < length) shown.push(Date.now() / 1000);
            }).observe(document.getElementById('log'), {childList: true, subtree: true});
        }"""
    )
    ask(page)
    delays = [
        shown - given for shown, given in zip(page.evaluate("shown"), assistant.given, strict=True)
    ]
    assert statistics.median(delays) < 0.05


def test_a_quote_inside_a_table_is_marked_in_the_drawn_table(open_page: OpenPage) -> None:
    table = passage("| 品項 | 期限 |\n|---|---|\n| 文具 | 7 天 |\n| 鋼筆 | 14 天 |")
    cited = replace(
        ANSWER, citations=(Citation("價目", "a.xlsx", None, "| 鋼筆 | 14 天 |"),), passages=(table,)
    )
    page = open_page(says(Finished(cited)))
    ask(page).locator(".chip").click()
    assert page.locator(".panel td mark").all_inner_texts() == ["鋼筆", "14 天"]


def test_a_provisional_text_is_replaced_by_the_final_one(open_page: OpenPage) -> None:
    final = Answer("q", "no_data", "無資料：文件裡沒有提到。")
    page = open_page(says(TextDelta("生日是五月一日"), 0.2, Finished(final)))
    reply = ask(page)
    assert reply.locator(".prose").inner_text() == final.text
    assert "五月" not in reply.inner_text()


def test_no_data_looks_calm_and_failure_does_not(open_page: OpenPage) -> None:
    scripts = {
        "沒有": [Finished(Answer("q", "no_data", "無資料。"))],
        "壞了": [Finished(Answer("q", "failed", "向量庫目前無法使用。"))],
        "摘錄": [Finished(replace(ANSWER, outcome="extractive", notice="模型連不上。"))],
    }
    page = open_page(FakeAssistant(scripts))
    looks = {}
    for question in scripts:
        reply = ask(page, question)
        looks[question] = reply.evaluate(
            "n => getComputedStyle(n).background + getComputedStyle(n).border"
        )
        looks[question] += reply.locator(".label").inner_text()
    assert len(set(looks.values())) == 3
    assert "查無資料" in looks["沒有"]
    assert page.get_by_role("button", name="再試一次").count() == 1
    assert page.get_by_text("模型連不上。").is_visible()


EVIL = "<img src=x onerror=alert(1)> [點我](javascript:alert(2)) <script>alert(3)</script>"


def test_markup_in_answers_and_documents_stays_text(open_page: OpenPage) -> None:
    evil = Answer(
        question="q",
        outcome="clarify",
        text=f"{EVIL} [1]\n\n| {EVIL} | b |\n|---|---|\n| `{EVIL}` | d |",
        citations=(Citation(EVIL, "javascript:alert(4)", EVIL, EVIL),),
        passages=(passage(EVIL, title=EVIL, source="javascript:alert(4)"),),
        choices=(EVIL,),
        notice=EVIL,
    )
    page = open_page(says(*spoken(evil)), suggestions=(EVIL,), readiness=FakeReadiness(notice=EVIL))
    reply = ask(page, EVIL)
    reply.locator(".chip").click()
    assert EVIL in page.locator(".asked").inner_text()
    assert page.locator(".panel mark").count() == 1
    assert page.locator("img:not(.brand img)").count() == 0
    assert page.locator("main script, aside script, main a, aside a").count() == 0


def test_only_web_addresses_become_links(open_page: OpenPage) -> None:
    text = "見 https://example.com/a?b=1。 [官網](http://example.com) [檔](file:///etc/passwd) **粗** `碼`"
    page = open_page(says(Finished(Answer("q", "smalltalk", text))))
    reply = ask(page)
    links = reply.locator("a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.rel])")
    rel = "noopener noreferrer"
    assert links == [["https://example.com/a?b=1", rel], ["http://example.com", rel]]
    assert reply.locator("strong").inner_text() == "粗"
    assert reply.locator("code").inner_text() == "碼"


def test_a_crash_is_shown_as_one_sentence(open_page: OpenPage) -> None:
    page = open_page(says(TextDelta("平日"), RuntimeError("hidden")))
    assert "小秘書內部出了錯" in ask(page).inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(open_page: OpenPage, scheme: str) -> None:
    page = open_page(says())
    page.emulate_media(color_scheme=scheme)
    pairs = "ink/paper ink/raised ink/sunk ink/mark ink/accent-wash ink/alarm-wash soft/paper soft/raised soft/sunk "
    pairs += "soft/alarm-wash accent-text/paper accent-text/accent-wash accent-ink/accent alarm/alarm-wash alarm/raised"
    for pair in pairs.split():
        front, back = (_luminance(page, name) for name in pair.split("/"))
        high, low = max(front, back), min(front, back)
        assert (high + 0.05) / (low + 0.05) >= 4.5, pair


def _luminance(page: Any, name: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    value = page.evaluate(
        f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')"
    ).strip()
    parts = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

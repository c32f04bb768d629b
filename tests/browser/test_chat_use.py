"""Using the chat page in a real Chromium: keys, phone, languages, trouble."""

from dataclasses import replace

import pytest

from bot.messages import Answer, Citation, Finished, TextDelta
from tests.support.chat_page import ANSWER, OpenPage, ask, focused, says
from tests.support.fake_assistant import FakeAssistant, FakeReadiness, spoken

pytestmark = pytest.mark.browser


def test_enter_while_composing_does_not_send(open_page: OpenPage) -> None:
    assistant = says()
    page = open_page(assistant)
    page.fill("#question", "ㄋㄧˇㄏㄠˇ")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        page.evaluate(
            "more => document.getElementById('question').dispatchEvent("
            "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, ...more}))",
            composing,
        )
    page.press("#question", "Shift+Enter")
    assert page.locator(".turn").count() == 0
    assert page.input_value("#question") == "ㄋㄧˇㄏㄠˇ\n"
    page.press("#question", "Enter")
    page.locator(".footer").wait_for()
    assert [asked.text for asked in assistant.asked] == ["ㄋㄧˇㄏㄠˇ"]


def test_a_real_input_method_session_does_not_send(open_page: OpenPage) -> None:
    page = open_page(says())
    page.focus("#question")
    keyboard = page.context.new_cdp_session(page)
    keyboard.send(
        "Input.imeSetComposition", {"text": "ㄋㄧˇ", "selectionStart": 3, "selectionEnd": 3}
    )
    # Chromium reports keys that the input method eats with code 229.
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    keyboard.send("Input.insertText", {"text": "你"})
    assert page.input_value("#question") == "你"
    assert page.locator(".turn").count() == 0


def test_english_readers_get_an_english_page_and_can_switch(open_page: OpenPage) -> None:
    page = open_page(says(), locale="en-US", suggestions=("When do you open?",))
    assert page.title() == "Secretary"
    assert page.get_by_label("Your question").is_visible()
    page.get_by_role("button", name="When do you open?").click()
    page.locator(".footer").wait_for()
    page.get_by_role("button", name="中文").click()
    assert page.title() == "小秘書"
    assert page.locator("html").get_attribute("lang") == "zh-TW"
    assert page.get_by_role("button", name="複製").is_visible()
    page.reload()
    assert page.title() == "小秘書"


@pytest.mark.parametrize("opened", [False, True])
def test_a_phone_never_scrolls_sideways(open_page: OpenPage, opened: bool) -> None:
    wide = "| " + " | ".join(f"很長的欄位{i}" for i in range(12)) + " |\n" + "|---" * 12 + "|"
    text = f"{'超長' * 200} {'x' * 500} https://example.com/{'y' * 300} [1]\n\n{wide}\n\n```\n{'z' * 300}\n```"
    cited = replace(
        ANSWER, text=text, citations=(Citation("長" * 90, "s" * 300, "位" * 200, "x" * 80),)
    )
    page = open_page(says(Finished(cited)), phone=True, suggestions=("問" * 80,))
    for measured in ("document.documentElement", "document.getElementById('talk')"):
        assert page.evaluate(f"{measured}.scrollWidth <= {measured}.clientWidth")
    reply = ask(page, "w" * 300)
    if opened:
        reply.locator(".chip").click()
        page.wait_for_timeout(300)
        assert page.locator(".panel").evaluate("n => n.getBoundingClientRect().right <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.getElementById('talk').scrollWidth") == 390


def test_everything_can_be_done_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page(says())
    assert focused(page) == "question"
    page.keyboard.type("幾點開門？")
    page.keyboard.press("Enter")
    page.locator(".footer").wait_for()
    assert focused(page) == "question"
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
        if focused(page) == "chip":
            break
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    assert "close" in focused(page)
    page.keyboard.press("Enter")
    assert focused(page) == "chip"
    assert "平日" in page.locator("#announcer").inner_text()


def test_a_page_opened_too_early_fills_itself_when_the_server_is_ready(open_page: OpenPage) -> None:
    state = FakeReadiness(ready=False)
    page = open_page(says(), readiness=state, suggestions=("今天有開嗎？",))
    page.get_by_text("正在準備知識庫").wait_for()
    assert page.locator("#suggested").is_hidden()
    state.ready = True
    page.get_by_role("button", name="今天有開嗎？").wait_for()
    assert page.locator("#banner").is_hidden()


def test_the_key_is_asked_for_once(open_page: OpenPage) -> None:
    page = open_page(says(), api_keys=("鑰匙",), suggestions=("今天有開嗎？",))
    field = page.get_by_label("金鑰", exact=True)
    field.fill("wrong")
    field.press("Enter")
    page.get_by_text("這個金鑰不對").wait_for()
    field.fill("鑰匙")
    field.press("Enter")
    page.get_by_role("button", name="今天有開嗎？").wait_for()
    ask(page)
    page.reload()
    page.get_by_role("button", name="今天有開嗎？").wait_for()
    assert page.locator("#key").is_hidden()
    # A key that is taken back while the page is open is asked for again, and the question goes on.
    page.evaluate("localStorage.setItem('secretary.key', 'gone')")
    page.fill("#question", "幾點開門？")
    page.press("#question", "Enter")
    page.get_by_text("這個金鑰不對").wait_for()
    field.fill("鑰匙")
    field.press("Enter")
    page.locator(".reply.grounded").wait_for()


def test_stop_ends_the_work_and_gives_the_question_box_back(open_page: OpenPage) -> None:
    assistant = says(TextDelta("平日"), 30.0, Finished(ANSWER))
    page = open_page(assistant)
    page.fill("#question", "幾點開門？")
    page.press("#question", "Enter")
    page.get_by_text("平日").wait_for()
    page.get_by_role("button", name="停止").click()
    page.locator("#log").get_by_text("已停止。").wait_for()
    page.wait_for_timeout(500)
    assert assistant.cancelled.is_set()
    assert page.get_by_role("button", name="送出").is_visible()


def test_seconds_show_when_the_wait_is_long(open_page: OpenPage) -> None:
    page = open_page(says(30.0))
    page.fill("#question", "幾點開門？")
    page.press("#question", "Enter")
    page.get_by_text("正在查…", exact=True).wait_for()
    page.get_by_text("正在查… 4 秒").wait_for()


def test_a_lost_connection_is_said_and_can_be_retried(open_page: OpenPage) -> None:
    page = open_page(says())
    page.context.set_offline(True)
    page.fill("#question", "幾點開門？")
    page.press("#question", "Enter")
    page.locator("#log").get_by_text("連不上小秘書").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="再試一次").click()
    page.locator(".reply.grounded").wait_for()
    assert page.locator(".turn").count() == 1


def test_the_last_turns_go_along_and_a_new_chat_forgets_them(open_page: OpenPage) -> None:
    assistant = says()
    page = open_page(assistant)
    for number in range(8):
        ask(page, f"第 {number} 題")
    assert [turn.question for turn in assistant.asked[-1].history] == [
        f"第 {n} 題" for n in range(1, 7)
    ]
    assert assistant.asked[-1].history[0].answer == ANSWER.text
    page.get_by_role("button", name="新對話").click()
    assert page.get_by_text("想查什麼？").is_visible()
    ask(page, "重新開始")
    assert assistant.asked[-1].history == ()


def test_a_choice_is_asked_when_pressed(open_page: OpenPage) -> None:
    assistant = FakeAssistant(
        {"會員": [Finished(Answer("q", "clarify", "哪一個？", choices=("怎麼加入？",)))]},
        default=spoken(ANSWER),
    )
    page = open_page(assistant)
    ask(page, "會員").get_by_role("button", name="怎麼加入？").click()
    page.locator(".reply.grounded").wait_for()
    assert assistant.asked[-1].text == "怎麼加入？"

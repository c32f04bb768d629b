"""What the browser tests share: scripted answers, asking, and where the focus is."""

from collections.abc import Callable
from typing import Any

from tests.support.fake_assistant import FakeAssistant, Step, grounded, spoken

OpenPage = Callable[..., Any]
"""The fixture in tests/browser/conftest.py."""

ANSWER = grounded("幾點開門？")


def says(*script: Step) -> FakeAssistant:
    return FakeAssistant(default=script or spoken(ANSWER))


def ask(page: Any, text: str = "幾點開門？") -> Any:
    """Asks, waits for the end, and gives the reply."""
    number = page.locator(".turn").count()
    page.fill("#question", text)
    page.press("#question", "Enter")
    reply = page.locator(".turn").nth(number).locator(".reply")
    reply.locator(".footer").wait_for()
    return reply


def focused(page: Any) -> str:
    name: str = page.evaluate("document.activeElement.id || document.activeElement.className")
    return name

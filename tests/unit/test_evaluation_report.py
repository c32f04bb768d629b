"""The HTML report: whole, self-contained and safe."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from bot.evaluation.metrics import Judged, summarize
from bot.evaluation.report import SHOWN_FAILURES, failing, render
from tests.support.judged import answer, judged, line

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WRONG = judged(line("09:00"), answer("<script>alert(1)</script> 10:00 [1]", "grounded", "門市平日"))
REFUSED = judged(line("10:00"), answer("無資料", "no_data"), confidence=0.05)
INVENTED = judged(line(answerable=False), answer("10:00"))


def _page(*cases: Judged) -> str:
    return render(cases, summarize(cases, 0.1), title="q & a.jsonl", made=NOW, model="m")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_well_formed_without_scripts_or_requests() -> None:
    tags = _Tags()
    page = _page(WRONG, REFUSED, INVENTED)
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert tags.links == []
    assert not re.search(r"url\(|@import", page)
    assert tags.seen.count("svg") == 4


def test_what_comes_from_outside_is_escaped() -> None:
    page = _page(WRONG)
    assert "&lt;script&gt;alert(1)" in page
    assert "q &amp; a.jsonl" in page


def test_failures_come_gravest_first_with_their_reasons() -> None:
    rows = failing([REFUSED, WRONG, INVENTED, judged(line("10:00"), answer("10:00"))])
    assert [row.kind for row in rows] == ["false_answer", "wrong_answer", "false_refusal"]
    assert rows[0].expected == "（無資料）"
    assert "信心 0.050" in rows[2].reason
    assert "正確段落第 1 名" in rows[2].reason
    assert rows[1].passage == "門市平日"


def test_a_long_list_says_what_it_left_out() -> None:
    page = _page(*[INVENTED] * (SHOWN_FAILURES + 3))
    assert "另外還有 3 題" in page


def test_it_renders_with_nothing_to_plot() -> None:
    page = _page(judged(line(answerable=False), confidence=None, passages=()))
    assert "—" in page
    assert "沒有可以計算的題目" in page


def test_a_partial_run_says_so() -> None:
    summary = summarize([WRONG], 0.1, partial=True)
    assert "中途停止" in render([WRONG], summary, title="t", made=NOW, model="m")

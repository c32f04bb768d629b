"""Splitting loses nothing and keeps the limit; plain text has no marks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text import plain, split, utf16

WORDS = st.sampled_from(
    ["你好。", "a ", "\n\n", "😀", "👨‍👩‍👧", "超長字", "```\n", "```py\n", "x", "，"]
)


def unfenced(text: str) -> str:
    """What a person reads; fences that are added bring line ends with them."""
    return re.sub(r"```(py)?|\s", "", text)


@given(st.lists(WORDS, max_size=80).map("".join), st.integers(24, 60))
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int) -> None:
    parts = split(text, limit, utf16)
    assert parts
    assert all(utf16(part) <= limit for part in parts)
    assert unfenced("".join(parts)) == unfenced(text)


@given(st.text(alphabet="你好。 \nab", max_size=200), st.integers(2, 40))
def test_without_code_the_parts_are_the_text(text: str, limit: int) -> None:
    assert "".join(split(text, limit)) == text


def test_code_is_closed_and_opened_again() -> None:
    code = "```python\n" + "print(1)\n" * 20 + "```"
    first, *rest = split(code, 100)
    assert first.endswith("\n```")
    assert all(part.startswith("```python\n") for part in rest)
    assert all(part.count("```") % 2 == 0 for part in [first, *rest])


def test_it_is_cut_where_a_sentence_ends() -> None:
    assert split("第一句。第二句很長很長。", 8) == ["第一句。", "第二句很長很長。"]


def test_a_family_is_not_torn_apart() -> None:
    family = "👨‍👩‍👧"
    assert split("好" * 6 + family, 10, utf16)[1] == family


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**重點** 與 `碼`", "重點 與 碼"),
        ("# 標題\n\n內文", "標題\n\n內文"),
        ("- 甲\n- 乙\n  - 丙", "・甲\n・乙\n\u3000・丙"),
        ("3. 丙\n4. 丁", "3. 丙\n4. 丁"),
        ("[官網](https://a.example)", "官網（https://a.example）"),
        ("<https://a.example>", "https://a.example"),
        ("| 品名 | 價 |\n|---|---|\n| 筆 | 20 |", "品名\u3000價\u3000\n筆\u300020"),
        ("```\ncode\n```", "code"),
        ("一行\n兩行", "一行\n兩行"),
        ("2*3*4 = 24", "2*3*4 = 24"),
    ],
)
def test_plain(markdown: str, text: str) -> None:
    assert plain(markdown) == text

"""Sentences, chunks and windows: nothing lost, nothing cut that need not be."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.chunking import ChunkSettings, chunk
from knowledge.passages import Block, Chunk, Document
from knowledge.sentences import fit, sentences

DEFAULT = ChunkSettings()


def chunks(*blocks: Block, settings: ChunkSettings = DEFAULT) -> list[Chunk]:
    return chunk(Document("a.md", "a", blocks, ""), settings)


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "parts",
    [
        ["他說：「好。」", "走了！？", "真的嗎?", "是的；", "（完。）", "句"],
        ["Pi is 3.14. ", "See http://a.b/?q=1;x=2 now. ", "OK? ", "Yes."],
        [
            "Mr. Smith came at 10:00 p.m. on the 5th. ",
            "No. 5 e.g. this. ",
            'He said "stop." ',
            "End",
        ],
        ["1. 第一項\n", "2. 第二項\n", "J. K. Rowling wrote. ", "版本 3.11 好。"],
        ["甲\n\n", "乙"],
    ],
)
def test_sentence_boundaries(parts: list[str]) -> None:
    assert sentences("".join(parts)) == parts


@given(st.text(alphabet="甲乙a1 .。！?；;,，\n」\"'（)", max_size=200))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(st.text(alphabet="甲乙ab1 .。，,\n」", max_size=300), st.integers(1, 40))
def test_fit_keeps_everything_within_size(text: str, size: int) -> None:
    pieces = fit(text, size)
    assert "".join(pieces) == text
    assert all(len(piece.rstrip()) <= size for piece in pieces)


def test_fit_cuts_at_commas_before_it_cuts_words() -> None:
    assert fit("甲乙丙，丁戊己，庚辛，壬", 8) == ["甲乙丙，丁戊己，", "庚辛，壬"]
    assert fit("one two three four", 9) == ["one two ", "three ", "four"]
    assert fit("付2,800元，謝", 8) == ["付2,800元，", "謝"]


_blocks = st.lists(
    st.builds(
        Block,
        st.text(alphabet="一二三四ab1 .。！，；\n」`", max_size=150),
        headings=st.sampled_from([(), ("甲",), ("甲", "子"), ("甲", "丑"), ("乙",)]),
        page=st.sampled_from([None, 1, 2]),
        row=st.sampled_from([None, None, 1, 2, 3]),
    ),
    max_size=12,
)
_sizes = st.builds(
    ChunkSettings,
    size=st.integers(5, 120),
    overlap=st.just(0),
    window=st.integers(5, 60),
    small=st.just(0),
)


@given(_blocks, _sizes)
@settings(max_examples=300)
def test_without_overlap_the_chunks_are_the_text(blocks: list[Block], sizes: ChunkSettings) -> None:
    made = chunks(*blocks, settings=sizes)
    assert squeezed("".join(c.text for c in made)) == squeezed("".join(b.text for b in blocks))


@given(_blocks, _sizes, st.integers(1, 60))
@settings(max_examples=300)
def test_limits_hold_and_windows_cover(
    blocks: list[Block], sizes: ChunkSettings, over: int
) -> None:
    sizes = ChunkSettings(sizes.size, over, sizes.window, 20)
    text = squeezed("".join(b.text for b in blocks))
    made = chunks(*blocks, settings=sizes)
    for piece in made:
        assert piece.text
        assert len(piece.text) <= sizes.size
        assert piece.windows
        assert all(window and len(window) <= sizes.window for window in piece.windows)
        assert _covers([squeezed(w) for w in piece.windows], squeezed(piece.text))
    assert set(text) <= {c for piece in made for c in piece.text}


def _covers(parts: list[str], text: str) -> bool:
    """Each part begins at or before the end of the one before, and the last reaches the end."""
    end = 0
    for part in parts:
        starts = [i for i in range(end + 1) if text.startswith(part, i) and i + len(part) >= end]
        if not starts:
            return False
        end = max(starts) + len(part)
    return end == len(text)


SENTENCES = [
    f"這是第{n}句話，內容大約有三十個字那麼長，用來測試切塊的行為是否正確。" for n in range(30)
]


def test_chunks_are_whole_sentences_and_repeat_the_last_one() -> None:
    made = chunks(Block("".join(SENTENCES)))
    assert len(made) > 2
    for before, after in pairwise(made):
        assert before.text.endswith("。")
        assert len(before.text) > 250
        repeated = sentences(before.text)[-1]
        assert after.text.startswith(repeated)


def test_windows_are_whole_sentences_with_one_repeated() -> None:
    piece = chunks(Block("".join(SENTENCES[:8])))[0]
    assert len(piece.windows) >= 2
    for before, after in pairwise(piece.windows):
        assert before.endswith("。")
        assert after.startswith(sentences(before)[-1])


def test_short_chunk_is_its_own_window() -> None:
    assert chunks(Block("短句。"))[0].windows == ("短句。",)


def test_blocks_under_one_heading_share_chunks_and_others_do_not() -> None:
    long = "內容。" * 20
    made = chunks(Block(long, ("甲",)), Block("再來。", ("甲",)), Block(long, ("乙",)))
    assert [(c.locator.headings, c.text) for c in made] == [
        (("甲",), f"{long}\n再來。"),
        (("乙",), long),
    ]


def test_tiny_siblings_share_a_chunk_that_names_them() -> None:
    made = chunks(
        Block("02-1", ("門市", "台北")), Block("04-2", ("門市", "台中")), Block("別的", ("其他",))
    )
    assert [(c.locator.headings, c.text) for c in made] == [
        (("門市",), "台北\n02-1\n台中\n04-2"),
        (("其他",), "別的"),
    ]


def test_tiny_top_level_sections_keep_their_headings_too() -> None:
    made = chunks(Block("一", ("甲",)), Block("二", ("乙",)), Block("三", ("乙", "子")))
    assert [(c.locator.headings, c.text) for c in made] == [
        ((), "甲\n一\n乙\n二"),
        (("乙", "子"), "三"),
    ]


def test_rows_are_not_cut_nor_repeated_and_are_located() -> None:
    rows = [
        Block(f"品名：筆{n}；單價：{n}；說明：" + "好" * 60, sheet="價目", row=n)
        for n in range(2, 12)
    ]
    made = chunks(*rows)
    assert [c.locator.rows for c in made] == [(2, 5), (6, 9), (10, 11)]
    assert all(c.locator.sheet == "價目" for c in made)
    assert "\n".join(c.text for c in made) == "\n".join(b.text for b in rows)


def test_second_table_begins_a_chunk() -> None:
    made = chunks(Block("甲", row=1), Block("乙", row=2), Block("丙", row=1))
    assert [c.locator.rows for c in made] == [(1, 2), (1, 1)]


def test_chunk_is_on_the_page_of_its_first_new_sentence() -> None:
    one, two = "".join(SENTENCES[:9]), "".join(SENTENCES[9:16])
    made = chunks(Block(one, page=1), Block(two, page=2))
    assert [c.locator.page for c in made] == [1, 1, 2]


def test_code_stays_together() -> None:
    code = "```\n" + "x = 1; y = 2\n" * 18 + "```"
    made = chunks(Block("".join(SENTENCES[:6])), Block(code))
    assert made[-1].text.endswith(code)


def test_two_megabytes_take_well_under_two_seconds() -> None:
    block = Block("".join(SENTENCES) * 700)
    assert len(block.text.encode()) > 2_000_000
    start = time.process_time()
    chunks(block)
    assert time.process_time() - start < 2

"""Lessons as training data: ShareGPT and Alpaca, as LLaMA-Factory reads them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bot import prompts
from bot.learning.lessons import Lesson
from bot.learning.masking import Mask

SHAREGPT: Final = "secretary_sharegpt"
ALPACA: Final = "secretary_alpaca"
INFO: Final = "dataset_info.json"

Row = dict[str, Any]


def write(lessons: Sequence[Lesson], theirs: Mask, ours: Mask, folder: Path) -> list[Path]:
    """The three files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    clean = [_clean(lesson, theirs, ours) for lesson in lessons]
    files = {
        f"{SHAREGPT}.jsonl": _lines(map(_sharegpt, clean)),
        f"{ALPACA}.jsonl": _lines(map(_alpaca, clean)),
        INFO: json.dumps(_info(), ensure_ascii=False, indent=2) + "\n",
    }
    for name, content in files.items():
        part = folder / f".{name}.part"
        part.write_text(content, encoding="utf-8")
        part.replace(folder / name)
    return [folder / name for name in files]


def _lines(rows: Iterator[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _clean(lesson: Lesson, theirs: Mask, ours: Mask) -> Row:
    before = lesson.before
    return {
        "question": theirs(lesson.question),
        "answer": ours(lesson.answer),
        "references": [(one.title, ours(one.quote)) for one in lesson.citations],
        "before": None if before is None else (theirs(before.question), ours(before.answer)),
    }


def _sharegpt(row: Row) -> Row:
    said = [] if row["before"] is None else [("human", row["before"][0]), ("gpt", row["before"][1])]
    said += [("human", _asked(row)), ("gpt", row["answer"])]
    turns = [{"from": who, "value": text} for who, text in said]
    return {"system": _system(row), "conversations": turns}


def _alpaca(row: Row) -> Row:
    return {
        "instruction": row["question"],
        "input": _references(row),
        "output": row["answer"],
        "system": _system(row),
        "history": [] if row["before"] is None else [list(row["before"])],
    }


def _system(row: Row) -> str:
    """The rules of the real prompt, where there is something that they are about."""
    return prompts.SYSTEM if row["references"] else ""


def _asked(row: Row) -> str:
    references = _references(row)
    return f"{references}\n\n問題：{row['question']}" if references else str(row["question"])


def _references(row: Row) -> str:
    """What the answer cites, laid out and numbered as in the real prompt."""
    listed = (f"[{n}] {title}\n{quote}" for n, (title, quote) in enumerate(row["references"], 1))
    body = "\n".join(listed)
    return f"參考資料：\n{body}" if body else ""


def _info() -> Row:
    return {
        SHAREGPT: {
            "file_name": f"{SHAREGPT}.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system"},
            "tags": {
                "role_tag": "from", "content_tag": "value", "user_tag": "human",
                "assistant_tag": "gpt",
            },
        },
        ALPACA: {
            "file_name": f"{ALPACA}.jsonl",
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction", "query": "input", "response": "output",
                "system": "system", "history": "history",
            },
        },
    }  # fmt: skip

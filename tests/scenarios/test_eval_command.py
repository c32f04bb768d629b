"""`secretary eval` as a program, on a small folder and a scripted model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.llm_server import Reply, ScriptedLLM

DOCUMENTS = {
    "營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門，晚上九點打烊。\n",
    "退貨.md": "# 退貨辦法\n\n葉脈文具的網路訂單可以在收到後七天內退貨，運費由本店負擔。\n",
    "會員.md": "# 會員制度\n\n葉脈文具金葉卡會員全店九折，生日當月另有禮券二百元。\n",
}
HOURS = {
    "id": "h",
    "question": "葉脈文具台北店平日幾點開門？",
    "answers": ["10:00", "十點"],
    "answerable": True,
    "source": "營業.md",
}
RETURNS = {
    "id": "r",
    "question": "葉脈文具網路訂單收到後幾天內可以退貨？",
    "answers": ["7 天", "七天"],
    "answerable": True,
    "source": "退貨.md",
}
WEATHER = {"id": "w", "question": "火星軌道傾角測量誤差", "answers": [], "answerable": False}
KEYS = ["n", "hit@1", "hit@3", "hit@5", "mrr", "answer_accuracy", "refusal_precision",
        "refusal_recall", "citation_validity", "latency_ms"]  # fmt: skip


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the documents are ingested, without vectors."""
    folder = tmp_path_factory.mktemp("eval")
    (folder / "docs").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    done = _run(folder, "ingest", "docs")
    assert done.returncode == 0, done.stderr
    return folder


def _environment(base_url: str | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    model = {"LLM_BASE_URL": base_url} if base_url else {"LLM_ENGINE": "none"}
    return kept | {"EMBEDDING_ENGINE": "none", "DATA_DIR": "data"} | model


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "adapters.cli.main", *arguments]


def _run(
    folder: Path, *arguments: str, base_url: str | None = None
) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        _command(*arguments), cwd=folder, env={**_environment(base_url), "PYTHONPATH": root},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _questions(folder: Path, *rows: dict[str, Any] | str) -> str:
    path = folder / f"{time.monotonic_ns()}.jsonl"
    texts = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return str(path)


def test_it_measures_answers_refusals_and_citations(home: Path, llm: ScriptedLLM) -> None:
    llm.answer = lambda body: "葉脈文具台北店平日 10:00 開門 [1]。"
    file = _questions(home, HOURS, WEATHER)
    done = _run(home, "eval", file, "--json", "--report", "out/r.html", base_url=llm.base_url)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert list(summary)[: len(KEYS)] == KEYS
    assert (summary["n"], summary["hit@1"], summary["answer_accuracy"]) == (2, 1, 1)
    assert (summary["refusal_precision"], summary["refusal_recall"]) == (1, 1)
    assert summary["citation_validity"] == 1
    assert summary["latency_ms"]["p50"] > 0
    assert len(llm.chats) == 1
    assert "小秘書評測報告" in (home / "out" / "r.html").read_text(encoding="utf-8")


def test_every_answer_can_be_kept_with_what_was_thought_of_it(home: Path, llm: ScriptedLLM) -> None:
    llm.answer = lambda body: "葉脈文具台北店平日 10:00 開門 [1]。"
    file = _questions(home, HOURS, WEATHER)
    done = _run(home, "eval", file, "--json", "--answers", "out/a.jsonl", base_url=llm.base_url)
    assert done.returncode == 0, done.stderr
    lines = (home / "out" / "a.jsonl").read_text("utf-8").splitlines()
    hours, weather = sorted(map(json.loads, lines), key=lambda line: line["id"])
    assert (hours["id"], hours["outcome"], hours["mistake"]) == ("h", "grounded", None)
    assert (hours["rank"], hours["citations_valid"]) == (1, [True])
    assert (weather["outcome"], weather["answerable"], weather["reason"]) == (
        "no_data",
        False,
        "gate",
    )


def test_answers_that_cannot_be_kept_are_said_before_the_work(home: Path, llm: ScriptedLLM) -> None:
    (home / "full").write_text("", encoding="utf-8")
    file = _questions(home, HOURS)
    done = _run(home, "eval", file, "--answers", "full/a.jsonl", base_url=llm.base_url)
    assert (done.returncode, done.stdout, llm.chats) == (1, "", [])
    assert "full/a.jsonl" in done.stderr


def test_retrieval_only_needs_no_model(home: Path, llm: ScriptedLLM) -> None:
    file = _questions(home, HOURS, RETURNS)
    done = _run(home, "eval", file, "--retrieval-only", "--json", base_url=llm.base_url)
    summary = json.loads(done.stdout)
    assert (summary["hit@3"], summary["mode"], summary["answer_accuracy"]) == (1, "retrieval", None)
    assert llm.chats == []


def test_for_people_it_prints_a_table(home: Path) -> None:
    done = _run(home, "eval", _questions(home, HOURS, RETURNS), "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["n", "1"]
    assert "refusal_recall" in done.stdout


@pytest.mark.parametrize(
    ("rows", "words"), [(("{",), ("第 1 行", "JSON")), (({**HOURS, "answers": 3},), ("answers",)), (("",), ("沒有可用的題目",))]
)  # fmt: skip
def test_a_bad_file_is_one_sentence(
    home: Path, rows: tuple[dict[str, Any] | str, ...], words: tuple[str, ...]
) -> None:
    done = _run(home, "eval", _questions(home, *rows), "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(word in done.stderr for word in words)


def test_a_report_that_cannot_be_written_still_gives_the_figures(home: Path) -> None:
    (home / "taken").write_text("", encoding="utf-8")
    done = _run(home, "eval", _questions(home, HOURS), "--json", "--report", "taken/r.html")
    assert done.returncode == 1
    assert json.loads(done.stdout)["n"] == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_interruption_keeps_what_is_done(home: Path, llm: ScriptedLLM) -> None:
    llm.queue("平日 10:00 開門 [1]。", Reply("等很久", stall_after=0))
    file = _questions(home, HOURS, RETURNS)
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        _command("eval", file, "--json", "--concurrency", "1"), cwd=home, text=True,
        env={**_environment(llm.base_url), "PYTHONPATH": root},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(llm.chats) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    summary = json.loads(out)
    assert (summary["n"], summary["partial"], process.returncode) == (1, True, 130)
    assert "Traceback" not in err

"""`secretary model explain` as its users meet it."""

from pathlib import Path

from tests.support.program import Home

LOG = Path(__file__).parents[1] / "payloads" / "logs" / "finetune-killed.log"


def test_the_cause_and_the_mend_are_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    done = home("model", "explain", str(LOG))
    assert done.code == 0
    first, where, also, *_ = done.out.splitlines()
    assert "主機記憶體" in first
    assert "89.4 GiB" in first
    assert where.strip().startswith("第 8 行")
    assert also == "另外看到："


def test_json_is_one_line(tmp_path: Path) -> None:
    done = Home(tmp_path)("model", "explain", str(LOG), "--json", BOT_LANGUAGE="en")
    first = done.json["findings"][0]
    assert first["code"] == "explain.killed_needs"
    assert first["cause"] is True
    assert "host memory" in first["message"]


def test_a_missing_log_is_one_sentence(tmp_path: Path) -> None:
    done = Home(tmp_path)("model", "explain", "gone.log")
    assert done.code == 1
    assert "gone.log" in done.sentence

"""`secretary model check` as its users meet it: files here, a hub on loopback, an nvidia-smi."""

import json
import os
from pathlib import Path

import pytest

from tests.support import model_files
from tests.support.model_files import QWEN7, Hub, published
from tests.support.program import Home

NAME = "someone/Qwen2.5-7B-Instruct"
FILES = published(NAME, QWEN7, {"model-1.safetensors": 15_231_271_888, "original/x.bin": 9})
CARD = "0, NVIDIA GeForce RTX 3090, 24576, 24110, 550.54, 8.6"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def with_card(tmp_path: Path, *rows: str, code: int = 0) -> str:
    folder = model_files.nvidia_smi(tmp_path / "bin", *rows, code=code)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_without_a_model_the_machine_and_the_table_are_shown(home: Home, tmp_path: Path) -> None:
    done = home("model", "check", PATH=with_card(tmp_path, CARD))
    assert done.code == 0
    assert (
        "RTX 3090，可用 23.5 GiB／24.0 GiB，運算能力 8.6，驅動 550.54（CUDA 到 12.4）" in done.out
    )
    assert "  24 GiB  taide/Llama-3.1-TAIDE-LX-8B-Chat\n" in done.out
    assert "\n對話（以臺灣語料訓練）\n" in done.out
    told = home("model", "check", "--json", BOT_LANGUAGE="en").json
    assert [row["memory_gib"] for row in told["recommended"]][:3] == [0, 8, 12]
    assert all(row["source"] for row in told["recommended"])


def test_a_model_on_the_hub_is_judged_before_it_is_fetched(home: Home, tmp_path: Path) -> None:
    with Hub(FILES) as hub:
        done = home(
            "model", "check", NAME, "--json", "--context", "4096", "--concurrency", "2",
            HF_ENDPOINT=hub.url, HF_TOKEN="hf_secret", PATH=with_card(tmp_path, CARD),
        )  # fmt: skip
    assert done.code == 0
    assert done.json["model"] == {
        "name": NAME,
        "form": "hub",
        "kind": "qwen2",
        "parameters": 7_615_616_512,
        "dtype": "bfloat16",
        "weights_bytes": 15_231_271_888,
        "kv_bytes_per_token": 57_344,
        "context": 32768,
        "chat_template": True,
    }
    codes = {check["code"]: check["state"] for check in done.json["checks"]}
    assert codes["check.fits"] == "ok"
    assert codes["check.disk"] == "ok"
    assert set(hub.seen) == {"Bearer hf_secret"}
    assert "hf_secret" not in done.out + done.err


def test_a_mirror_that_tells_no_sizes_is_asked_for_the_index(home: Home, tmp_path: Path) -> None:
    unknown = {**QWEN7, "model_type": "brandnew"}
    files = published(NAME, unknown, {"model-1.safetensors": 0})
    index = json.dumps({"metadata": {"total_size": 15_231_233_024}})
    files[f"/{NAME}/resolve/main/model.safetensors.index.json"] = index
    with Hub(files) as hub:
        done = home("model", "check", NAME, HF_ENDPOINT=hub.url, PATH=with_card(tmp_path, CARD))
    assert "權重 14.2 GiB" in done.out
    assert "照索引檔寫的總和" in done.out
    assert "參數個數這裡不會算" in done.out


def test_a_model_that_is_too_big_ends_with_one_and_says_what_would_fit(
    home: Home, tmp_path: Path
) -> None:
    small = "0, NVIDIA T4, 15360, 15100, 550.54, 7.5"
    with Hub(FILES) as hub:
        done = home("model", "check", NAME, HF_ENDPOINT=hub.url, PATH=with_card(tmp_path, small))
    assert done.code == 1
    assert "✘ 放不下" in done.out
    assert "！ 這樣就放得下：換成 8 位元量化的版本" in done.out
    assert "沒有 bfloat16" in done.out


@pytest.mark.parametrize(
    ("status", "words"), [(401, "同意授權"), (404, "沒有「"), (500, "連不上模型中心")]
)
def test_a_hub_that_refuses_is_one_sentence(home: Home, status: int, words: str) -> None:
    with Hub(FILES) as hub:
        hub.status["/api/"] = status
        done = home("model", "check", NAME, HF_ENDPOINT=hub.url)
    assert done.code == 1
    assert words in done.sentence


def test_a_hub_that_is_away_is_one_sentence(home: Home) -> None:
    done = home("model", "check", NAME, HF_ENDPOINT="http://127.0.0.1:9")
    assert done.code == 1
    assert "http://127.0.0.1:9" in done.sentence


def test_a_gguf_repository_names_its_files(home: Home) -> None:
    card = {"siblings": [{"rfilename": "a-Q4_K_M.gguf", "size": 5}, {"rfilename": "README.md"}]}
    with Hub({"/api/models/a/b-GGUF": json.dumps(card)}) as hub:
        done = home("model", "check", "a/b-GGUF", HF_ENDPOINT=hub.url)
    assert "a-Q4_K_M.gguf" in done.sentence


def test_what_the_cache_holds_needs_no_hub(home: Home, tmp_path: Path) -> None:
    kept = tmp_path / "hf" / "hub" / "models--someone--Qwen2.5-7B-Instruct" / "snapshots" / "1"
    model_files.folder(kept, QWEN7)
    done = home(
        "model", "check", NAME, "--json",
        HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path / "hf"),
    )  # fmt: skip
    assert done.json["model"]["form"] == "folder"


@pytest.mark.parametrize("name", ["no-such-folder", "./gone/model.gguf", "a/b/c"])
def test_what_is_neither_here_nor_a_name_is_one_sentence(home: Home, name: str) -> None:
    done = home("model", "check", name)
    assert done.code == 1
    assert name in done.sentence


def test_a_broken_driver_is_told(home: Home, tmp_path: Path) -> None:
    text = "Failed to initialize NVML: Driver/library version mismatch"
    done = home("model", "check", PATH=with_card(tmp_path, text, code=18))
    assert done.code == 1
    assert "Driver/library version mismatch" in done.out

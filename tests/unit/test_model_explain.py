"""Every line of the table of causes, on what the libraries print."""

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.model.explain import explain, explain_file
from bot.model.rules import RULES
from bot.phrases import say

KILLED = Path(__file__).parents[1] / "payloads" / "logs" / "finetune-killed.log"

CASES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "explain.gpu_memory",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total "
        "capacity of 23.69 GiB of which 1.12 GiB is free. Process 3 has 22.56 GiB memory in use.",
        {"gpu": "0", "size": "2.32 GiB", "total": "23.69 GiB", "free": "1.12 GiB"},
    ),
    (
        "explain.gpu_memory",
        "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 1; 10.76 GiB total "
        "capacity; 9.71 GiB already allocated; 14.56 MiB free; 9.90 GiB reserved in total)",
        {"gpu": "1", "size": "20.00 MiB", "total": "10.76 GiB", "free": "14.56 MiB"},
    ),
    (
        "explain.gpu_memory_bare",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: "
        "cudaMalloc failed: out of memory",
        {"size": "4096.00 MiB"},
    ),
    (
        "explain.gpu_taken",
        "ValueError: Free memory on device (5.21/23.69 GiB) on startup is less than desired GPU "
        "memory utilization (0.9, 21.32 GiB). Decrease GPU memory utilization",
        {"free": "5.21", "total": "23.69", "wanted": "21.32"},
    ),
    (
        "explain.kv_cache",
        "ValueError: The model's max seq len (32768) is larger than the maximum number of tokens "
        "that can be stored in KV cache (11952). Try increasing `gpu_memory_utilization`",
        {"wanted": "32768", "possible": "11952"},
    ),
    (
        "explain.kv_cache",
        "ValueError: To serve at least one request with the models's max seq len (40960), (5.62 "
        "GiB KV cache is needed, which is larger than the available KV cache memory (2.10 GiB). "
        "Based on the available memory, the estimated maximum model length is 15264.",
        {"wanted": "40960", "possible": "15264"},
    ),
    ("explain.kv_none", "ValueError: No available memory for the cache blocks. Try", {}),
    (
        "explain.host_allocation",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't "
        "allocate memory: you tried to allocate 90177536000 bytes. Error code 12",
        {"size": "84.0 GiB"},
    ),
    (
        "explain.shared_memory",
        "RuntimeError: DataLoader worker (pid 77) is killed by signal: Bus error. It is possible "
        "that dataloader's workers are out of shared memory: insufficient shared memory (shm)",
        {},
    ),
    (
        "explain.bfloat16",
        "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. "
        "Your Tesla T4 GPU has compute capability 7.5. You can use float16 instead",
        {"gpu": "Tesla T4", "capability": "7.5"},
    ),
    ("explain.flash_gpu", "RuntimeError: FlashAttention only supports Ampere GPUs or newer.", {}),
    (
        "explain.no_kernel",
        "NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current "
        "PyTorch installation.",
        {"capability": "sm_120"},
    ),
    (
        "explain.no_kernel_bare",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        {},
    ),
    (
        "explain.cuda_mismatch",
        "RuntimeError: The detected CUDA version (12.4) mismatches the version that was used to "
        "compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
        {"found": "12.4", "built": "11.8"},
    ),
    (
        "explain.driver_old",
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
        {},
    ),
    ("explain.driver_mismatch", "Failed to initialize NVML: Driver/library version mismatch", {}),
    ("explain.torch_cpu", "AssertionError: Torch not compiled with CUDA enabled", {}),
    ("explain.no_gpu", "RuntimeError: Failed to infer device type, please set VLLM_LOGGING", {}),
    ("explain.bitsandbytes", "The installed version of bitsandbytes was compiled without GPU support.", {}),
    ("explain.cuda_home", "OSError: CUDA_HOME environment variable is not set. Please set it", {}),
    (
        "explain.extension_build",
        "RuntimeError: Error building extension 'fused_adam'",
        {"extension": "fused_adam"},
    ),
    (
        "explain.nccl",
        "torch.distributed.DistBackendError: ncclSystemError: System call failed",
        {"error": "ncclSystemError"},
    ),
    (
        "explain.symbol",
        "ImportError: /x/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c1",
        {"library": "flash_attn_2_cuda.cpython-310-x86_64-linux-gnu"},
    ),
    ("explain.torch_1", "Disabling PyTorch because PyTorch >= 2.1 is required but found 1.13.1", {}),
    ("explain.torch_1", "AttributeError: module 'torch' has no attribute 'compile'", {}),
    (
        "explain.no_chat_method",
        "AttributeError: 'Qwen2ForCausalLM' object has no attribute 'chat'",
        {"model": "Qwen2ForCausalLM"},
    ),
    (
        "explain.remote_code_old",
        "TypeError: ChatGLMTokenizer._pad() got an unexpected keyword argument 'padding_side'",
        {},
    ),
    ("explain.flash_missing", "ModuleNotFoundError: No module named 'flash_attn'", {}),
    (
        "explain.module",
        "ModuleNotFoundError: No module named 'yaml'",
        {"module": "yaml", "package": "pyyaml"},
    ),
    (
        "explain.module",
        "ValueError: Using a `device_map` requires `accelerate`. You can install it with `pip "
        "install accelerate`",
        {"module": "accelerate", "package": "accelerate"},
    ),
    (
        "explain.no_chat_template",
        "ValueError: Cannot use chat template functions because tokenizer.chat_template is not set",
        {},
    ),
    (
        "explain.architecture",
        "llama_model_load: error loading model: error loading model architecture: unknown model "
        "architecture: 'qwen3next'",
        {"name": "qwen3next"},
    ),
    (
        "explain.architecture",
        "ValueError: The checkpoint you are trying to load has model type `qwen3` but Transformers "
        "does not recognize this architecture.",
        {"name": "qwen3"},
    ),
    (
        "explain.remote_code",
        "ValueError: Loading THUDM/chatglm3-6b requires you to execute the configuration file in "
        "that repo on your local machine.",
        {},
    ),
    (
        "explain.gated",
        "OSError: You are trying to access a gated repo. 401 Client Error. Access to model "
        "google/gemma-2-9b-it is restricted.",
        {},
    ),
    (
        "explain.model_missing",
        "OSError: Qwen/Qwen9-Instruct is not a local folder and is not a valid model identifier "
        "listed on the hub",
        {"model": "Qwen/Qwen9-Instruct"},
    ),
    (
        "explain.hub_unreachable",
        "OSError: We couldn't connect to 'https://huggingface.co' to load this file",
        {},
    ),
    (
        "explain.weights_damaged",
        "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge",
        {},
    ),
    ("explain.tokenizer", "ValueError: Tokenizer class Qwen2Tokenizer does not exist", {}),
    (
        "explain.dataset",
        "ValueError: Undefined dataset my_shop in dataset_info.json.",
        {"name": "my_shop"},
    ),
    (
        "explain.overflow",
        "Exception: Current loss scale already at minimum - cannot decrease scale anymore.",
        {},
    ),
    ("explain.port", "OSError: [Errno 98] Address already in use", {}),
    ("explain.disk", "OSError: [Errno 28] No space left on device", {}),
    ("explain.killed", "torch.distributed.elastic: failed (exitcode: -9) local_rank: 0", {}),
    (
        "explain.killed_needs",
        "trainable params: 20,185,088 || all params: 7,635,801,600 || trainable%: 0.26\n"
        "main.py --model Qwen/Qwen2.5-7B-Instruct --bf16\nroot: line 3: 77 Killed",
        {
            "model": "Qwen2.5-7B-Instruct",
            "parameters": "7.64 B",
            "how": "bfloat16, LoRA",
            "needed": "14.2 GiB",
            "buffers": "14.2 GiB",
        },
    ),
    ("explain.crashed", "Fatal Python error: Segmentation fault", {}),
)  # fmt: skip


@pytest.mark.parametrize(("code", "log", "detail"), CASES)
def test_a_known_failure_is_named_with_its_figures(
    code: str, log: str, detail: dict[str, str]
) -> None:
    first = explain(f"INFO starting\n{log}\nINFO shutting down\n")[0]
    assert (first.code, first.detail) == (code, detail)
    assert first.line is not None
    for language in ("zh-TW", "en"):
        assert "?" not in say(first.code, language, **first.detail)


def test_every_rule_has_its_case() -> None:
    told = {code for code, _, _ in CASES} | {found.code for found in explain_file(KILLED)}
    told |= {"explain.flash_capability"}
    assert {rule.code for rule in RULES} <= told


def test_a_killed_full_fine_tuning_is_told_what_it_needed() -> None:
    """6 B parameters, DeepSpeed's stage 2 with the optimiser on the host: 16 bytes each, half as
    much again for buffers; what FlashAttention said on the way comes after the cause."""
    found = explain_file(KILLED)
    assert [finding.code for finding in found] == [
        "explain.killed_needs",
        "explain.flash_capability",
        "explain.flash_dtype",
        "explain.flash_cpu",
    ]
    assert found[0].detail == {
        "model": "Yi-6B-Chat",
        "parameters": "6.00 B",
        "how": "float32, full fine-tuning, Adam, ZeRO-2, CPU offload",
        "needed": "89.4 GiB",
        "buffers": "134.1 GiB",
    }
    assert found[0].line == 8
    assert "return code = -9" in found[0].quote
    assert found[1].detail == {"capability": "6.1"}
    assert [finding.is_cause for finding in found] == [True, False, False, False]


def test_an_error_with_sizes_stands_above_the_kill_that_follows() -> None:
    log = f"{CASES[0][1]}\nfailed (exitcode: -9)\n"
    assert [found.code for found in explain(log)] == ["explain.gpu_memory", "explain.killed"]


def test_the_last_of_several_starts_counts() -> None:
    kv = CASES[4][1]
    assert explain(f"{kv.replace('32768', '131072')}\nagain\n{kv}")[0].detail["wanted"] == "32768"


def test_progress_bars_and_colours_do_not_hide_the_error() -> None:
    log = "Loading:  0%\rLoading: 50%\r\x1b[31mOSError: [Errno 28] No space\x1b[0m left on device"
    assert explain(log)[0].code == "explain.disk"


@pytest.mark.parametrize(
    ("log", "code", "line"),
    [
        ("ok\nZorkError: gizmo 7 inverted\nbye", "explain.unknown", "ZorkError: gizmo 7 inverted"),
        ("loading\nstill loading", "explain.no_error", "still loading"),
    ],
)
def test_what_is_unknown_is_said_to_be_and_quoted(log: str, code: str, line: str) -> None:
    (found,) = explain(log)
    assert (found.code, found.detail) == (code, {"line": line})


def test_an_empty_log_says_nothing() -> None:
    assert [found.code for found in explain(" \n\n")] == ["explain.empty"]


def test_a_log_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        explain_file(tmp_path / "none.log")
    assert caught.value.code == "explain.unreadable"


def test_the_end_of_a_huge_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.log"
    path.write_text("step ok\n" * 1_000_000 + "OSError: [Errno 98] Address already in use\n")
    assert explain_file(path)[0].code == "explain.port"

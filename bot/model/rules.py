"""The table of what logs say when a model does not start: pattern → code and details.

From the most to the least specific: an error that names its sizes stands above a process that
was merely killed, and that above the advice which libraries give on the way. Named groups
become details of the sentence.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.model.needs import billions, gib, host_memory
from bot.model.runfacts import RunFacts, capabilities

Refined = tuple[str | None, dict[str, str]]
"""The code to report, None for none, and its details."""
FLASH_CAPABILITY: Final = (8, 0)
"""FlashAttention 2 runs from Ampere on."""


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    patterns: tuple[re.Pattern[str], ...]
    is_cause: bool = True
    refine: Callable[[dict[str, str], RunFacts, str], Refined] | None = None


def _killed(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    if facts.parameters is None:
        return "explain.killed", {}
    need = host_memory(
        facts.parameters,
        facts.precision,
        trained=facts.trained,
        offload=facts.offload,
        zero_stage=facts.zero_stage,
        processes=facts.processes,
    )
    return "explain.killed_needs", {
        "model": facts.model or "?",
        "parameters": billions(facts.parameters),
        "how": facts.how,
        "needed": gib(need.least),
        "buffers": gib(need.with_buffers),
    }


def _host_bytes(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    return "explain.host_allocation", {"size": gib(float(detail["size"]))}


def _gpu_memory(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    """Without all the sizes the sentence would be full of question marks."""
    if "?" in (detail.get("total", "?"), detail.get("free", "?")):
        return "explain.gpu_memory_bare", {"size": detail.get("size", "?")}
    return "explain.gpu_memory", detail


def _old_flash_gpu(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    """The run asks for FlashAttention 2, and what it compiles is for an older GPU."""
    old = sorted(named for named in capabilities(text) if named < FLASH_CAPABILITY)
    if not old or any(named >= FLASH_CAPABILITY for named in capabilities(text)):
        return None, {}
    return "explain.flash_capability", {"capability": f"{old[-1][0]}.{old[-1][1]}"}


def _no_kernel(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    named = detail.get("capability") or next((f"sm_{a}{b}" for a, b in capabilities(text)), None)
    return ("explain.no_kernel", {"capability": named}) if named else ("explain.no_kernel_bare", {})


def _module(detail: dict[str, str], facts: RunFacts, text: str) -> Refined:
    package = _PACKAGES.get(detail["module"].split(".")[0], detail["module"].split(".")[0])
    return "explain.module", {"module": detail["module"], "package": package}


_PACKAGES: Final = {
    "flash_attn": "flash-attn --no-build-isolation",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "google": "protobuf",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "transformers_stream_generator": "transformers-stream-generator",
}
"""Where the package is not called as the module is."""


def _rule(
    code: str,
    *patterns: str,
    hint: bool = False,
    refine: Callable[[dict[str, str], RunFacts, str], Refined] | None = None,
) -> Rule:
    compiled = tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)
    return Rule(code, compiled, not hint, refine)


_SIZE: Final = r"[\d.]+ ?[KMGT]i?B"

RULES: Final = (
    # -- memory, with its sizes
    _rule(
        "explain.gpu_memory",
        rf"CUDA out of memory\. Tried to allocate (?P<size>{_SIZE})\. GPU (?P<gpu>\d+) has a "
        rf"total capac\w+ of (?P<total>{_SIZE}) of which (?P<free>{_SIZE}) is free",
        rf"CUDA out of memory\. Tried to allocate (?P<size>{_SIZE}) \(GPU (?P<gpu>\d+); "
        rf"(?P<total>{_SIZE}) total capacity;.*?(?P<free>{_SIZE}) free",
        rf"CUDA out of memory(?:\. Tried to allocate (?P<size>{_SIZE}))?",
        r"allocating (?P<size>[\d.]+ MiB) on device \d+: cudaMalloc failed: out of memory",
        r"cudaMalloc failed: out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        refine=_gpu_memory,
    ),
    _rule(
        "explain.gpu_taken",
        r"Free memory on device[^(]*\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less "
        r"than desired GPU memory utilization \([\d.]+, (?P<wanted>[\d.]+) GiB\)",
    ),
    _rule(
        "explain.kv_cache",
        r"max seq len \((?P<wanted>\d+)\) is larger than the maximum number of tokens that can be "
        r"stored in KV cache \((?P<possible>\d+)\)",
        r"max seq len \((?P<wanted>\d+)\).*?KV cache is needed(?s:.*?)estimated maximum model "
        r"length is (?P<possible>\d+)",
    ),
    _rule("explain.kv_none", r"No available memory for the cache blocks"),
    _rule(
        "explain.host_allocation",
        r"DefaultCPUAllocator: can't allocate memory: you tried to allocate (?P<size>\d+) bytes",
        refine=_host_bytes,
    ),
    _rule("explain.shared_memory", r"insufficient shared memory \(shm\)|Bus error.*shm"),
    # -- GPU, driver, CUDA
    _rule(
        "explain.bfloat16",
        r"Bfloat16 is only supported on GPUs with compute capability of at least 8\.0\. Your "
        r"(?P<gpu>.+?) GPU has compute capability (?P<capability>\d\.\d)",
    ),
    _rule("explain.flash_gpu", r"FlashAttention only supports Ampere GPUs or newer"),
    _rule(
        "explain.no_kernel",
        r"with CUDA capability (?P<capability>sm_\d+) is not compatible with the current PyTorch",
        r"no kernel image is available for execution on the device",
        r"Unsupported gpu architecture '(?P<capability>compute_\d+)'",
        refine=_no_kernel,
    ),
    _rule(
        "explain.cuda_mismatch",
        r"The detected CUDA version \((?P<found>[\d.]+)\) mismatches the version that was used to "
        r"compile\s+PyTorch \((?P<built>[\d.]+)\)",
    ),
    _rule(
        "explain.driver_old",
        r"NVIDIA driver on your system is too old",
        r"CUDA driver version is insufficient for CUDA runtime version",
        r"provided PTX was compiled with an unsupported toolchain",
        r"forward compatibility was attempted on non supported HW",
    ),
    _rule("explain.driver_mismatch", r"Driver/library version mismatch"),
    _rule("explain.torch_cpu", r"Torch not compiled with CUDA enabled"),
    _rule(
        "explain.no_gpu",
        r"No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable device is detected",
        r"Failed to infer device type",
    ),
    _rule("explain.bitsandbytes", r"bitsandbytes was compiled without GPU support|CUDA Setup failed"),
    _rule("explain.cuda_home", r"CUDA_HOME environment variable is not set|nvcc: (?:command )?not found"),
    _rule("explain.extension_build", r"Error building extension '(?P<extension>\w+)'"),
    _rule(
        "explain.nccl",
        r"(?P<error>nccl(?:Internal|System|UnhandledCuda|InvalidUsage|Remote)Error)",
        r"(?P<error>NCCL error[^\n]{0,60})",
        r"(?P<error>Watchdog caught collective operation timeout)",
    ),
    # -- packages against each other
    _rule(
        "explain.symbol",
        r"(?P<library>[\w.-]+)\.so: undefined symbol",
        r"undefined symbol:.*?(?P<library>flash_attn\w*|vllm\w*)",
    ),
    _rule(
        "explain.torch_1",
        r"requires? (?:PyTorch|torch)\s*>=\s*2",
        r"Disabling PyTorch because PyTorch >= 2",
        r"module 'torch(?:\.[\w.]+)?' has no attribute '(?:compile|float8\w+|register_fake|"
        r"scaled_dot_product_attention|get_default_device)'",
    ),
    _rule("explain.no_chat_method", r"'(?P<model>\w+)' object has no attribute 'chat'"),
    _rule(
        "explain.remote_code_old",
        r"_pad\(\) got an unexpected keyword argument 'padding_side'",
        r"'\w*Tokenizer' object has no attribute '(?:sp_model|tokenizer)'",
        r"cannot import name '\w+' from 'transformers[\w.]*'",
    ),
    _rule(
        "explain.flash_missing",
        r"FlashAttention2 has been toggled on, but it cannot be used",
        r"No module named 'flash_attn\w*'",
    ),
    _rule(
        "explain.module",
        r"No module named '(?P<module>[\w.]+)'",
        r"(?:requires|needs)[^\n]*You can install it with `pip install (?P<module>[\w.-]+)`",
        refine=_module,
    ),
    # -- the model itself
    _rule(
        "explain.no_chat_template",
        r"tokenizer\.chat_template is not set|default chat template is no longer allowed",
        r"does not have a chat template|no chat template",
    ),
    _rule(
        "explain.architecture",
        r"model type `(?P<name>[\w.-]+)` but Transformers does not recognize",
        r"Model architectures \['(?P<name>\w+)'.*?\] are not supported",
        r"unknown model architecture: '(?P<name>[\w.-]+)'",
    ),
    _rule(
        "explain.remote_code",
        r"(?:requires you to execute|contains custom code which must be executed)",
        r"trust_remote_code=True",
    ),
    _rule("explain.gated", r"GatedRepoError|Access to model \S+ is restricted|401 Client Error"),
    _rule(
        "explain.model_missing",
        r"(?P<model>\S+) is not a local folder and is not a valid model identifier",
        r"404 Client Error.*?https?://[^/\s]+/(?:api/models/)?(?P<model>[\w.-]+/[\w.-]+)",
    ),
    _rule(
        "explain.hub_unreachable",
        r"couldn't connect to 'https://huggingface\.co'|LocalEntryNotFoundError",
        r"(?:Max retries exceeded|NameResolutionError|Temporary failure in name resolution)",
    ),
    _rule(
        "explain.weights_damaged",
        r"Error while deserializing header|HeaderTooLarge|invalid magic|PytorchStreamReader failed",
        r"data is not within the file bounds|safetensors_rust\.SafetensorError",
    ),
    _rule(
        "explain.tokenizer",
        r"Tokenizer class \w+ does not exist",
        r"Couldn't instantiate the backend tokenizer|Can't load tokenizer for",
        r"data did not match any variant of untagged enum \w+",
    ),
    _rule("explain.dataset", r"Undefined dataset (?P<name>\S+?) in dataset_info\.json"),
    _rule("explain.overflow", r"loss scale already at minimum|Loss scale.*minimum"),
    # -- the machine
    _rule("explain.port", r"(?i:address already in use)|EADDRINUSE|couldn't bind HTTP server socket"),
    _rule("explain.disk", r"No space left on device|Disk quota exceeded"),
    _rule(
        "explain.killed",
        r"return code = -9\b|exitcode\s*:?\s*-9\b|died with <Signals\.SIGKILL|Signal 9 \(SIGKILL\)",
        r"Out of memory: Killed process|oom-kill|oom_kill|^\S*:? ?(?:line \d+: +\d+ )?Killed\b",
        r"std::bad_alloc|^MemoryError",
        refine=_killed,
    ),
    _rule("explain.crashed", r"return code = -11\b|exitcode\s*:?\s*-11\b|Segmentation fault"),
    # -- said on the way
    _rule("explain.flash_capability", r"Flash ?Attention", hint=True, refine=_old_flash_gpu),
    _rule("explain.flash_dtype", r"Flash Attention 2\.0 without specifying a torch dtype", hint=True),
    _rule("explain.flash_cpu", r"Flash Attention 2\.0 with a model (?:not )?initialized on (?:CPU|GPU)", hint=True),
)  # fmt: skip

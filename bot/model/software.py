"""Which packages are installed, and what is known to go wrong between them, GPU and model."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from bot.model.described import Described
from bot.model.machine import Machine

WATCHED: Final = (
    "torch",
    "transformers",
    "vllm",
    "flash-attn",
    "bitsandbytes",
    "peft",
    "accelerate",
    "deepspeed",
    "llamafactory",
    "numpy",
    "xllamacpp",
)
SINCE: Final = {
    "qwen2": "4.37",
    "qwen2_moe": "4.40",
    "phi3": "4.41",
    "gemma2": "4.42",
    "glm": "4.46",
    "cohere2": "4.48",
    "qwen2_5_vl": "4.49",
    "gemma3": "4.50",
    "gemma3_text": "4.50",
    "mistral3": "4.50",
    "qwen3": "4.51",
    "qwen3_moe": "4.51",
    "deepseek_v3": "4.51",
    "llama4": "4.51",
    "glm4": "4.51.3",
    "deepseek_v2": "4.54",
    "glm4_moe": "4.54",
    "gpt_oss": "4.55",
    "qwen3_next": "4.57",
    "qwen3_vl": "4.57",
}
"""The first release of transformers that knows a kind of model: the first wheel on PyPI that holds
its code, of those that were looked into."""
TORCH_WANTED: Final = (
    ("5.20", "2.6"),
    ("5.15", "2.5"),
    ("5.1", "2.4"),
    ("4.56", "2.2"),
    ("4.52", "2.1"),
    ("4.48", "2.0"),
)
"""From which release of transformers on which torch: what its metadata on PyPI asks for (extra
`torch`); an older one it leaves aside as if there were none."""
VLLM_CAPABILITY: Final = (("0.21", (7, 5)), ("0", (7, 0)))
"""vLLM's installation page for GPUs, of release 0.21 and of those up to 0.6 looked into."""
FLASH_CUDA: Final = (12, 0)
FLASH_TORCH: Final = "2.2"
"""README of flash-attention: what its present release is built with."""
OWN_CHAT: Final = frozenset({"chatglm", "qwen", "baichuan", "internlm"})
"""Kinds whose own code brings a `chat` method, written for older releases of transformers."""
CHAT_BROKEN: Final = "4.45"
"""From here on ChatGLM's tokenizer is called with `padding_side`, which it does not know
(zai-org/ChatGLM3, issue 1324)."""


@dataclass(frozen=True, slots=True)
class Installed:
    versions: Mapping[str, Version]
    conflicts: tuple[tuple[str, str, str, str], ...] = ()
    """Package, version, what it wants, what is there."""

    def is_older(self, package: str, than: str) -> bool:
        """False where it is not installed."""
        version = self.versions.get(package)
        return version is not None and version < Version(than)

    def is_from(self, package: str, since: str) -> bool:
        version = self.versions.get(package)
        return version is not None and version >= Version(since)

    def shown(self, package: str) -> str:
        return str(self.versions.get(package, "–"))

    @property
    def torch_cuda(self) -> tuple[int, int] | None:
        """From the local part of torch's version: `2.6.0+cu124`."""
        local = self.versions["torch"].local if "torch" in self.versions else None
        digits = (local or "").removeprefix("cu")
        return (int(digits[:-1]), int(digits[-1])) if digits.isdigit() else None


def installed(path: list[str] | None = None) -> Installed:
    """The watched packages of this Python, or of the folders in `path`."""
    found = distributions(path=path) if path is not None else distributions()
    watched = {_plain(d.name): d for d in found if d.name and _plain(d.name) in WATCHED}
    versions = {name: version for name in WATCHED if (version := _version(watched.get(name)))}
    return Installed(versions, tuple(_conflicts(watched, versions)))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _version(distribution: Distribution | None) -> Version | None:
    try:
        return Version(distribution.version) if distribution else None
    except InvalidVersion:
        return None


def _conflicts(
    watched: Mapping[str, Distribution], versions: Mapping[str, Version]
) -> Iterator[tuple[str, str, str, str]]:
    """What each package says that it needs of the others, against what is there."""
    for name, distribution in watched.items():
        for text in distribution.requires or ():
            try:
                wanted = Requirement(text)
            except InvalidRequirement:
                continue
            other = versions.get(_plain(wanted.name))
            if other is None or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
                continue
            if not wanted.specifier.contains(other.public, prereleases=True):
                yield name, distribution.version, f"{wanted.name}{wanted.specifier}", str(other)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a trap looks at."""

    packages: Installed
    machine: Machine
    model: Described | None

    @property
    def kind(self) -> str:
        return self.model.kind if self.model else ""

    def capability_below(self, major: int, minor: int = 0) -> bool:
        return (known := self.machine.capability) is not None and known < (major, minor)

    @property
    def capability(self) -> str:
        return "{}.{}".format(*(self.machine.capability or ("?", "?")))


@dataclass(frozen=True, slots=True)
class Trap:
    code: str
    is_fatal: bool
    springs: Callable[[Scene], dict[str, str] | None]
    """The details of its sentence; None where all is well."""


def sprung(scene: Scene) -> Iterator[tuple[Trap, dict[str, str]]]:
    for trap in TRAPS:
        if (detail := trap.springs(scene)) is not None:
            yield trap, detail


def _when(holds: bool, **detail: str) -> dict[str, str] | None:
    return detail if holds else None


def _too_old_for_model(scene: Scene) -> dict[str, str] | None:
    since = SINCE.get(scene.kind)
    old = since is not None and scene.packages.is_older("transformers", since)
    found = scene.packages.shown("transformers")
    return _when(old, kind=scene.kind, since=since or "", found=found)


def _torch_for_transformers(scene: Scene) -> dict[str, str] | None:
    packages = scene.packages
    newest = (torch for since, torch in TORCH_WANTED if packages.is_from("transformers", since))
    wanted = next(newest, "0")
    return _when(
        packages.is_older("torch", wanted),
        torch=packages.shown("torch"),
        transformers=packages.shown("transformers"),
        wanted=wanted,
    )


def _newer_than_driver(scene: Scene) -> dict[str, str] | None:
    """Within one major version of CUDA an older driver still works."""
    built, driver = scene.packages.torch_cuda, scene.machine.cuda
    beyond = built is not None and driver is not None and built[0] > driver[0]
    return _when(beyond, built=_dotted(built), driver=_dotted(driver))


def _dotted(version: Iterable[int] | None) -> str:
    return ".".join(map(str, version or ()))


def _dropped_gpu(scene: Scene) -> dict[str, str] | None:
    """PyTorch's announcements of which GPUs its wheels are built for: those for CUDA 12.8 leave
    out Maxwell and Pascal from 2.8 on and Volta from 2.11 on, those for CUDA 13 all three."""
    built = scene.packages.torch_cuda or (0, 0)
    gone = scene.capability_below(7) and built >= (12, 8)
    no_volta = built >= (13, 0) or (built >= (12, 8) and scene.packages.is_from("torch", "2.11"))
    gone = gone or (scene.capability_below(7, 5) and no_volta)
    return _when(gone, capability=scene.capability, torch=scene.packages.shown("torch"))


def _vllm_old_gpu(scene: Scene) -> dict[str, str] | None:
    packages = scene.packages
    wanted = next((need for since, need in VLLM_CAPABILITY if packages.is_from("vllm", since)), ())
    gone = bool(wanted) and scene.capability_below(*wanted)
    return _when(gone, capability=scene.capability, wanted=_dotted(wanted))


def _flash_build(scene: Scene) -> dict[str, str] | None:
    """Only where somebody might build it: torch is there and flash-attn is not."""
    packages, driver = scene.packages, scene.machine.cuda
    here = "torch" in packages.versions and "flash-attn" not in packages.versions
    old = driver is not None and (driver < FLASH_CUDA or packages.is_older("torch", FLASH_TORCH))
    return _when(here and old, cuda=_dotted(driver), torch=packages.shown("torch"))


def _new_gpu(scene: Scene) -> dict[str, str] | None:
    new = (scene.machine.capability or (0, 0)) >= (10, 0)
    old = scene.packages.is_older("torch", "2.7")
    return _when(new and old, capability=scene.capability, torch=scene.packages.shown("torch"))


def _needs_own_kernels(scene: Scene) -> dict[str, str] | None:
    method = scene.model.dtype if scene.model and scene.model.is_quantised else ""
    lone = method in ("awq", "gptq") and "vllm" not in scene.packages.versions
    return _when(lone, method=method)


TRAPS: Final = (
    Trap("trap.torch_cpu", True, lambda s: _when(
        bool(s.machine.gpus) and "torch" in s.packages.versions
        and s.packages.versions["torch"].local == "cpu", torch=s.packages.shown("torch"))),
    Trap("trap.torch_transformers", True, _torch_for_transformers),
    Trap("trap.torch_driver", True, _newer_than_driver),
    Trap("trap.torch_new_gpu", True, _new_gpu),
    Trap("trap.torch_dropped_gpu", True, _dropped_gpu),
    Trap("trap.torch_numpy", False, lambda s: _when(
        s.packages.is_older("torch", "2.3") and s.packages.is_from("numpy", "2.0"),
        torch=s.packages.shown("torch"), numpy=s.packages.shown("numpy"))),
    Trap("trap.transformers_model", True, _too_old_for_model),
    Trap("trap.no_chat_method", False, lambda s: _when(
        s.kind in OWN_CHAT and s.packages.is_from("transformers", CHAT_BROKEN),
        kind=s.kind, transformers=s.packages.shown("transformers"))),
    Trap("trap.remote_code", False, lambda s: _when(
        s.model is not None and s.model.runs_own_code and s.kind not in SINCE, kind=s.kind)),
    Trap("trap.vllm_old_gpu", True, _vllm_old_gpu),
    Trap("trap.flash_old_gpu", False, lambda s: _when(
        "flash-attn" in s.packages.versions and s.capability_below(8), capability=s.capability)),
    Trap("trap.flash_build", False, _flash_build),
    Trap("trap.bfloat16", False, lambda s: _when(
        s.capability_below(8) and s.model is not None and s.model.dtype == "bfloat16",
        capability=s.capability)),
    Trap("trap.quantised", False, _needs_own_kernels),
)  # fmt: skip
"""One line each; what is fatal stands first."""

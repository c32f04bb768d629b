"""The verdicts on machine, packages and model; every known trap springs where it should."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from bot.model.check import Verdict, Wish, examine
from bot.model.configs import from_config
from bot.model.described import NO_WEIGHTS, Described
from bot.model.machine import Gpu, Machine
from bot.model.needs import GIB
from bot.model.software import TRAPS, Installed, Scene, installed, sprung
from bot.phrases import TABLES, say
from tests.support.model_files import QWEN7

NOTHING = Installed({})
SEVEN = Described(
    "Qwen2.5-7B", "folder", from_config(QWEN7), 7_615_616_512, 7_615_616_512 * 2.0, "bfloat16",
    "{{ messages }}", QWEN7,
)  # fmt: skip


def gpu(gib: float, capability: tuple[int, int] | None = (8, 6), free: float | None = None) -> Gpu:
    left = int((gib if free is None else free) * GIB)
    return Gpu(0, "RTX", int(gib * GIB), left, "550.54", capability)


def machine(*gpus: Gpu, cuda: tuple[int, int] | None = (12, 4), **changes: Any) -> Machine:
    return replace(Machine(gpus, cuda, 16 * GIB, 100 * GIB), **changes)


def verdicts(
    here: Machine, model: Described | None = SEVEN, wish: Wish | None = None
) -> dict[str, Verdict]:
    return {found.code: found for found in examine(here, NOTHING, model, wish or Wish())}


def test_every_verdict_has_its_details() -> None:
    for wish in (Wish(), Wish(32768, 64, "qlora")):
        for here in (machine(gpu(24)), machine(), machine(problem="NVML")):
            for found in verdicts(here, wish=wish).values():
                for language in TABLES:
                    assert "?" not in say(found.code, language, **found.detail)


def test_it_fits_with_its_sums() -> None:
    """15.2 GB of weights, 28 × 4 × 128 × 2 × 2 bytes × 8192 × 4 of cache."""
    found = verdicts(machine(gpu(24)), wish=Wish(8192, 2))["check.fits"]
    assert found.state == "ok"
    assert found.detail["weights"] == "14.2 GiB"
    assert found.detail["cache"] == "0.9 GiB"
    assert found.detail["needed"] == "16.6 GiB"


def test_what_is_used_already_does_not_count_as_room() -> None:
    assert "check.too_big" in verdicts(machine(gpu(24, free=16)))


def test_too_many_conversations_have_three_ways_out() -> None:
    """16 GiB of weights leave room for some tokens: fewer, shorter, or quantised."""
    found = verdicts(machine(gpu(24)), wish=Wish(16384, 16))
    assert found["check.too_big"].state == "error"
    assert found["check.way_fewer"].detail == {"count": "6"}
    assert found["check.way_shorter"].detail == {"context": "6912"}
    assert found["check.way_quantised"].detail["bits"] == "4"
    assert found["check.way_smaller"].detail["model"] == "Qwen/Qwen3-14B-AWQ"


@pytest.mark.parametrize(("count", "context"), [(6, 16384), (16, 6912)])
def test_the_ways_out_do_fit(count: int, context: int) -> None:
    assert "check.fits" in verdicts(machine(gpu(24)), wish=Wish(context, count))
    assert "check.too_big" in verdicts(machine(gpu(24)), wish=Wish(context, count + 1))


def test_weights_alone_too_big_leave_only_quantising_and_smaller_models() -> None:
    found = verdicts(machine(gpu(12)), wish=Wish(8192, 1))
    assert "check.way_fewer" not in found
    assert "check.way_shorter" not in found
    assert found["check.way_quantised"].detail == {"bits": "8", "weights": "8.3"}


def test_two_gpus_together() -> None:
    found = verdicts(machine(gpu(12), gpu(12)), wish=Wish(8192, 1))
    assert found["check.fits_together"].detail["gpus"] == "2"


def test_without_a_gpu_the_memory_counts_and_the_form_matters() -> None:
    found = verdicts(machine(memory_free=24 * GIB), wish=Wish(4096, 1))
    assert found["check.no_gpu"].state == "warning"
    assert found["check.fits_host"].state == "ok"
    assert "check.slow_on_cpu" in found
    gguf = replace(SEVEN, form="gguf", config={})
    assert "check.slow_on_cpu" not in verdicts(machine(memory_free=24 * GIB), gguf)


def test_a_smaller_model_is_not_proposed_where_it_is_this_one() -> None:
    small = replace(SEVEN, form="gguf", weights=1.1e9, config={})
    found = verdicts(machine(memory_free=2 * GIB), small, Wish(32768, 8))
    assert "check.too_big" in found
    assert "check.way_smaller" not in found


def test_an_unknown_size_is_said_to_be() -> None:
    found = verdicts(machine(gpu(24)), replace(SEVEN, shape=None, weights=None))
    assert found["check.size_unknown"].state == "warning"
    unknown = verdicts(machine(gpu(24)), replace(SEVEN, shape=None))
    assert unknown["check.cache_unknown"].state == "warning"


def test_a_base_model_is_refused_and_a_template_without_system_role_told() -> None:
    assert verdicts(machine(gpu(24)), replace(SEVEN, chat_template=None))["check.no_template"]
    refusing = replace(SEVEN, chat_template="{{ raise_exception('System role not supported') }}")
    assert verdicts(machine(gpu(24)), refusing)["check.no_system_role"].state == "warning"


def test_a_context_beyond_the_models_is_refused() -> None:
    found = verdicts(machine(gpu(80)), wish=Wish(65536, 1))["check.context"]
    assert found.detail == {"wanted": "65536", "longest": "32768"}


def test_a_folder_without_weights_is_told_apart_from_one_that_lacks_some() -> None:
    none = verdicts(machine(gpu(24)), replace(SEVEN, missing=NO_WEIGHTS, source="config"))
    assert none["check.no_weights"].state == "error"
    assert "check.size_config" not in none
    assert "check.size_config" in verdicts(machine(gpu(24)), replace(SEVEN, source="config"))
    some = verdicts(machine(gpu(24)), replace(SEVEN, missing=("model-2.safetensors",)))
    assert some["check.weights_missing"].detail == {"names": "model-2.safetensors"}


def test_compressed_attention_is_kept_on_every_gpu() -> None:
    """And what LoRA would add to it is not summed."""
    latent = replace(SEVEN.shape, latent=576)  # type: ignore[type-var]
    two = machine(gpu(12), gpu(12))
    found = verdicts(two, replace(SEVEN, shape=latent), Wish(8192, 2, "lora"))
    assert found["check.fits_together"].detail["cache"] == "1.0 GiB"
    assert "check.finetune_unknown" in found


def test_an_encoder_needs_no_template_and_no_cache() -> None:
    encoder = replace(SEVEN, config={**QWEN7, "architectures": ["BertModel"]}, chat_template=None)
    found = verdicts(machine(gpu(24)), encoder)
    assert found["check.fits"].detail["cache"] == "0.0 GiB"
    assert "check.no_template" not in found


def test_an_adapter_names_its_base() -> None:
    config = {"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen3-8B"}
    adapter = Described("mine", "folder", None, None, None, "lora", None, config)
    assert verdicts(machine(gpu(24)), adapter)["check.adapter"].detail["base"] == "Qwen/Qwen3-8B"


def test_the_disk_is_asked_only_for_what_has_to_come() -> None:
    assert not {"check.disk", "check.disk_full"} & set(verdicts(machine(gpu(24))))
    remote = replace(SEVEN, downloads=True)
    assert verdicts(machine(gpu(24)), remote)["check.disk"].detail["needed"] == "15.6 GiB"
    assert "check.disk_full" in verdicts(machine(gpu(24), disk_free=15 * GIB), remote)


def test_fine_tuning_is_summed_for_every_method() -> None:
    found = list(examine(machine(gpu(24)), NOTHING, SEVEN, Wish(2048, 1, "lora")))
    chosen = next(verdict for verdict in found if verdict.code == "check.tune_lora")
    assert chosen.detail["trained"] == "40.4 M"
    assert chosen.detail["weights"] == "14.2 GiB"
    assert chosen.state == "ok"
    others = {v.code: float(v.detail["needed"].split()[0]) for v in found if "other" in v.code}
    assert set(others) == {"check.tune_other_qlora", "check.tune_other_full"}
    assert others["check.tune_other_qlora"] < 14.2 < 113 < others["check.tune_other_full"]
    full = list(examine(machine(gpu(24)), NOTHING, SEVEN, Wish(2048, 1, "full")))
    assert next(v for v in full if v.code == "check.tune_full").state == "error"
    thumb = next(v for v in full if v.code == "check.rule_of_thumb")
    assert thumb.detail == {"least": "42.6 GiB", "most": "56.7 GiB"}


def test_quantised_weights_cannot_be_tuned() -> None:
    gguf = replace(SEVEN, form="gguf")
    assert "check.finetune_quantised" in verdicts(machine(gpu(24)), gguf, Wish(finetune="lora"))


# ---- traps

OLD = machine(gpu(11, (6, 1)))
SCENES: Mapping[str, tuple[dict[str, str], Machine, dict[str, Any]]] = {
    "trap.torch_cpu": ({"torch": "2.6.0+cpu"}, machine(gpu(24)), {}),
    "trap.torch_transformers": ({"torch": "1.13.1", "transformers": "4.50.0"}, machine(), {}),
    "trap.torch_driver": ({"torch": "2.9.0+cu130"}, machine(gpu(24)), {}),
    "trap.torch_new_gpu": ({"torch": "2.6.0+cu124"}, machine(gpu(32, (12, 0))), {}),
    "trap.torch_dropped_gpu": ({"torch": "2.8.0+cu128"}, OLD, {}),
    "trap.torch_numpy": ({"torch": "2.2.0", "numpy": "2.1.0"}, machine(), {}),
    "trap.transformers_model": ({"transformers": "4.50.3"}, machine(), {"model_type": "qwen3"}),
    "trap.no_chat_method": ({"transformers": "4.45.0"}, machine(), {"model_type": "chatglm"}),
    "trap.remote_code": ({}, machine(), {"model_type": "chatglm", "auto_map": {"AutoModel": "x"}}),
    "trap.vllm_old_gpu": ({"vllm": "0.9.0"}, OLD, {}),
    "trap.flash_old_gpu": ({"flash-attn": "2.7.0"}, OLD, {}),
    "trap.flash_build": ({"torch": "2.1.0+cu118"}, machine(gpu(24), cuda=(11, 8)), {}),
    "trap.bfloat16": ({}, OLD, {}),
    "trap.quantised": (
        {"transformers": "4.50.0"}, machine(), {"quantization_config": {"quant_method": "awq"}},
    ),
}  # fmt: skip


def scene(code: str) -> Scene:
    packages, here, config = SCENES[code]
    merged = {**QWEN7, **config}
    dtype = "awq" if "quantization_config" in config else "bfloat16"
    shape = replace(from_config(QWEN7), kind=merged["model_type"])  # type: ignore[type-var]
    model = replace(SEVEN, config=merged, shape=shape, dtype=dtype)
    versions = {name: Version(version) for name, version in packages.items()}
    return Scene(Installed(versions), here, model)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.code)
def test_the_trap_springs_and_says_why(trap: Any) -> None:
    found = {each.code: detail for each, detail in sprung(scene(trap.code))}
    assert trap.code in found
    for language in TABLES:
        assert "?" not in say(trap.code, language, **found[trap.code])


@pytest.mark.parametrize(
    ("transformers", "torch", "wanted"),
    [
        ("4.47.1", "1.13.1", None),
        ("4.48.0", "1.13.1", "2.0"),
        ("4.57.6", "2.1.2", "2.2"),
        ("5.0.0", "2.2.0", None),
        ("5.8.0", "2.2.0", "2.4"),
        ("5.24.0", "2.5.1", "2.6"),
        ("5.24.0", "2.13.0+cpu", None),
    ],
)
def test_which_torch_a_release_of_transformers_wants(
    transformers: str, torch: str, wanted: str | None
) -> None:
    versions = {"transformers": Version(transformers), "torch": Version(torch)}
    found = {trap.code: told for trap, told in sprung(Scene(Installed(versions), machine(), None))}
    assert found.get("trap.torch_transformers", {}).get("wanted") == wanted


@pytest.mark.parametrize(
    ("capability", "packages", "springs"),
    [
        ((7, 0), {"torch": "2.10.0+cu128"}, False),
        ((7, 0), {"torch": "2.11.0+cu128"}, True),
        ((7, 0), {"torch": "2.11.0+cu126"}, False),
        ((7, 0), {"torch": "2.9.0+cu130"}, True),
        ((7, 5), {"torch": "2.14.0+cu130"}, False),
        ((7, 0), {"vllm": "0.17.1"}, False),
        ((7, 0), {"vllm": "0.33.0"}, True),
        ((7, 5), {"vllm": "0.33.0"}, False),
    ],
)
def test_which_gpus_a_release_has_left_behind(
    capability: tuple[int, int], packages: dict[str, str], springs: bool
) -> None:
    versions = {name: Version(version) for name, version in packages.items()}
    here = machine(gpu(16, capability), cuda=(13, 0))
    found = {trap.code for trap, _ in sprung(Scene(Installed(versions), here, None))}
    assert bool(found & {"trap.torch_dropped_gpu", "trap.vllm_old_gpu"}) == springs


def test_nothing_springs_on_a_machine_that_is_well() -> None:
    names = {"torch": "2.6.0+cu124", "transformers": "4.51.0", "numpy": "2.1.0", "vllm": "0.8.5"}
    packages = Installed({name: Version(version) for name, version in names.items()})
    assert list(sprung(Scene(packages, machine(gpu(24)), SEVEN))) == []
    assert list(sprung(Scene(NOTHING, machine(), None))) == []


def test_what_packages_ask_of_each_other_is_read_from_them(tmp_path: Path) -> None:
    for name, version, needs in (
        ("vllm", "0.11.0", ["torch==2.8.0", "transformers<5,>=4.55", "numpy; extra == 'x'"]),
        ("torch", "2.9.0+cu128", []),
        ("transformers", "4.56.1", ["numpy>=1.17"]),
        ("numpy", "1.16.0", []),
    ):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        lines += [f"Requires-Dist: {need}" for need in needs]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")
    found = installed([str(tmp_path)])
    assert found.torch_cuda == (12, 8)
    assert set(found.conflicts) == {
        ("vllm", "0.11.0", "torch==2.8.0", "2.9.0+cu128"),
        ("transformers", "4.56.1", "numpy>=1.17", "1.16.0"),
    }
    codes = [verdict.code for verdict in examine(machine(), found, None, Wish())]
    assert codes.count("trap.requires") == 2

"""Will this model work on this machine? Asked before anything is downloaded or started."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.model.described import NO_WEIGHTS, Described
from bot.model.fitting import Fit, fit, rooms, trainings, ways
from bot.model.machine import Machine
from bot.model.needs import Method, billions, gib, rule_of_thumb
from bot.model.recommended import best_for
from bot.model.software import WATCHED, Installed, Scene, sprung

State = Literal["ok", "warning", "error"]
DISK_MARGIN: Final = 1.1
"""The hub's tools write beside what they replace."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the model is wanted for."""

    context: int = 8192
    """Tokens of one conversation: passages, question and answer."""
    concurrency: int = 8
    finetune: Method | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the report; the sentence is `bot.phrases` under the code."""

    state: State
    code: str
    detail: dict[str, str] = field(default_factory=dict)


def examine(
    machine: Machine, packages: Installed, model: Described | None, wish: Wish
) -> Iterator[Verdict]:
    yield from _machine(machine)
    yield from _packages(Scene(packages, machine, model))
    if model is None:
        return
    if model.is_adapter:
        base = str(model.config.get("base_model_name_or_path") or "?")
        yield Verdict("error", "check.adapter", {"name": model.name, "base": base})
        return
    yield from _model(model, wish)
    yield from _memory(model, machine, wish)
    if model.downloads and model.weights is not None:
        yield _disk(model.weights, machine)
    if wish.finetune is not None:
        yield from _finetune(model, machine, wish, wish.finetune)


def _machine(machine: Machine) -> Iterator[Verdict]:
    for gpu in machine.gpus:
        yield Verdict(
            "ok",
            "check.gpu",
            {
                "index": str(gpu.index),
                "name": gpu.name,
                "free": gib(gpu.free),
                "total": gib(gpu.total),
                "capability": "{}.{}".format(*(gpu.capability or ("–", "–"))),
                "driver": gpu.driver,
                "cuda": ".".join(map(str, machine.cuda or ())) or "–",
            },
        )
    if machine.problem is not None:
        yield Verdict("error", "check.smi_failed", {"reason": machine.problem})
    elif not machine.gpus:
        yield Verdict("warning", "check.no_gpu", {"memory": gib(machine.memory_free)})


def _packages(scene: Scene) -> Iterator[Verdict]:
    names = [name for name in WATCHED if name in scene.packages.versions]
    shown = ", ".join(f"{name} {scene.packages.shown(name)}" for name in names)
    yield Verdict("ok", "check.packages" if names else "check.no_packages", {"names": shown})
    for package, version, wants, found in scene.packages.conflicts:
        detail = {"package": package, "version": version, "wants": wants, "found": found}
        yield Verdict("warning", "trap.requires", detail)
    for trap, detail in sprung(scene):
        yield Verdict("error" if trap.is_fatal else "warning", trap.code, detail)


def _model(model: Described, wish: Wish) -> Iterator[Verdict]:
    yield from _size(model)
    if model.missing == NO_WEIGHTS:
        yield Verdict("error", "check.no_weights")
    elif model.missing:
        names = ", ".join(model.missing[:5])
        yield Verdict("error", "check.weights_missing", {"names": names})
    if model.is_encoder:
        yield Verdict("ok", "check.encoder")
    elif model.chat_template is None:
        yield Verdict("error", "check.no_template")
    elif model.refuses_system_role:
        yield Verdict("warning", "check.no_system_role")
    else:
        yield Verdict("ok", "check.template")
    longest = model.shape.context if model.shape else 0
    if longest and wish.context > longest and not model.is_encoder:
        detail = {"wanted": str(wish.context), "longest": str(longest)}
        yield Verdict("error", "check.context", detail)


def _size(model: Described) -> Iterator[Verdict]:
    """How large it is, and how that is known."""
    facts = {"name": model.name, "kind": model.kind or "–", "dtype": model.dtype}
    if model.weights is None:
        yield Verdict("ok", "check.model_bare", facts)
        return
    facts["weights"] = gib(model.weights)
    if model.parameters:
        facts["parameters"] = billions(model.parameters)
        yield Verdict("ok", "check.model", facts)
    else:
        yield Verdict("ok", "check.model_weights", facts)
    if model.source == "index":
        yield Verdict("ok", "check.size_index")
    elif model.source == "config" and model.missing != NO_WEIGHTS:
        yield Verdict("ok", "check.size_config")


def _memory(model: Described, machine: Machine, wish: Wish) -> Iterator[Verdict]:
    fits = [fit(model, room, wish.context, wish.concurrency) for room in rooms(machine)]
    known = [found for found in fits if found is not None]
    if not known:
        yield Verdict("warning", "check.size_unknown")
        return
    chosen = next((found for found in known if found.fits), known[-1])
    detail = _sums(chosen)
    if chosen.cache == 0 and not model.is_encoder:
        yield Verdict("warning", "check.cache_unknown")
    if chosen.fits:
        where = {0: "check.fits_host", 1: "check.fits"}.get(chosen.room.gpus, "check.fits_together")
        yield Verdict("ok", where, detail)
        if chosen.room.gpus == 0 and model.form != "gguf":
            yield Verdict("warning", "check.slow_on_cpu")
        return
    yield Verdict("error", "check.too_big", detail)
    for way in ways(model, chosen):
        yield Verdict("warning", way.code, way.detail)
    other = best_for(chosen.room.bytes if chosen.room.gpus else 0)
    if other.weights < 0.9 * chosen.weights:  # not the same one, or one like it
        yield Verdict("warning", "check.way_smaller", {"model": other.name, "form": other.form})


def _sums(found: Fit) -> dict[str, str]:
    return {
        "needed": gib(found.needed),
        "weights": gib(found.weights),
        "cache": gib(found.cache),
        "overhead": gib(found.room.overhead),
        "free": gib(found.room.bytes),
        "context": str(found.context),
        "concurrency": str(found.concurrency),
        "gpus": str(found.room.gpus),
    }


def _disk(weights: float, machine: Machine) -> Verdict:
    needed = weights * DISK_MARGIN
    detail = {"needed": gib(needed), "free": gib(machine.disk_free)}
    enough = machine.disk_free >= needed
    return Verdict(
        "ok" if enough else "error", "check.disk" if enough else "check.disk_full", detail
    )


def _finetune(model: Described, machine: Machine, wish: Wish, method: Method) -> Iterator[Verdict]:
    runs = {training.method: training for training in trainings(model, wish.context)}
    if method not in runs:
        yield Verdict("warning", "check.finetune_unknown")
        return
    if model.is_quantised:
        yield Verdict("error", "check.finetune_quantised")
        return
    free = machine.largest.free if machine.largest else 0
    chosen = runs[method]
    detail = {
        "needed": gib(chosen.total),
        "weights": gib(chosen.weights),
        "states": gib(chosen.trained * 16),
        "activations": gib(chosen.activations),
        "trained": billions(chosen.trained)
        if method == "full"
        else f"{chosen.trained / 1e6:.1f} M",
        "context": str(wish.context),
        "free": gib(free),
    }
    yield Verdict("ok" if chosen.total <= free else "error", f"check.tune_{method}", detail)
    least, most = rule_of_thumb((model.parameters or 0) * 2)
    yield Verdict("ok", "check.rule_of_thumb", {"least": gib(least), "most": gib(most)})
    for other in runs.values():
        if other.method != method:
            yield Verdict("ok", f"check.tune_other_{other.method}", {"needed": gib(other.total)})

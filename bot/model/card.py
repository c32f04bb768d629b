"""A model on the hub, from its small files alone: config, sizes, chat template."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from bot.errors import ConfigError
from bot.model.configs import from_config
from bot.model.described import (
    Described,
    describe_path,
    dtype_of,
    quantisation,
    sized,
    template_in,
)
from bot.model.safetensors import INDEX, size_in

HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")
_TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0)


def describe(name: str, endpoint: str, token: str | None, cache: Path) -> Described:
    """A path if there is one, the hub's cache on this disk, or the hub itself.

    Raises ConfigError of the `check.` family: one sentence where the hub is away.
    """
    path = Path(name).expanduser()
    if path.exists():
        return describe_path(path)
    if not HUB_NAME.fullmatch(name):
        raise ConfigError("check.no_such", name=name)
    if (kept := _kept(name, cache)) is not None:
        return describe_path(kept)
    with httpx.Client(
        base_url=endpoint.rstrip("/"),
        timeout=_TIMEOUT,
        follow_redirects=True,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    ) as client:
        return _Hub(client, name, endpoint).describe()


def _kept(name: str, cache: Path) -> Path | None:
    """The newest snapshot that holds a config."""
    snapshots = cache / f"models--{name.replace('/', '--')}" / "snapshots"
    found = [path.parent for path in snapshots.glob("*/config.json")]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


class _Hub:
    def __init__(self, client: httpx.Client, name: str, endpoint: str) -> None:
        self._client = client
        self._name = name
        self._endpoint = endpoint

    def describe(self) -> Described:
        card = self._json(f"/api/models/{self._name}?blobs=true") or {}
        sizes = _sizes(card)
        config = self._json(f"/{self._name}/resolve/main/config.json")
        if config is None:
            files = ", ".join(sorted(file for file in sizes if file.endswith(".gguf"))[:12])
            code = "check.hub_gguf" if files else "check.hub_no_config"
            raise ConfigError(code, name=self._name, names=files)
        shape = from_config(config)
        dtype = quantisation(config) or dtype_of(config)
        counted = None if quantisation(config) else _counted(card)
        parameters = counted or (shape.parameters if shape else None)
        size = _weights(sizes)
        index = None if size else self._total_size()
        weights, source = sized(size, index, shape, parameters, dtype, config)
        return Described(
            name=self._name,
            form="hub",
            shape=shape,
            parameters=parameters,
            weights=weights,
            dtype=dtype,
            chat_template=self._template(sizes),
            config=config,
            downloads=True,
            source=source,
        )

    def _total_size(self) -> int | None:
        """For mirrors that do not tell the files' sizes."""
        return size_in(self._json(f"/{self._name}/resolve/main/{INDEX}") or {})

    def _template(self, sizes: Mapping[str, int]) -> str | None:
        if "chat_template.jinja" in sizes:
            reply = self._get(f"/{self._name}/resolve/main/chat_template.jinja")
            return reply.text if reply is not None else None
        return template_in(self._json(f"/{self._name}/resolve/main/tokenizer_config.json") or {})

    def _json(self, path: str) -> dict[str, Any] | None:
        reply = self._get(path)
        if reply is None:
            return None
        try:
            loaded = reply.json()
        except ValueError as error:
            raise self._away("JSON") from error
        return loaded if isinstance(loaded, dict) else None

    def _get(self, path: str) -> httpx.Response | None:
        """None for a file that is not there."""
        try:
            reply = self._client.get(path)
        except httpx.HTTPError as error:
            raise self._away(str(error) or type(error).__name__) from error
        if reply.status_code in (401, 403):
            raise ConfigError("check.hub_gated", name=self._name, endpoint=self._endpoint)
        if reply.status_code == 404:
            if path.startswith("/api/"):
                raise ConfigError("check.hub_missing", name=self._name, endpoint=self._endpoint)
            return None
        if reply.status_code != 200:
            raise self._away(f"HTTP {reply.status_code}")
        return reply

    def _away(self, reason: str) -> ConfigError:
        return ConfigError(
            "check.hub_away", name=self._name, endpoint=self._endpoint, reason=reason
        )


def _sizes(card: Mapping[str, Any]) -> dict[str, int]:
    listed = card.get("siblings") or []
    return {str(file.get("rfilename")): int(file.get("size") or 0) for file in listed}


def _weights(sizes: Mapping[str, int]) -> float:
    for ending in (".safetensors", ".bin"):
        if whole := sum(size for name, size in sizes.items() if _is_whole(name, ending)):
            return float(whole)
    return 0.0


def _is_whole(name: str, ending: str) -> bool:
    """Weights in the main folder; some models have copies for other programs beside them."""
    return name.endswith(ending) and "/" not in name and "consolidated" not in name


def _counted(card: Mapping[str, Any]) -> int | None:
    total = (card.get("safetensors") or {}).get("total")
    return total if isinstance(total, int) else None

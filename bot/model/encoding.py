"""Vectors and scores by torch: encoders such as bge-m3, Qwen3-Embedding, bge-reranker.

torch and transformers are imported when a model is opened, and by nothing else.
"""

import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.errors import ConfigError, ModelUnavailable

BATCH: Final = 32
MOST_TOKENS: Final = 8192
_POOLING: Final = "1_Pooling/config.json"
_MODES: Final = {
    "pooling_mode_cls_token": "first",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_mean_tokens": "mean",
}
Rows = NDArray[np.float32]


class Encoder:
    """One model; not for several threads at once. Raises ConfigError `serve.no_torch`,
    ModelUnavailable `serve.load_failed`."""

    def __init__(self, name: str) -> None:
        try:
            self._torch = importlib.import_module("torch")
            transformers = importlib.import_module("transformers")
        except ImportError as error:
            raise ConfigError("serve.no_torch", python="python") from error
        try:
            config = transformers.AutoConfig.from_pretrained(name)
            self.scores = _is_reranker(config)
            kind = "AutoModelForSequenceClassification" if self.scores else "AutoModel"
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(name)
            model = getattr(transformers, kind).from_pretrained(name)
        except (OSError, ValueError, KeyError) as error:
            problem = str(error).splitlines()[0][:200]
            raise ModelUnavailable("serve.load_failed", name=name, problem=problem) from error
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        self._model = model.to(self._device).eval()
        if self._device == "cuda":
            self._model = self._model.half()
        self._pooling = _pooling(name, config)
        self._longest = min(MOST_TOKENS, int(self._tokenizer.model_max_length))
        self.tokens_read = 0

    def vectors(self, texts: Sequence[str]) -> Rows:
        """Of length 1, in the order of the texts."""
        return _in_batches(list(texts), self._vectors)

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> Rows:
        """Between 0 and 1, of (query, passage)."""
        return _in_batches(list(pairs), self._relevance)

    def _vectors(self, texts: list[str]) -> Rows:
        batch = self._tokenized(texts)
        with self._torch.inference_mode():
            states = self._model(**batch).last_hidden_state
        pooled = self._pooled(states, batch["attention_mask"]).float().cpu().numpy()
        return np.asarray(pooled / np.linalg.norm(pooled, axis=-1, keepdims=True), np.float32)

    def _pooled(self, states: Any, mask: Any) -> Any:
        if self._pooling == "mean":
            weights = mask.unsqueeze(-1)
            return (states * weights).sum(1) / weights.sum(1)
        if self._pooling == "first":
            return states[self._torch.arange(len(states)), mask.argmax(1)]
        positions = self._torch.arange(mask.shape[1], device=mask.device) * mask
        return states[self._torch.arange(len(states)), positions.argmax(1)]

    def _relevance(self, pairs: list[tuple[str, str]]) -> Rows:
        batch = self._tokenized([query for query, _ in pairs], [passage for _, passage in pairs])
        with self._torch.inference_mode():
            logits = self._model(**batch).logits[:, -1]
        return np.asarray(self._torch.sigmoid(logits.float()).cpu().numpy(), np.float32)

    def _tokenized(self, *texts: list[str]) -> Any:
        batch = self._tokenizer(
            *texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        self.tokens_read += int(batch["attention_mask"].sum())
        return batch.to(self._device)


def _in_batches(items: list[Any], forward: Callable[[list[Any]], Rows]) -> Rows:
    """Items of like length together: what pads a short one to a long one is computed in vain."""
    order = sorted(range(len(items)), key=lambda at: len(str(items[at])))
    parts = [
        forward([items[at] for at in order[start : start + BATCH]])
        for start in range(0, len(items), BATCH)
    ]
    computed = np.concatenate(parts)
    result = np.empty_like(computed)
    result[order] = computed
    return result


def _is_reranker(config: Any) -> bool:
    return any("SequenceClassification" in name for name in config.architectures or ())


def _pooling(name: str, config: Any) -> str:
    """As sentence-transformers' file beside the model says; else what its kind is known for."""
    told = _pooling_file(name)
    for mode, pooling in _MODES.items():
        if told.get(mode) is True:
            return pooling
    if any("CausalLM" in kind for kind in config.architectures or ()):
        return "last"
    return "mean" if "e5" in name.lower() else "first"


def _pooling_file(name: str) -> dict[str, Any]:
    path = Path(name) / _POOLING
    if not path.is_file():
        found = importlib.import_module("transformers.utils").cached_file(
            name,
            _POOLING,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
            _raise_exceptions_for_gated_repo=False,
        )
        if found is None:
            return {}
        path = Path(found)
    loaded = json.loads(path.read_bytes())
    return loaded if isinstance(loaded, dict) else {}

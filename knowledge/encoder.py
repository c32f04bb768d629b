"""A transformers model that turns texts into vectors, by torch.

torch and transformers are imported when a model is opened, and by nothing else.
"""

import importlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from knowledge.pooling import Pooling, Prompts, Recipe, recipe

BATCH: Final = 32
MOST_TOKENS: Final = 8192
_OFFSET_KINDS: Final = ("roberta", "camembert", "xmod", "mpnet", "longformer")
"""Their first position is after the padding's number."""
Rows = NDArray[np.float32]


class TorchModel:
    """A model and its tokenizer on the best device here; not for several threads at once.

    `head`: which of transformers' classes, by the config's architectures.
    Raises ImportError without torch, OSError, ValueError or KeyError for what cannot be loaded.
    """

    def __init__(self, name: str, head: Callable[[Sequence[str]], str]) -> None:
        # Before torch loads its OpenMP: threads that wait by spinning starve each other on a
        # machine that does anything else (0.3 s a text against 0.008 were seen on busy cores).
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        self.torch = importlib.import_module("torch")
        transformers = importlib.import_module("transformers")
        self.config = transformers.AutoConfig.from_pretrained(name)
        self.architectures = tuple(self.config.architectures or ())
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = getattr(transformers, head(self.architectures)).from_pretrained(name)
        has_gpu = self.torch.cuda.is_available()
        self.device = "cuda" if has_gpu else "cpu"
        model = model.to(self.device).eval()
        # Processors have no fast half precision, and lose digits in it.
        self._model = model.half() if has_gpu else model.float()
        self.longest = _longest(self._tokenizer, self.config)
        self.tokens_read = 0

    def __call__(self, *texts: list[str]) -> tuple[Any, Any]:
        """What the model says of texts, or of pairs, and the mask of what is no padding."""
        batch = self._tokenizer(
            *texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
        )
        self.tokens_read += int(batch["attention_mask"].sum())
        batch = batch.to(self.device)
        with self.torch.inference_mode():
            return self._model(**batch), batch["attention_mask"]


class Encoder:
    """Texts to vectors of length 1, pooled as the model wants it. Raises as TorchModel, and
    `pooling.UnknownPooling`, which is a ValueError."""

    def __init__(self, name: str, model: TorchModel | None = None) -> None:
        self.model = model or TorchModel(name, lambda _: "AutoModel")
        self.recipe: Recipe = recipe(
            name, self.model.architectures, lambda file: _beside(name, file)
        )
        self.dimension = int(self.model.config.get_text_config().hidden_size)

    @property
    def prompts(self) -> Prompts:
        return self.recipe.prompts

    def __call__(self, texts: Sequence[str]) -> Rows:
        """In the order of the texts."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return in_batches(list(texts), self._vectors)

    def _vectors(self, texts: list[str]) -> Rows:
        output, mask = self.model(texts)
        pooled = pool(self.recipe.pooling, self.model.torch, output.last_hidden_state, mask)
        rows = pooled.float().cpu().numpy()
        return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def pool(pooling: Pooling, torch: Any, states: Any, mask: Any) -> Any:
    """One row for each text, wherever its padding stands."""
    if pooling == "mean":
        weights = mask.unsqueeze(-1)
        return (states.float() * weights).sum(1) / weights.sum(1)
    rows = torch.arange(len(states), device=mask.device)
    if pooling == "first":
        return states[rows, mask.argmax(1)]
    positions = torch.arange(mask.shape[1], device=mask.device) * mask
    return states[rows, positions.argmax(1)]


def in_batches(items: list[Any], forward: Callable[[list[Any]], Rows]) -> Rows:
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


def _longest(tokenizer: Any, config: Any) -> int:
    """In tokens: a model with learnt positions has none beyond its last one."""
    most = min(MOST_TOKENS, int(tokenizer.model_max_length))
    inner = config.get_text_config()
    positions = getattr(inner, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return most
    if any(kind in str(inner.model_type) for kind in _OFFSET_KINDS):
        positions -= (inner.pad_token_id or 0) + 1
    return min(most, positions)


def _beside(name: str, file: str) -> Any:
    """The parsed file of the model's folder or hub repository; None where there is none."""
    path = Path(name) / file
    if not path.is_file():
        if Path(name).is_dir():
            return None
        found = importlib.import_module("transformers.utils").cached_file(
            name,
            file,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
            _raise_exceptions_for_gated_repo=False,
        )
        if found is None:
            return None
        path = Path(found)
    return json.loads(path.read_bytes())

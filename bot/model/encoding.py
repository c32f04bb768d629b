"""Vectors and scores by torch: encoders such as bge-m3, Qwen3-Embedding, bge-reranker."""

from collections.abc import Sequence

import numpy as np

from bot.errors import ConfigError, ModelUnavailable
from knowledge.encoder import Encoder as VectorEncoder
from knowledge.encoder import Rows, TorchModel, in_batches


class Encoder:
    """One model; not for several threads at once. Raises ConfigError `serve.no_torch`,
    ModelUnavailable `serve.load_failed`."""

    def __init__(self, name: str) -> None:
        try:
            self._model = TorchModel(name, _head)
            self.scores = _is_reranker(self._model.architectures)
            self._encode = None if self.scores else VectorEncoder(name, self._model)
        except ImportError as error:
            raise ConfigError("serve.no_torch", python="python") from error
        except (OSError, ValueError, KeyError) as error:
            problem = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise ModelUnavailable("serve.load_failed", name=name, problem=problem) from error

    @property
    def tokens_read(self) -> int:
        return self._model.tokens_read

    def vectors(self, texts: Sequence[str]) -> Rows:
        """Of length 1, in the order of the texts; no prompt is added, since the protocol does
        not say which text is a query: whoever asks writes it before the text."""
        if self._encode is None:
            raise ValueError("a reranker makes no vectors")
        return self._encode(texts)

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> Rows:
        """Between 0 and 1, of (query, passage)."""
        return in_batches(list(pairs), self._relevance)

    def _relevance(self, pairs: list[tuple[str, str]]) -> Rows:
        output, _ = self._model([query for query, _ in pairs], [passage for _, passage in pairs])
        scores = self._model.torch.sigmoid(output.logits[:, -1].float())
        return np.asarray(scores.cpu().numpy(), np.float32)


def _head(architectures: Sequence[str]) -> str:
    kind = "ForSequenceClassification" if _is_reranker(architectures) else ""
    return f"AutoModel{kind}"


def _is_reranker(architectures: Sequence[str]) -> bool:
    return any("SequenceClassification" in name for name in architectures)

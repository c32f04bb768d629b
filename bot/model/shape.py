"""A model's dimensions, and what follows from them; pure arithmetic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """Parameters by what is done with them when a model is quantised."""

    embeddings: int
    """Read and write tokens, or see: stay in 16 bits."""
    other: int
    experts: int = 0

    @property
    def total(self) -> int:
        return self.embeddings + self.other + self.experts


@dataclass(frozen=True, slots=True)
class Shape:
    kind: str
    """`model_type` of the config, or the architecture of a GGUF file."""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    context: int
    """Longest that the model was made for, in tokens."""
    window: int | None = None
    """Tokens that sliding layers look back."""
    sliding_layers: int = 0
    latent: int | None = None
    """Numbers kept a token and layer where keys and values are compressed (DeepSeek's MLA)."""
    parameters: int | None = None
    parts: Parts | None = None

    def kv_bytes_per_token(self, number_bytes: float = 2.0) -> float:
        """Of a token that every layer keeps: keys and values, or MLA's one latent for both."""
        each = self.latent or 2 * self.kv_heads * self.head_dim
        return self.layers * each * number_bytes

    def kv_bytes(self, context: int, concurrency: int = 1, number_bytes: float = 2.0) -> float:
        """The cache of so many conversations of so many tokens; sliding layers keep no more
        than their window."""
        full = self.layers - self.sliding_layers
        short = min(context, self.window or context)
        tokens = (full * context + self.sliding_layers * short) / max(self.layers, 1)
        return self.kv_bytes_per_token(number_bytes) * tokens * concurrency

    def kv_copies(self, gpus: int) -> float:
        """How often the cache is kept when so many GPUs share the work: its heads are dealt
        out, and a head, or MLA's one latent, is not cut."""
        heads = 1 if self.latent else self.kv_heads
        return max(1.0, gpus / heads)

    def lora_parameters(self, rank: int = 16) -> int:
        """What LoRA on all linear layers adds."""
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        pairs = [(self.hidden, q), (self.hidden, kv), (self.hidden, kv), (q, self.hidden)]
        pairs += [(self.hidden, self.intermediate)] * 2 + [(self.intermediate, self.hidden)]
        return self.layers * rank * sum(rows + columns for rows, columns in pairs)

    def activations(self, tokens: int) -> float:
        """Bytes while training on so many tokens at once, checkpointed: each layer's input, one
        layer in full, and the logits in 32 bits with their gradient."""
        inputs = self.layers * tokens * self.hidden * 2
        layer = tokens * (18 * self.hidden + 4 * self.intermediate) * 2
        return inputs + layer + tokens * self.vocabulary * 4 * 2

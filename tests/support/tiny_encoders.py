"""Encoders of random weights in the real file formats; torch and transformers are needed."""

import json
from pathlib import Path
from typing import Any

import pytest

LETTERS = "幾點開門十週日店公休查詢文章:"
_SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def bert(folder: Path, **more: Any) -> str:
    return _save(folder, "Bert", "BertModel", **more)


def reranker(folder: Path) -> str:
    return _save(folder, "Bert", "BertForSequenceClassification", num_labels=1)


def roberta(folder: Path, **more: Any) -> str:
    """As bge-m3: positions start after the padding's number."""
    return _save(folder, "XLMRoberta", "XLMRobertaModel", pad_token_id=0, type_vocab_size=1, **more)


def qwen(folder: Path) -> str:
    """As Qwen3-Embedding: a decoder, padded on the left, whose last token closes the text."""
    more = {"num_key_value_heads": 1, "head_dim": 16, "tie_word_embeddings": True}
    return _save(folder, "Qwen3", "Qwen3ForCausalLM", padding="left", ends="$A [SEP]", **more)


def beside(folder: Path, pooling: str, **prompts: str) -> None:
    """The files of sentence-transformers."""
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "1_Pooling").mkdir(exist_ok=True)
    told = {"word_embedding_dimension": 32, f"pooling_mode_{pooling}": True}
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(told))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))


def _save(
    folder: Path, kind: str, model: str, *, padding: str = "right", ends: str = "[CLS] $A [SEP]",
    **more: Any,
) -> str:  # fmt: skip
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    size = len(_SPECIAL) + len(LETTERS)
    config = getattr(transformers, f"{kind}Config")(vocab_size=size, **{**_SMALL, **more})
    getattr(transformers, model)(config).save_pretrained(folder)
    _tokenizer(ends, padding).save_pretrained(folder)
    return str(folder)


def _tokenizer(ends: str, padding: str) -> Any:
    tokenizers, transformers = (
        pytest.importorskip("tokenizers"),
        pytest.importorskip("transformers"),
    )
    words = {word: at for at, word in enumerate([*_SPECIAL, *LETTERS])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    named = [(word, words[word]) for word in ("[CLS]", "[SEP]") if word in ends]
    pair = ends.replace("$A", "$A [SEP] $B") if "[CLS]" in ends else None
    made.post_processor = tokenizers.processors.TemplateProcessing(ends, pair, named)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", padding_side=padding, model_max_length=512,
    )  # fmt: skip

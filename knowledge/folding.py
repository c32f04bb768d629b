"""One form for all spellings of a text, used wherever texts are compared and never shown.

Full width becomes half width, capitals become small letters and Traditional
characters become Simplified ones (the direction with few ambiguities). OpenCC
looks at words, so folding a part need not give the same part of the folded whole
(乾隆 keeps its 乾, a lone 乾 becomes 干): fold whole sentences.
"""

import re
import unicodedata
from functools import cache

import opencc


@cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """The form to compare; may be longer or shorter than the text (``…`` gives ``...``).

    Lone surrogates, which UTF-8 cannot carry to OpenCC, become question marks.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    if plain.isascii():
        return plain
    safe = plain.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(plain) else plain
    # OpenCC leaves 著 (隨著) as it is, while Simplified texts write 着.
    return str(_to_simplified().convert(safe)).replace("着", "著")


_SURROGATE = re.compile("[\ud800-\udfff]")


def _has_surrogate(text: str) -> bool:
    return _SURROGATE.search(text) is not None

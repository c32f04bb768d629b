"""How near two questions lie: mostly by their vectors, a little by the words they share.

Cosines of short questions crowd together (「退出會員」 lies at .96 of 「忘記會員密碼」 for
multilingual-e5-small), and a bank of many always holds a stranger that looks near. What
strangers lack are common words.
"""

from bot.annotations.frames import words_of

SHARE = 0.15
"""What words count beside a cosine of 1."""


def closeness(cosine: float, one: str, other: str) -> float:
    """0 to 1, and 1 for the same question."""
    return (cosine + SHARE * common(one, other)) / (1 + SHARE)


def common(one: str, other: str) -> float:
    """Share of their characters and Latin words that both have, without question words and
    particles; 0 to 1."""
    first, second = words_of(one), words_of(other)
    return len(first & second) / (len(first | second) or 1)

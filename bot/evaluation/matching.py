"""Judging one answer by its text alone: is the answer in it, does a citation bear its sentence.

All comparisons are made on folded text (full width, capitals and the Chinese script do not
count). They are deliberately plain: a right answer in quite other words counts as wrong, so
the figures made of them are lower bounds.
"""

import re
from collections.abc import Iterable

from bot.checks.matching import agree
from bot.messages import Answer, Citation
from bot.numbers import Claim, claims
from knowledge.folding import fold

SUPPORT = 0.3
"""Share of a sentence's content terms, or of the quote's, that both must have.

The share of the smaller one counts: a sentence may rest on several citations, and a short
quote may bear only a part of a long sentence. Unrelated Chinese sentences share under .1.
"""

_NOISE = re.compile(r"[\W_]+")
_MARK = re.compile(r"\[(\d+)\]")
_SENTENCE = re.compile(
    r"(?:[^。！？!?；;\n.]|\.(?=\S))+[。！？!?；;.]*[」』”\")）]*(?:[ \t]*\[\d+\])*[。！？!?；;.]?"
)
_CJK_RUN = re.compile(r"[㐀-鿿豈-﫿]+")
_WORD = re.compile(r"[a-z0-9]+(?:[.:,/-][a-z0-9]+)*")


def says(text: str, answers: Iterable[str]) -> bool:
    """Whether a text contains one of the answers, spaces and punctuation aside.

    Numbers count by value, in whatever form: 「十點」 is 「10:00」, 「二千八百元」 is
    「2,800 元」. What else an answer says besides its numbers must stand in the text too.
    """
    plain, facts = _bare(text), claims(text)
    return any(_within(answer, plain, facts) for answer in answers)


def _within(answer: str, plain: str, facts: tuple[Claim, ...]) -> bool:
    bare, numbers = _bare(answer), claims(answer)
    if not bare:
        return False
    if not numbers:
        return bare in plain
    words = _words_between(answer, numbers)
    known = all(any(agree(number, fact) for fact in facts) for number in numbers)
    return (known and all(word in plain for word in words)) or _whole_number(bare, plain)


def _words_between(answer: str, numbers: tuple[Claim, ...]) -> list[str]:
    rest = answer
    for number in numbers:
        rest = rest.replace(number.surface, "\n")
    return [word for part in rest.split("\n") if (word := _bare(part))]


def _whole_number(bare: str, plain: str) -> bool:
    """Word for word, but 「80」 does not stand in 「1980」."""
    start = plain.find(bare)
    while start >= 0:
        end = start + len(bare)
        cut_before = bare[0].isdigit() and plain[start - 1 : start].isdigit()
        cut_after = bare[-1].isdigit() and plain[end : end + 1].isdigit()
        if not cut_before and not cut_after:
            return True
        start = plain.find(bare, start + 1)
    return False


def _bare(text: str) -> str:
    return _NOISE.sub("", fold(_MARK.sub("", text)))


def valid_citations(answer: Answer) -> list[bool]:
    """One verdict a citation: its quote is verbatim and bears a sentence that cites it."""
    texts = [scored.passage.text for scored in answer.passages]
    return [
        any(citation.quote and citation.quote in text for text in texts)
        and any(supports(citation, sentence) for sentence in citing(answer.text, number))
        for number, citation in enumerate(answer.citations, 1)
    ]


def citing(text: str, number: int) -> list[str]:
    """The sentences that carry ``[number]``; a mark after the full stop belongs before it."""
    mark = f"[{number}]"
    return [match.group() for match in _SENTENCE.finditer(text) if mark in match.group()]


def supports(citation: Citation, sentence: str) -> bool:
    """Enough content terms in common (`SUPPORT`).

    A sentence in another script than its quote (an English answer from a Chinese document)
    shares no words; there one number or name in common is enough.
    """
    said, quoted = content_terms(_MARK.sub("", sentence)), content_terms(citation.quote)
    if not said or not quoted:
        return False
    common = said & quoted
    if _chinese(said) != _chinese(quoted):
        return bool(common)
    return len(common) >= SUPPORT * min(len(said), len(quoted))


def content_terms(text: str) -> frozenset[str]:
    """Chinese bigrams (a lone character stands for itself), Latin and digit runs whole."""
    folded = fold(text)
    found = set(_WORD.findall(folded)) | {f"={claim.value}" for claim in claims(text)}
    for run in _CJK_RUN.findall(folded):
        found.update(run[i : i + 2] for i in range(max(1, len(run) - 1)))
    return frozenset(found)


def _chinese(terms: frozenset[str]) -> bool:
    return any(_CJK_RUN.match(term) for term in terms)

"""Curated answers: the same question gets the answer that a person wrote.

book.py         `Annotations`: everything that others call
matching.py     exact, then similar; rules.py with numbersets, contrasts, frames and asked
                says what forbids a hit however close two questions lie
writing.py reading.py drafts.py keys.py     SQL, and what may be written into it
calibration.py bank.py thresholds.py curve.py     from which cosine a match is taken
transfer.py sheet.py cells.py      CSV in and out
rot.py          whether what an answer rests on is still what it was
"""

from bot.annotations.book import Annotations, Details, Explanation
from bot.annotations.keys import exact_key
from bot.annotations.numbersets import numbers_agree
from bot.annotations.opening import open_annotations
from bot.annotations.reading import Filters
from bot.annotations.records import (
    Annotation,
    AnnotationError,
    Candidate,
    Draft,
    Hit,
    Matched,
    Near,
    Saved,
)
from bot.annotations.transfer import ImportReport, export_csv, import_csv

__all__ = [
    "Annotation",
    "AnnotationError",
    "Annotations",
    "Candidate",
    "Details",
    "Draft",
    "Explanation",
    "Filters",
    "Hit",
    "ImportReport",
    "Matched",
    "Near",
    "Saved",
    "exact_key",
    "export_csv",
    "import_csv",
    "numbers_agree",
    "open_annotations",
]

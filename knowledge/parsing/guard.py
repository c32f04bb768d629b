"""The one place that says what a library may raise on a damaged file.

Fuzzing showed that none of the Office libraries keeps to its own exceptions: a
cut-off or flipped file comes out as KeyError, BadZipFile, TypeError, … So the
tuple below is wide, but it is a list, and bugs such as NameError stay visible.
"""

import csv
import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from knowledge.errors import DocumentError

DAMAGED: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,  # zipfile: a compression method Python does not know
    OSError,
    RecursionError,
    RuntimeError,  # PdfiumError is one; zipfile: an entry that wants a password
    SyntaxError,  # lxml's and ElementTree's parse errors are SyntaxErrors
    TypeError,
    ValueError,  # UnicodeError and openpyxl's CellCoordinatesException-like errors
    csv.Error,
    struct.error,
    xml.parsers.expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def damage(source: str, *extra: type[Exception]) -> Iterator[None]:
    """Turn what a library raises, and `extra` of its own, into `file.damaged`.

    Raises:
        DocumentError: code `file.damaged`; one raised inside passes unchanged.
    """
    try:
        yield
    except (*DAMAGED, *extra) as error:
        raise DocumentError("file.damaged", source=source) from error

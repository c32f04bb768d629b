"""Runs a program for whom permissions hold, whoever runs the tests."""

import os
import shutil

import pytest


def without_privilege() -> tuple[str, ...]:
    """A prefix under which permissions hold for root, too."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root reads everything, and there is no setpriv to prevent it")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

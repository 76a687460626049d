from __future__ import annotations

import subprocess
import sys

from tests.loadtests.conftest import ROOT


def test_the_command_line_never_sees_locust_or_gevent() -> None:
    program = (
        "import sys, loadtests.run, loadtests.analysis, loadtests.cost;"
        "sys.exit(bool({'locust', 'gevent'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0

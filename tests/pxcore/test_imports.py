"""What importing costs: `pxcore` is light, and nothing of it brings Prefect or pandas along."""

import json
import subprocess
import sys

from patience import patience

PROBE = """
import json, sys, time
before = time.perf_counter()
import pxcore
light = time.perf_counter() - before
import pxcore.cli, pxcore.session.process, pxcore.paper.process, pxcore.simulation.run
heavy = [n for n in ("prefect", "pandas", "numpy", "flows", "tasks") if n in sys.modules]
print(json.dumps({"light_s": light, "heavy": heavy}))
"""


def test_import_is_quick_and_knows_nothing_of_prefect_or_pandas():
    found = json.loads(subprocess.check_output([sys.executable, "-c", PROBE], text=True))
    assert found["light_s"] < patience(0.25)
    assert found["heavy"] == []

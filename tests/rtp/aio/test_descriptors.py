import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent
TRIED = """
import resource
from rtp.aio.descriptors import raise_limit
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
assert raise_limit() == hard and resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
assert raise_limit() == hard
"""


def test_the_limit_of_open_files_is_raised_to_what_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", TRIED], cwd=ROOT, check=True)

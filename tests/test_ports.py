import subprocess
import sys
from pathlib import Path

from tests.ports import BLOCK, free_port, free_ports, is_free

ROOT = Path(__file__).parent.parent
OTHER = "from tests.ports import free_port\nprint(*(free_port() for _ in range(300)))"


def test_runs_side_by_side_are_never_given_the_same_port() -> None:
    ours = {free_port() for _ in range(3 * BLOCK)}
    others = {
        int(port)
        for _ in range(3)
        for port in subprocess.run(
            [sys.executable, "-c", OTHER], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
    }
    assert len(others) > BLOCK
    assert not ours & others


def test_ports_in_a_row_begin_with_an_even_one_and_are_free() -> None:
    first = free_ports(2)
    assert first % 2 == 0
    assert is_free(first)
    assert is_free(first + 1)

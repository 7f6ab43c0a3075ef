import hashlib

from acd.commands import CONSTANTS, LIBRARIES, assemble, scripts


def test_every_command_has_the_constants_and_the_library_before_it() -> None:
    for name, script in scripts().items():
        assert script.text.startswith("local OFFER_GRACE_MS = 3000\n")
        assert all(f"local {constant} = {value}\n" in script.text for constant, value in CONSTANTS.items())
        assert script.text.index("local est = ") < script.text.index("local function close(")
        assert script.text.index("local function close(") < script.text.index(f"-- {name}")
        assert script.sha == hashlib.sha1(script.text.encode()).hexdigest()


def test_library_is_no_command() -> None:
    assert not set(LIBRARIES) & assemble().keys()
    assert {"enqueue", "accept", "leave", "due"} <= assemble().keys()

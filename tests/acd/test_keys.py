import pytest

from acd.keys import FIXED, Keys


def test_all_keys_of_a_tenant_share_its_hash_tag() -> None:
    keys = Keys("nav")
    assert keys.fixed == tuple(f"svar:{{nav}}:{name}" for name in FIXED)
    assert keys.named("waiting:x") == "svar:{nav}:waiting:x"


@pytest.mark.parametrize("tenant", ["", "a}b", "a b", "x" * 65])
def test_tenant_that_would_spoil_the_hash_tag_is_refused(tenant: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 64"):
        Keys(tenant)

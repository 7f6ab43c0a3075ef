"""What a version is: its listing, its id, and what may not be in it whoever put it into the store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.versions import Damaged, File, VersionError, VersionId, digest, identify, listing, verified

paths = st.from_regex(r"[a-z]{1,8}(/[a-z0-9_]{1,8}){0,3}\.(yaml|wav)", fullmatch=True)
contents = st.dictionaries(paths, st.binary(max_size=50), max_size=6)


@given(contents, contents)
def test_versions_are_the_same_where_their_files_are(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    ids = identify(listing(one)), identify(listing(other))
    assert (ids[0] == ids[1]) == (one == other)
    assert identify(reversed(listing(one))) == ids[0]


@given(contents)
def test_what_was_listed_is_verified_and_nothing_else(content: dict[str, bytes]) -> None:
    files = listing(content)
    blobs = {file.sha256: content[file.path] for file in files}
    assert verified(identify(files), files, blobs) == content
    with pytest.raises(Damaged):
        verified(VersionId("0" * 64), files, blobs)
    for sha in blobs:
        with pytest.raises(Damaged):
            verified(identify(files), files, {**blobs, sha: b"x" * 60})


@pytest.mark.parametrize("path", ["../main.yaml", "/etc/passwd", "a//b", "a/./b", "", "a\nb.yaml", "x" * 201])
def test_a_path_that_leads_elsewhere_is_refused_on_the_way_in_and_out(path: str) -> None:
    with pytest.raises(VersionError):
        listing({path: b"x"})
    files = [File(path, digest(b"x"), 1)]
    with pytest.raises(VersionError):
        verified(identify(files), files, {digest(b"x"): b"x"})

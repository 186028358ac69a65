"""What stays whole, what is thinned, what goes: a budget and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hippocampus.night.episode import Kept
from hippocampus.night.sorting import Sortable, sort_files

FILES = st.lists(
    st.builds(
        Sortable,
        name=st.text("abc/0123456789", min_size=1, max_size=8),
        bytes=st.integers(0, 1000),
        thin_bytes=st.none() | st.integers(0, 200),
        salience=st.floats(0.0, 1.0),
        protected=st.booleans(),
    ),
    unique_by=lambda file: file.name,
)


@given(FILES, st.integers(-100, 5000), st.integers(-100, 1000))
def test_budgets_hold_and_what_is_protected_stays(files, raw, thin):
    fates = sort_files(files, raw, thin)
    assert [fate.name for fate in fates] == [file.name for file in files]
    by_name = {file.name: file for file in files}
    kept = [by_name[fate.name] for fate in fates if fate.kept is Kept.RAW]
    thinned = [fate for fate in fates if fate.kept is Kept.THINNED]
    own = sum(file.bytes for file in kept if not file.protected)
    assert own == 0 or sum(file.bytes for file in kept) <= raw
    assert not thinned or sum(fate.bytes for fate in thinned) <= thin
    for fate in fates:
        file = by_name[fate.name]
        assert fate.kept is Kept.RAW or not file.protected
        assert (
            fate.bytes
            == {
                Kept.RAW: file.bytes,
                Kept.THINNED: file.thin_bytes,
                Kept.FORGOTTEN: 0,
            }[fate.kept]
        )


def test_the_more_salient_stays():
    files = [Sortable(str(n), 100, 10, salience=n / 10, protected=False) for n in range(10)]
    fates = sort_files(files, 300, 40)
    assert "".join(fate.kept.value[0] for fate in fates) == "ffft" + "ttt" + "rrr"

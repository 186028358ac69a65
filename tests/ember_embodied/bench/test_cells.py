from __future__ import annotations

import pytest

from ember_embodied import family
from ember_embodied.bench import cells


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_member_of_the_family_has_its_parity_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ("lif_learnable", "mlp")
    whole = family.members
    monkeypatch.setattr(family, "members", lambda base: [m for m in whole(base) if m[0] in few])
    claims = cells.run(range(1), steps=50)
    assert {c.name.partition(":")[0] for c in claims} == set(few)
    assert len(claims) == 2 * len(few)
    assert all(c.holds and c.n == 50 for c in claims)

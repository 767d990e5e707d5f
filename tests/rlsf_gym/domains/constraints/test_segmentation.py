from rlsf_gym.domains.constraints.segmentation import Claims


def test_every_symbol_is_a_claim_unless_some_close_them():
    cells = Claims("[1-9]")
    units = cells.units("1 2.3")
    assert units.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert cells.groups("1 2.3", units).tolist() == [0, 1, 2]
    assert cells.groups("", cells.units("")).tolist() == []


def test_claims_end_with_what_closes_them():
    claims = Claims(r"[A-Z]|\.", closing=r"\.")
    assert claims.groups("A.BC.D", claims.units("A.BC.D")).tolist() == [0, 0, 1, 1, 1, 2]

"""Models and refutations: what holds is accepted, and what does not, or says too much, is refused."""

import pytest

from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.domains.constraints.checker.formula import Formula

# 1 and 2 differ and are alike, so that unit propagation sees nothing; 3 and 4 are free.
DIFFER = [(1, 2), (-1, -2), (1, -2), (-1, 2), (3, 4)]
# The same, if 3 holds.
IF_3 = [(*clause, -3) for clause in DIFFER[:4]]


def test_a_proof_that_holds():
    Formula(DIFFER, 4).check_refutation([], (), ["1 0", "0"])
    Formula(DIFFER, 4).check_refutation([], (3,), ["-2 0", "0"])
    Formula(IF_3, 4).check_refutation([3], (4,), ["1 0", "0"])
    Formula(IF_3, 4).check_refutation([], (3,), ["-2 0", "0"])
    with pytest.raises(CertificateError, match="proof must refute"):
        Formula(IF_3, 4).check_refutation([], (), ["-2 0", "0"])


def test_none_is_needed_where_unit_propagation_refutes():
    formula = Formula(DIFFER, 4)
    formula.check_refutation([1], (3,), [])
    formula.check_refutation([3], (1,), [])
    with pytest.raises(CertificateError, match="proof must be empty, as unit propagation refutes, but is"):
        formula.check_refutation([1], (3,), ["2 0", "0"])
    with pytest.raises(CertificateError, match="proof must be empty, as unit propagation refutes, but is"):
        formula.check_refutation([1], (3,), ["0"])


def test_a_clause_of_several_literals_helps():
    formula = Formula([(-1, 3), (-2, 3), (-3, 4), (-3, -4)], 4)
    formula.check_refutation([4], (1, 2), [])  # not 3, so neither 1 nor 2
    with pytest.raises(CertificateError, match=r"proof must refute \[\[4\], \[1, 2, -3\]\]: every step"):
        formula.check_refutation([4], (1, 2, -3), [])
    assert formula.is_satisfiable([4], (1, 2, -3)) and not formula.is_satisfiable([4], (1, 2))


@pytest.mark.parametrize(
    ("proof", "message"),
    [
        (["0"], "refute .*: clause is not RUP"),
        ([], "refute .*: every step verified, but the proof never derives the empty clause"),
        (["1 0"], "have lines such as '-3 7 0' and end with '0'"),
        (["3 0", "0"], "refute .*: clause is not RUP"),
        (["-4 1 0", "1 0", "0"], "have no line that can be left out, such as '-4 1 0'"),
        (["1 0", "2 0", "0"], "have no line that can be left out, such as '1 0'"),
        (["1 0", "0", "0"], "have lines such as '-3 7 0' and end with '0'"),
        (["1 5 0", "1 0", "0"], "be about the 4 variables of the formula"),
        (["d 3 4 0", "1 0", "0"], "have lines such as"),
        (["1  0", "0"], "have lines such as"),
        (["+1 0", "0"], "have lines such as"),
        (["01 0", "0"], "have lines such as"),
        (["1 0\n", "0"], "have lines such as"),
        (["1", "0"], "have lines such as"),
        (["\u0661 0", "0"], "have lines such as"),
        ("1 0", "be a list of lines"),
        ([1, 0], "be a list of lines"),
        ([["1 0"], "0"], "be a list of lines"),
        (None, "be a list of lines"),
    ],
)
def test_other_proofs_are_refused(proof, message):
    formula = Formula(DIFFER, 4)
    for _ in range(2):  # remembered or not
        with pytest.raises(CertificateError, match=f"^proof must {message}"):
            formula.check_refutation([], (3,), proof)


def test_what_can_hold_is_not_refuted():
    for proof in (["1 0", "0"], ["0"], ["-1 0", "0"], []):
        with pytest.raises(CertificateError, match="proof must refute"):
            Formula(IF_3, 4).check_refutation([-3], (4,), proof)


def test_a_clause_that_always_holds_changes_nothing():
    Formula([*DIFFER, (3, -3, 1)], 4).check_refutation([], (3,), ["1 0", "0"])


def test_models_are_checked_clause_by_clause():
    formula = Formula([(1, 2), (-1, 3)], 3)
    formula.check_model([1, 3], [1, -2])
    formula.check_model([2], [])
    for model, literals, message in (
        ([1], [], r"model must satisfy \[-1, 3\], but is \[1\]"),
        ([], [], r"model must satisfy \[1, 2\], but is \[\]"),
        ([1, 3], [2], r"model must satisfy \[2\], but is \[1, 3\]"),
        ([3, 1], [], r"model must be variables from 1 to 3, increasing"),
        ([2, 2], [], r"model must be variables from 1 to 3, increasing"),
        ([2, 4], [], r"model must be variables from 1 to 3, increasing"),
        ([-1, 2], [], r"model must be variables from 1 to 3, increasing"),
        ([True, 3], [], "model must be a list of variables, but is"),
        ([1.0, 3], [], "model must be a list of variables, but is"),
        ((1, 3), [], "model must be a list of variables, but is"),
        (None, [], "model must be a list of variables, but is None"),
    ):
        with pytest.raises(CertificateError, match=message):
            formula.check_model(model, literals)

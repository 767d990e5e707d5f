"""The enumerable game: maths by hand and by slow formulas, and what the reward designs must show in it."""

import itertools

import numpy as np
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from rlsf_gym.designs import DESIGNS, load_design
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.word_game import (
    CRITICS,
    TWO_WORDS,
    WORDS,
    WordGame,
    expected_gradient,
    gae,
    measure_credit,
    pay_responses,
    roll_out,
    soft_optimal,
    true_gradient,
    tune_beta,
)
from rlsf_gym.word_game.gradient import gradient_variance

SMALL = 3  # words, and as many positions


@pytest.fixture
def logits():
    return np.random.default_rng(5).standard_normal((SMALL + 1, SMALL))


@pytest.fixture
def table():
    """Rewards of all 27 responses of the small game, of three words each."""
    return np.random.default_rng(6).standard_normal((SMALL**SMALL, SMALL))


def responses():
    return itertools.product(range(SMALL), repeat=SMALL)


def expected_gain(logits, gains):
    """E[u], one response after the other."""
    total = 0.0
    for gain, words in zip(gains, responses(), strict=True):
        probability, state = 1.0, SMALL
        for word in words:
            probability *= np.exp(logits[state, word]) / sum(np.exp(logits[state]))
            state = word
        total += probability * gain
    return total


def single_gradients(logits, advantages):
    """Probability and sum_t A_t g_t of each response, one after the other."""
    policy = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row, words in zip(advantages, responses(), strict=True):
        gradient, probability, state = np.zeros_like(logits), 1.0, SMALL
        for advantage, word in zip(row, words, strict=True):
            gradient[state] -= advantage * policy[state]
            gradient[state, word] += advantage
            probability *= policy[state, word]
            state = word
        yield probability, gradient


# The game


def test_all_responses_in_order():
    game = WordGame()
    texts = game.texts()
    assert len(set(texts)) == len(texts) == 12**4 == len(game.actions())
    assert (texts[0], texts[1], texts[-1]) == (
        " not not not not",
        " not not not but",
        " plot plot plot plot",
    )


def test_gains_are_those_of_the_library_without_its_rounding():
    game = WordGame(choices=(("not", "slightly"), ("good", "but"), ("awful", "plot")))
    gains = pay_responses(game, {"terminal": DESIGNS["terminal"]}).gains
    library = SentimentIntensityAnalyzer()
    rounded = [library.polarity_scores("The film was" + text)["compound"] for text in game.texts()]
    np.testing.assert_allclose(gains, rounded, atol=5.1e-5)
    assert not np.array_equal(gains, rounded)


def test_a_word_pays_at_once():
    game = WordGame(choices=(("good",), ("plot",)))
    gains, rewards = pay_responses(game, {"potential": DESIGNS["potential"]})
    np.testing.assert_allclose(rewards["potential"], [[gains[0], 0.0]], atol=1e-12)


def test_tables_do_not_depend_on_the_other_designs():
    game = WordGame(choices=(("good", "bad", "plot"),) * 2)
    alone = pay_responses(game, {"shuffled": DESIGNS["shuffled"]}, seed=3).rewards["shuffled"]
    among = pay_responses(game, {name: DESIGNS[name] for name in ("terminal", "shuffled")}, seed=3)
    np.testing.assert_array_equal(alone, among.rewards["shuffled"])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ((), "one or more words at each of one or more positions"),
        ((("good",), ()), "one or more words at each of one or more positions"),
        ((("zeitgeist",),), "none of which begins ' zeitgeist'"),
        ((("not good",),), "must be single words of the toy language"),
    ],
)
def test_words_that_make_no_game(choices, message):
    with pytest.raises(ValueError, match=message):
        WordGame(choices=choices)


def test_no_design():
    with pytest.raises(ValueError, match="one or more reward designs, got none"):
        pay_responses(TWO_WORDS, {})


# The maths


def test_true_gradient_against_finite_differences(logits):
    gains, step = np.random.default_rng(7).standard_normal(SMALL**SMALL), 1e-5
    numeric = np.zeros_like(logits)
    for place in np.ndindex(*logits.shape):
        shifted = np.zeros_like(logits)
        shifted[place] = step
        rise = expected_gain(logits + shifted, gains) - expected_gain(logits - shifted, gains)
        numeric[place] = rise / (2 * step)
    np.testing.assert_allclose(true_gradient(roll_out(logits, SMALL), gains), numeric, atol=1e-9)


def test_expectation_and_variance_against_a_sum_over_responses(logits, table):
    pairs = list(single_gradients(logits, table))
    mean = sum(probability * gradient for probability, gradient in pairs)
    variance = sum(probability * np.square(gradient - mean).sum() for probability, gradient in pairs)
    rollouts = roll_out(logits, SMALL)
    np.testing.assert_allclose(expected_gradient(rollouts, table), mean, atol=1e-12)
    assert gradient_variance(rollouts, table) == pytest.approx(variance, rel=1e-12)
    np.testing.assert_allclose(rollouts.probabilities, [probability for probability, _ in pairs], rtol=1e-12)


def test_advantages_by_hand():
    # delta = 1 + 1 - 0.5, 2 + 1.5 - 1, 3 - 1.5; A_2 = 1.5, A_1 = 2.5 + 0.5 * 1.5, A_0 = 1.5 + 0.5 * 3.25.
    rewards, values = np.array([[1.0, 2.0, 3.0]]), np.array([[0.5, 1.0, 1.5]])
    assert gae(rewards, values, 0.5).tolist() == [[3.125, 3.25, 1.5]]
    assert gae(rewards, values, 1.0).tolist() == [[5.5, 4.0, 1.5]]  # return less value
    assert gae(rewards, values, 0.0).tolist() == [[1.5, 2.5, 1.5]]


def test_critics_by_hand():
    to_go = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    probabilities, sizes = np.array([0.1, 0.3, 0.4, 0.2]), (2, 2)
    values = {name: critic(to_go, probabilities, sizes) for name, critic in CRITICS.items()}
    assert not values["none"].any()
    # 0.1 + 0.6 + 1.2 + 0.8 = 2.7, and ten times that.
    np.testing.assert_allclose(values["mean"], [[2.7, 27.0]] * 4)
    # After the first word: (1 + 6) / 0.4 = 17.5 and (12 + 8) / 0.6 = 33.3.
    np.testing.assert_allclose(
        values["exact"], [[2.7, 17.5], [2.7, 17.5], [2.7, 100 / 3], [2.7, 100 / 3]], rtol=1e-12
    )


def test_cosine_and_noise_by_hand():
    # One word of two, evenly: g = (1/2, -1/2) or its opposite, with gain 1 or 0 and no critic: G = g or 0,
    # E[G] = (1/4, -1/4) of squared norm 1/8, E|G|^2 = 1/2 * 1/2.
    rollouts = roll_out(np.zeros((3, 2)), 1)
    gains = np.array([1.0, 0.0])
    credit = measure_credit(rollouts, gains[:, None], gains, critic="none", lam=1.0)
    assert credit == pytest.approx((1.0, 1.0))
    assert measure_credit(rollouts, -gains[:, None], gains, critic="none", lam=1.0).cosine == pytest.approx(
        -1.0
    )


@pytest.mark.parametrize(("critic", "lam"), [("perfect", 1.0), ("mean", 1.5)])
def test_unknown_critic_or_lambda(critic, lam, logits, table):
    with pytest.raises(ValueError, match="critic must be one of none, mean, exact and lam in"):
        measure_credit(roll_out(logits, SMALL), table, table[:, 0], critic=critic, lam=lam)


def test_rewards_without_a_gradient(logits):
    same = np.ones((SMALL**SMALL, SMALL))
    with pytest.raises(ValueError, match="must differ between responses"):
        measure_credit(roll_out(logits, SMALL), same, np.arange(27.0), critic="exact", lam=1.0)


def test_logits_of_another_shape():
    with pytest.raises(ValueError, match=r"shape \(V \+ 1, V\)"):
        roll_out(np.zeros((3, 3)), 2)


def test_soft_optimal_policy_of_the_terminal_reward_is_the_gibbs_distribution():
    gains = np.array([0.0, 1.0, -1.0, 0.5])
    policy = soft_optimal(np.stack([np.zeros(4), gains], axis=1), (2, 2), beta=0.7)
    wanted = np.exp(gains / 0.7) / np.exp(gains / 0.7).sum()
    np.testing.assert_allclose(policy.probabilities, wanted, rtol=1e-12)
    assert policy.kl == pytest.approx(float(wanted @ np.log(4 * wanted)), rel=1e-12)


def test_beta_of_a_distance():
    rewards = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.0, 0.5]])
    beta = tune_beta(rewards, (2, 2), kl=0.25)
    assert soft_optimal(rewards, (2, 2), beta=beta).kl == pytest.approx(0.25, abs=1e-9)
    with pytest.raises(ValueError, match=r"kl must be from .* for these rewards, got 2"):
        tune_beta(rewards, (2, 2), kl=2.0)
    with pytest.raises(ValueError, match="beta must be positive"):
        soft_optimal(rewards, (2, 2), beta=0.0)


# The designs in it

SERVED = {name: design for name, design in DESIGNS.items() if has_offer("vader", design.needs)}
POTENTIALS = [
    name for name, design in SERVED.items() if design.causal and design.conserving and not design.draws
]


@pytest.fixture(scope="module")
def payments():
    """The game with three words a response, under all designs."""
    designs = {**SERVED, "on_words": load_design("rule_certificate", at="unit")}
    return pay_responses(WordGame(choices=(WORDS,) * 3), designs)


@pytest.fixture(scope="module")
def policies():
    size = len(WORDS)
    return [roll_out(np.random.default_rng(seed).standard_normal((size + 1, size)), 3) for seed in range(6)]


def credits_of(policies, payments, name, *, critic="mean", lam=1.0):
    rewards = payments.rewards[name]
    found = [measure_credit(one, rewards, payments.gains, critic=critic, lam=lam) for one in policies]
    return np.array(found).T  # cosines, noises


@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("name", POTENTIALS)
def test_potentials_have_the_true_gradient(policies, payments, name, critic):
    cosines, _ = credits_of(policies, payments, name, critic=critic)
    np.testing.assert_allclose(cosines, 1.0, atol=1e-9)


@pytest.mark.parametrize("lam", [1.0, 0.95, 0.8, 0.0])
@pytest.mark.parametrize("name", POTENTIALS)
def test_with_the_exact_critic_potentials_are_terminal(policies, payments, name, lam):
    mine = credits_of(policies, payments, name, critic="exact", lam=lam)
    terminal = credits_of(policies, payments, "terminal", critic="exact", lam=lam)
    np.testing.assert_allclose(mine, terminal, atol=1e-9)


def test_a_draw_of_later_tokens_is_noise_and_a_draw_of_any_is_a_bias(policies, payments):
    """One draw for each of 1,728 responses: an average over many of them, which nears the expectation."""
    late, anywhere = (credits_of(policies, payments, name)[0] for name in ("delayed", "shuffled"))
    assert (late > 0.99).all()
    assert (anywhere < 0.99).any()
    assert anywhere.mean() < late.mean()


def test_with_a_crude_critic_potential_is_worth_more_the_smaller_lambda(policies, payments):
    ratios = [
        credits_of(policies, payments, "potential", lam=lam)[1]
        / credits_of(policies, payments, "terminal", lam=lam)[1]
        for lam in (1.0, 0.95, 0.8)
    ]
    assert (ratios[0] < 0.85).all()
    assert (ratios[1] < ratios[0]).all()
    assert (ratios[2] < ratios[1]).all()


def test_order_of_the_designs(policies, payments):
    means = {name: credits_of(policies, payments, name)[0].mean() for name in payments.rewards}
    order = ("on_words", "shapley", "leave_one_out", "lexicon", "seed_legacy")
    assert sorted(order, key=means.__getitem__, reverse=True) == list(order)
    # On its trigger, a rule's amount is paid for what the next word does.
    assert means["on_words"] > 0.98 > means["rule_certificate"]
    assert (credits_of(policies, payments, "seed_legacy")[0] < -0.9).all()


def test_as_many_shares_as_words_turn_no_gradient_round(policies, payments):
    # Uniform front-loads the gradient, and broadcast is T times the same.
    uniform, broadcast = (credits_of(policies, payments, name) for name in ("uniform", "broadcast"))
    np.testing.assert_allclose(uniform, broadcast, atol=1e-9)
    assert ((uniform[0] > 0.9) & (uniform[0] < 1.0 - 1e-3)).all()


# The game of two words


@pytest.fixture(scope="module")
def two_words():
    on_words = load_design("rule_certificate", at="unit")
    return pay_responses(TWO_WORDS, {**SERVED, "rule_certificate_on_words": on_words})


def settle(payments, name, kl=0.5):
    """P(good | not) and the expected gain of the soft-optimal policy."""
    rewards, sizes = payments.rewards[name], TWO_WORDS.sizes
    policy = soft_optimal(rewards, sizes, beta=tune_beta(rewards, sizes, kl=kl)).probabilities
    after_not = policy.reshape(sizes)[0]
    return after_not[0] / after_not.sum(), float(policy @ payments.gains)


def test_shapley_prefers_good_after_not_by_hand(two_words):
    # Shapley by hand: "good" alone is h(1.9) = 0.4404, "not good" h(-1.406) = -0.3412, "not" alone 0, so that
    # "good" earns (0.4404 - 0.3412) / 2 = 0.0496; "bad" in the same way (-0.5423 + 0.4310) / 2 = -0.0557.
    np.testing.assert_allclose(two_words.rewards["shapley"][:2, 1], [0.0496, -0.0557], atol=6e-5)


# P(good | not) and the reward at a KL of 0.5 nats: the table of docs/designs.md.
@pytest.mark.parametrize(
    ("name", "choice", "gain"),
    [
        ("terminal", 0.076, 0.420),
        ("potential", 0.076, 0.420),
        ("rule_certificate_on_words", 0.076, 0.420),
        ("shapley", 0.583, 0.324),
        ("rule_certificate", 0.895, 0.226),
        ("lexicon", 0.952, 0.068),
    ],
)
def test_hindsight_flips_the_choice_in_the_two_word_game(two_words, name, choice, gain):
    assert settle(two_words, name) == pytest.approx((choice, gain), abs=1e-3)


@pytest.mark.parametrize("kl", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("name", POTENTIALS)
def test_potentials_have_the_soft_optimal_policy_of_terminal(two_words, name, kl):
    beta = tune_beta(two_words.rewards["terminal"], TWO_WORDS.sizes, kl=kl)
    mine, terminal = (
        soft_optimal(two_words.rewards[one], TWO_WORDS.sizes, beta=beta) for one in (name, "terminal")
    )
    np.testing.assert_allclose(mine.probabilities, terminal.probabilities, atol=1e-12)
    assert mine.kl == pytest.approx(kl, abs=1e-9)


def test_a_design_that_the_scorer_does_not_serve():
    with pytest.raises(ValueError, match="'attention' needs a scorer that offers 'attention'"):
        pay_responses(TWO_WORDS, {"attention": DESIGNS["attention"]})

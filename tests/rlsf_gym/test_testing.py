"""The checks pass what keeps its promises, and name the promise that somebody else's part breaks."""

from dataclasses import fields, replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import rlsf_gym
from rlsf_gym.certificates import Certificate, CertificateError
from rlsf_gym.checker import CHECKERS
from rlsf_gym.designs import DESIGNS, Design, every_prefix, one_text
from rlsf_gym.designs.outcome import broadcast, terminal, uniform
from rlsf_gym.designs.prefix import potential
from rlsf_gym.scorers import Assessment, VaderScorer
from rlsf_gym.testing import ContractError, check_design, check_environment, check_episode, check_scorer

MODES = (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED, AutoresetMode.NEXT_STEP)


def setting(key, value):
    """Returns a function that sets a key of an info."""
    return lambda info: info.update({key: value})


def without(key):
    return lambda info: info.pop(key, None)


# Environments


@pytest.mark.parametrize("name", rlsf_gym.IDS)
def test_our_environments_keep_the_contract(name):
    check_environment(gym.make(name), episodes=5)


@pytest.mark.parametrize("kind", ["coins", "coin_steps"])
def test_an_environment_of_somebody_else_that_keeps_the_contract_passes(kind, request):
    env = request.getfixturevalue(kind)
    check_environment(env())
    check_environment(gym.wrappers.TimeLimit(env(), 3))
    for mode in MODES:
        check_environment(SyncVectorEnv([env] * 3, autoreset_mode=mode))


def test_native_vectors_keep_the_contract():
    for mode in ("SameStep", "Disabled"):
        check_environment(gym.make_vec("rlsf_gym/Sentiment-v0", num_envs=3, autoreset_mode=mode), episodes=6)


BUFFER = np.zeros(5, np.float32)

BROKEN_STEPS = [
    (without("certificate"), "info of the last step must have 'certificate', got the keys"),
    (setting("response_length", 2.0), r"info\['response_length'\] must be of type int, got float"),
    (setting("response_length", True), r"info\['response_length'\] must be of type int, got bool"),
    (setting("score", np.float32(1)), r"info\['score'\] must be of type float, got float32"),
    (setting("utility", np.nan), r"info\['utility'\] must be finite, got nan"),
    (setting("token_rewards", np.zeros(5)), r"token_rewards'\] must be float32 of shape \(5,\), got float64"),
    (
        setting("token_rewards", np.zeros(4, np.float32)),
        r"float32 of shape \(5,\), got float32 of shape \(4,\)",
    ),
    (setting("token_rewards", np.full(5, np.nan, np.float32)), "reward must be a finite float, got nan"),
    (setting("token_rewards", np.ones(5, np.float32)), r"must be zero where info\['response_mask'\] is zero"),
    (setting("token_rewards", BUFFER), r"info\['token_rewards'\] must be a fresh array in each call"),
    (
        setting("response_mask", np.ones(5, bool)),
        r"info\['response_mask'\] must be int8 of shape \(5,\), got bool",
    ),
    (
        setting("response_mask", np.array([0, 1, 0, 0, 0], np.int8)),
        "must be 1 on the first tokens and 0 after",
    ),
    (setting("response_length", 7), r"info\['response_length'\] must be the sum of the mask, \d, got 7"),
    (
        setting("finish_reason", "cut"),
        r"info\['finish_reason'\] must be one of eos, stop, length, empty, got 'cut'",
    ),
    (setting("finish_reason", "eos"), "must be 'empty' for no token and never else, got 'eos' for 0"),
    (setting("reward_coins", 1), r"info\['reward_coins'\] must be a finite float, got 1"),
    (setting("reward_coins", np.inf), r"info\['reward_coins'\] must be a finite float, got inf"),
    (setting("judge", 1.5), r"info\['judge'\] must be a float in \[0, 1\], got 1.5"),
    (setting("judge_order", 1), r"info\['judge_order'\] must be a float in \[0, 1\], got 1"),
    (setting("certificate", ["base"]), r"info\['certificate'\] must be a list of dicts, got str in it"),
    (setting("certificate", [{"amount": np.float32(1)}]), r"info\['certificate'\] must hold plain data"),
    (setting("certificate_payload", [1]), r"info\['certificate_payload'\] must be a dict, got list"),
    (
        setting("certificate_payload", {"proof": {1, 2}}),
        r"info\['certificate_payload'\] must hold plain data that JSON can write",
    ),
    (setting("prompt", "again"), "reset and step must share no key but 'action_mask', got 'prompt' in both"),
    (
        lambda info: info.update({f"extra {info['response_length']}": 1}),
        "every episode must end with the same keys",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BROKEN_STEPS)
def test_an_environment_that_breaks_a_promise_at_the_end_is_told_which(coins, spoil, message):
    with pytest.raises(ContractError, match=message):
        check_environment(coins(spoil_step=spoil))


@pytest.mark.parametrize("mode", MODES)
def test_a_part_of_a_vector_that_breaks_a_promise_is_told_which(coins, mode):
    parts = [coins, lambda: coins(spoil_step=setting("response_length", 7)), coins]
    with pytest.raises(ContractError, match=r"info\['response_length'\] must be the sum of the mask"):
        check_environment(SyncVectorEnv(parts, autoreset_mode=mode))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("prompt"), "info of reset must have 'prompt', got the keys 'prompt_id', 'eos_token_id'"),
        (setting("prompt_id", "4"), r"info\['prompt_id'\] must be of type int, got str"),
        (setting("eos_token_id", None), r"info\['eos_token_id'\] must be of type int, got NoneType"),
    ],
)
def test_an_environment_that_breaks_a_promise_at_the_reset_is_told_which(coins, spoil, message):
    with pytest.raises(ContractError, match=message):
        check_environment(coins(spoil_reset=spoil))


def test_an_environment_of_another_kind_is_told_what_it_lacks():
    with pytest.raises(ContractError, match=r"info of reset must have 'prompt', got the keys \(none\)"):
        check_environment(gym.make("CartPole-v1"))


@pytest.mark.parametrize(
    ("pay", "message"),
    [
        (np.float32, "reward must be a finite float, got .* of type float32"),
        (
            lambda total: float(total) + 1e-9,
            r"reward must be the sum of info\['token_rewards'\] in float64, 0.0",
        ),
        (lambda total: float("nan"), "reward must be a finite float, got nan"),
    ],
)
def test_the_reward_is_the_sum(coins, pay, message):
    with pytest.raises(ContractError, match=message):
        check_environment(coins(pay=pay))


@pytest.mark.parametrize(
    ("spoil_reset", "spoil_step", "pay", "message"),
    [
        (None, None, lambda paid: 2.0 * paid, "must add up to the sum of .*: its . steps paid"),
        (without("action_mask"), None, float, r"info must have 'action_mask' int8 \(3,\) in every step"),
        (None, without("action_mask"), float, r"info must have 'action_mask' int8 \(3,\) in every step"),
        (
            setting("action_mask", np.ones(3, np.int8)),
            None,
            float,
            "must be 0 on the end token: nothing is written yet",
        ),
        (
            None,
            lambda info: info.update(action_mask=np.ones(3)),
            float,
            r"info\['action_mask'\] must be int8 of shape \(3,\), got float64",
        ),
        (None, lambda info: info.update(action_mask=np.zeros(3, np.int8)), float, "must be 1 on some token"),
        (
            None,
            lambda info: info.setdefault("token_rewards", np.zeros(5, np.float32)),
            float,
            "must come with the last step of an episode alone",
        ),
    ],
)
def test_an_environment_of_token_steps_is_told_what_it_breaks(
    coin_steps, spoil_reset, spoil_step, pay, message
):
    with pytest.raises(ContractError, match=message):
        check_environment(coin_steps(spoil_reset, spoil_step, pay))


def test_chance_must_follow_the_seed(coins):
    chance = np.random.default_rng(0)
    with pytest.raises(
        ContractError, match=r"same seed and actions must give the same infos, .* reset 0: prompt"
    ):
        check_environment(coins(spoil_reset=lambda info: info.update(prompt=str(chance.random()))))
    with pytest.raises(ContractError, match="as info of the end of episode 0: score"):
        check_environment(coins(spoil_step=lambda info: info.update(score=chance.random())))


def test_an_episode_must_end(coin_steps):
    class Endless(coin_steps):
        def step(self, action):
            return 0, 0.0, False, False, self.mask()

    with pytest.raises(ContractError, match="an episode must end: none did within max_steps=50 steps"):
        check_environment(Endless(), max_steps=50)
    with pytest.raises(ContractError, match="an episode must end: none did within max_steps=50 steps"):
        check_environment(SyncVectorEnv([Endless]), max_steps=50)


def test_infos_must_be_fresh(coins):
    class Stale(coins):
        kept = None

        def step(self, action):
            *rest, info = super().step(action)
            self.kept = self.kept or info
            return *rest, self.kept

    with pytest.raises(ContractError, match="info must be a fresh dict in each call"):
        check_environment(Stale(pay=lambda total: 0.0), episodes=2, seed=0)


def test_a_vector_that_hands_out_its_buffers_is_told_so():
    class Buffered(gym.vector.VectorWrapper):
        buffer = None

        def step(self, actions):
            *rest, infos = self.env.step(actions)
            final = infos["final_info"]
            if self.buffer is None:
                self.buffer = final["token_rewards"]
            self.buffer[:] = final["token_rewards"]
            final["token_rewards"] = self.buffer
            return *rest, infos

    env = Buffered(gym.make_vec("rlsf_gym/Sentiment-v0", num_envs=2))
    with pytest.raises(
        ContractError, match=r"infos\['final_info'\]\['token_rewards'\] must be a fresh array"
    ):
        check_environment(env, episodes=6)


def test_what_is_no_environment_is_refused():
    with pytest.raises(
        TypeError, match=r"env must be a gymnasium.Env or a gymnasium.vector.VectorEnv, got str"
    ):
        check_environment("rlsf_gym/Sentiment-v0")


def test_one_episode_can_be_checked(coins):
    env = coins()
    env.reset(seed=0)
    _, reward, *_, info = env.step([1, 0, 1, 3, 3])
    check_episode(reward, info)
    check_episode([1.0, 0.0, 1.0], info, max_new_tokens=5)
    with pytest.raises(ContractError, match=r"float32 of shape \(4,\)"):
        check_episode(reward, info, max_new_tokens=4)
    with pytest.raises(ContractError, match=r"its 2 steps paid 1\.0"):
        check_episode([1.0, 0.0], info)
    with pytest.raises(ContractError, match=r"info\['token_rewards'\] must be finite, got \[inf"):
        check_episode(reward, info | {"token_rewards": np.full(5, np.inf, np.float32)})


# Reward designs


def returning(rewards):
    return lambda evidence, *, rng: rewards(evidence)


def leave_one_out(evidence, *, rng):
    gains = [evidence.utility_without([word]) for word in range(len(evidence.hindsight.units()))]
    return np.where(evidence.mask, sum(gains), 0.0)


def guarded(evidence, *, rng):
    return np.zeros(evidence.mask.size) if evidence.length < 2 else 1 / 0


PREFIXED = {"cost": every_prefix, "uses_prefixes": True}

BROKEN_DESIGNS = [
    (Design("x", returning(lambda e: [0.0] * 8)), r"must return float64 of shape \(8,\), got list"),
    (
        Design("x", returning(lambda e: np.zeros(3))),
        r"must return float64 of shape \(8,\), got float64 of shape \(3,\)",
    ),
    (
        Design("x", returning(lambda e: np.zeros(8, np.float32))),
        r"must return float64 of shape \(8,\), got float32",
    ),
    (Design("x", returning(lambda e: np.where(e.mask, np.nan, 0.0))), r"must pay finite rewards, got \[nan"),
    (Design("x", returning(lambda e: np.ones(8))), "must pay nothing after the 0 real tokens"),
    (
        Design("x", returning(lambda e: e.mask * np.random.default_rng().random())),
        "must pay the same for the same rng",
    ),
    (Design("x", broadcast, conserving=True), "declares conserving=True, but its rewards .* not to the gain"),
    (
        Design("x", uniform, causal=True),
        "declares causal=True, but pays token 0 with .* goes on otherwise: prompt",
    ),
    (
        Design("x", returning(lambda e: 9 * e.mask * e.utility), bounded=True),
        "declares bounded=True, but pays .*beyond 2",
    ),
    (Design("x", potential), "reads prefix_utilities without declaring it: set uses_prefixes=True: prompt"),
    (Design("x", terminal, **PREFIXED), "declares uses_prefixes=True but never reads prefix_utilities"),
    (replace(DESIGNS["potential"], cost=one_text), r"declares cost\(2\) = 1, but 2 texts had to be scored"),
    (Design("x", leave_one_out), r"declares cost\(\d\) = 1, but \d texts had to be scored"),
    (Design("x", terminal, cost=lambda length: 1.0), r"declares cost\(1\) = 1.0, but 1 texts"),
]


@pytest.mark.parametrize(("design", "message"), BROKEN_DESIGNS)
def test_a_design_that_breaks_a_promise_is_told_which(design, message):
    with pytest.raises(ContractError, match=f"^reward design '{design.name}' {message}"):
        check_design(design)


@pytest.mark.parametrize("design", ["potential", "shuffled", "seed_legacy", terminal])
def test_a_design_that_keeps_its_promises_passes(design, word_count):
    check_design(design)
    check_design(design, scorer=word_count, trials=40)


def test_a_design_may_ask_what_it_pays_for():
    check_design(Design("x", leave_one_out, cost=lambda length: 1 + length))


def test_counterexamples_are_small():
    with pytest.raises(ContractError, match=r"prompt '.*' and tokens \[[^,\]]*\] \(objective"):
        check_design(replace(DESIGNS["seed_legacy"], conserving=True))


def test_an_error_of_the_design_stays_what_it_is_and_says_where_it_happened():
    with pytest.raises(ZeroDivisionError) as caught:
        check_design(guarded)
    assert "reward design 'guarded' was given prompt" in caught.value.__notes__[0]


def test_arguments_of_a_design_are_checked_and_passed_on():
    with pytest.raises(ValueError, match="'terminal' does not take reward_design_kwargs="):
        check_design("terminal", kwargs={"beta": 1})

    def paying(evidence, *, rng, share):
        return terminal(evidence, rng=rng) * share

    check_design(Design("x", paying, conserving=True), kwargs={"share": 1.0})
    with pytest.raises(ContractError, match="declares conserving=True"):
        check_design(Design("x", paying, conserving=True), kwargs={"share": 0.5})


# Scorers


class Forgiving(Certificate):
    """Checks nothing."""

    def check(self, prompt, response):
        pass


def forgiving(certificate, **changes):
    names = [field.name for field in fields(certificate) if field.init]
    return Forgiving(**{name: changes.get(name, getattr(certificate, name)) for name in names})


def broken_vader(certify):
    class Broken(VaderScorer):
        def certify(self, prompt, response):
            return certify(super().certify(prompt, response))

    return Broken


def test_vader_and_a_scorer_that_proves_nothing_pass(word_count):
    check_scorer("vader")
    check_scorer("vader", kwargs={"but": "documented"})
    check_scorer(word_count())


@pytest.mark.parametrize(
    ("certify", "message"),
    [
        (
            lambda c: replace(c, version="0"),
            "declares verifiable=True, but its certificate of .* fails: version",
        ),
        (
            lambda c: replace(c, verifiable=False),
            "declares verifiable=True, but certifies .* with verifiable=False",
        ),
        (lambda c: replace(c, score=c.score / 2 + 0.1), "must certify its scores, got"),
        (lambda c: c.as_records(), "must certify with a Certificate, got list"),
        (
            forgiving,
            "must certify with a Certificate itself where .* got the subclass Forgiving from certify",
        ),
        (lambda c: replace(c, records=c.records[1:]), "must certify amounts that add up to the gain"),
    ],
)
def test_certificates_must_prove_what_they_claim(certify, message):
    with pytest.raises(ContractError, match=f"^scorer 'vader' {message}"):
        check_scorer(broken_vader(certify))


def numbers(count):
    """Scores that change with every call."""
    rng = np.random.default_rng(0)
    return lambda self, texts: rng.random(len(texts))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "scorer Broken must have a str as name, got ''"),
        ({"bounded": 1}, "scorer 'words' must have True or False as bounded, got 1"),
        (
            {"score": lambda self, texts: [0.0] * len(texts)},
            "must return float64 of shape .* from score, got list",
        ),
        ({"score": lambda self, texts: np.zeros(len(texts), np.float32)}, "from score, got float32 of shape"),
        (
            {"score": lambda self, texts: np.zeros((len(texts), 1))},
            r"from score, got float64 of shape \(\d+, 1\)",
        ),
        (
            {"score": lambda self, texts: np.full(len(texts), np.nan)},
            "must return finite scores from score, got nan",
        ),
        ({"score": lambda self, texts: np.full(len(texts), 3.0)}, "declares bounded=True, but returns 3.0"),
        ({"score": numbers(1)}, "same score every time, .*: set exact = False if it is neural"),
        (
            {"score": lambda self, texts: np.arange(len(texts)) / 1000.0},
            "must give a text the same score every time, got .* in another batch",
        ),
        (
            {
                "score": lambda self, texts: np.full(len(texts), 0.5 if len(texts) > 1 else 0.25),
                "exact": False,
            },
            "must give a text the same score every time, got 0.5 and, alone, 0.25",
        ),
        (
            {
                "prefix_scores": lambda self, prompt, response, ends: self.score(
                    [response[:end] for end in ends]
                )
            },
            "must give a prefix the score of its text, got .* from prefix_scores and .* from score",
        ),
        (
            {"prefix_scores": lambda self, prompt, response, ends: self.score([prompt + response])},
            "must return float64 of shape .* from prefix_scores",
        ),
        (
            {"prefix_scores_batch": lambda self, prompts, responses, ends: [np.zeros(len(e)) for e in ends]},
            "must give a prefix the score of its text, got .* from prefix_scores_batch",
        ),
        (
            {"verifiable": True, "exact": True},
            "declares verifiable=True, but certifies .* with verifiable=False",
        ),
        (
            {"certify_batch": lambda self, prompts, texts: [self.certify("", text) for text in texts]},
            "must certify its scores, got .* from certify_batch and",
        ),
        (
            {"certify_batch": lambda self, prompts, texts: []},
            "one for each of .* pairs from certify_batch, got 0",
        ),
        (
            {
                "assess_batch": lambda self, prompts, texts, ends: [
                    Assessment(self.certify(*row[:2]), np.zeros(len(row[2])))
                    for row in zip(prompts, texts, ends, strict=True)
                ]
            },
            "must give a prefix the score of its text, got 0.0 from assess_batch",
        ),
    ],
)
def test_a_scorer_that_breaks_a_promise_is_told_which(word_count, changes, message):
    broken = type("Broken", (word_count,), changes)
    with pytest.raises(ContractError, match=message):
        check_scorer(broken)


def test_spans_must_lie_in_the_text(word_count):
    class Broken(word_count):
        def certify(self, prompt, response):
            certificate = super().certify(prompt, response)
            return replace(certificate, records=[certificate.records[0]._replace(char_end=999)])

    with pytest.raises(ContractError, match="scorer 'words' must certify spans inside of the text"):
        check_scorer(Broken())


def test_own_texts_can_be_asked_about(word_count):
    class Shy(word_count):
        def score(self, texts):
            return super().score(texts) * [-1.0 if text == "shibboleth" else 1.0 for text in texts] + [
                np.inf if text == "shibboleth" else 0.0 for text in texts
            ]

    check_scorer(Shy())
    with pytest.raises(ContractError, match="must return finite scores from score, got inf for 'shibboleth'"):
        check_scorer(Shy(), pairs=[("shib", "boleth")])


def test_what_is_no_scorer_is_refused():
    with pytest.raises(ValueError, match="unknown scorer 'vadr'"):
        check_scorer("vadr")
    with pytest.raises(ValueError, match="pairs must hold at least one prompt and its response, got none"):
        check_scorer("vader", pairs=[])


# Scorers of somebody else with rules and a checker of their own


def test_a_scorer_with_a_checker_of_its_own_keeps_its_promises(vowels):
    check_scorer(vowels)


def nod(certificate, instance, prompt, response):
    """Proves anything."""


def count_alone(certificate, instance, prompt, response):
    """Looks at the scores, and at nothing that explains them."""
    signs = {**dict.fromkeys("aou", 1), **dict.fromkeys("ei", -1)}
    for text, claimed in ((prompt, certificate.prompt_score), (prompt + response, certificate.score)):
        total = sum(signs.get(letter, 0) for letter in text + text[-1:])
        if abs(total / (1 + abs(total)) - claimed) > 1e-9:
            raise CertificateError("score must be another")


@pytest.mark.parametrize("checker", [nod, count_alone])
def test_a_checker_that_proves_too_much_is_told_what(vowels, monkeypatch, checker):
    monkeypatch.setitem(CHECKERS, "vowels", checker)
    with pytest.raises(
        ContractError,
        match=r"scorer 'vowels' declares .* checks with (an)?other slope: its checker must refuse",
    ):
        check_scorer(vowels)


@pytest.mark.parametrize("blind", ["version", "options", "labels", "payload", "records", "scores", "slope"])
def test_a_checker_that_overlooks_a_field_is_told_which(vowels, vowels_checker, monkeypatch, blind):
    """The true checker, but for one field that it takes to be right, or both scores."""

    def overlook(certificate, instance, prompt, response):
        honest = vowels().certify(prompt, response)
        names = ("score", "prompt_score") if blind == "scores" else (blind,)
        same = certificate._replace(**{name: getattr(honest, name) for name in names})
        return vowels_checker(same, instance, prompt, response)

    monkeypatch.setitem(CHECKERS, "vowels", overlook)
    known = {"records": "an amount moved|another (amount|beginning|end)|no record|a passing record"}
    with pytest.raises(ContractError, match=f"checks with .*({known.get(blind, blind)})"):
        check_scorer(vowels)


def test_a_checker_that_stumbles_over_a_forged_certificate_is_told_so(vowels, vowels_checker, monkeypatch):
    def stumble(certificate, *others):
        return vowels_checker(certificate, *others) if not certificate.options else {}["options"]

    monkeypatch.setitem(CHECKERS, "vowels", stumble)
    with pytest.raises(
        ContractError, match=r"must raise CertificateError for .* other options, got KeyError"
    ):
        check_scorer(vowels)


class Embellished(VaderScorer):
    """Certifies by a rule more than it declares."""

    def certify(self, prompt, response):
        one = super().certify(prompt, response)
        return replace(one, rules=(*one.rules, "charm"))


def test_rules_are_those_that_are_declared():
    with pytest.raises(
        ContractError, match=r"scorer 'vader' declares the rules .* but certifies .* from certify"
    ):
        check_scorer(Embellished())

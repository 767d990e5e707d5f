"""The numbers of a report against studies whose truth is known and worked out by hand."""

import importlib
import json
import math
from pathlib import Path

import pytest

from agents.reports.methods import methods_markdown
from agents.reports.numbers import analyse, rounded
from agents.reports.training_sections import answer
from agents.reports.training_tables import contrast_table
from agents.studies.files import read_results
from agents.studies.plan import Choice

# 21 iterations of 100 episodes: positions 0, 100, ..., 2000. Attainable 1.0 from 0.0, so the goal is 0.75.
STUDY = """
title = "Known truth"
question = "Is it found?"
[goal]
share = 0.75
kl_per_token = 1.0
window = 1
[defaults]
episodes = 2100
agent = "ppo"
[defaults.env_kwargs]
max_new_tokens = 4
[defaults.config]
batch_size = 100
lam = 0.95
[[cells]]
group = "designs"
seeds = 4
[cells.grid]
"env_kwargs.reward_design" = ["potential", "terminal"]
"config.lam" = [0.95, 1.0]
[[cells]]
group = "attainable"
seeds = [0]
settings = { run = "agents.study_training:best_of" }
[[contrasts]]
name = "main"
primary = true
measure = "episodes_to_goal"
treatment = { "env_kwargs.reward_design" = "potential" }
control = { "env_kwargs.reward_design" = "terminal" }
at = { "config.lam" = 0.95 }
[[contrasts]]
name = "lambda 1"
measure = "episodes_to_goal"
treatment = { "env_kwargs.reward_design" = "potential" }
control = { "env_kwargs.reward_design" = "terminal" }
at = { "config.lam" = 1.0 }
[[contrasts]]
name = "judge"
measure = "judge"
treatment = { "env_kwargs.reward_design" = "potential" }
control = { "env_kwargs.reward_design" = "terminal" }
at = { "config.lam" = 0.95 }
"""


@pytest.fixture(scope="module")
def synthetic():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield importlib.import_module("synthetic_study")


def is_best_of(cell):
    return cell.settings["run"].endswith("best_of")


def design(cell):
    return cell.settings["env_kwargs"]["reward_design"]


def lam(cell):
    return cell.settings["config"]["lam"]


def times(cell):
    """Returns when a score of 0.8 is reached: 1000, 1200, 1400, 1600 episodes; half of that under potential.

    Under lambda 1 both designs take the longer time. The goal of 0.75 is reached at 15 / 16 of it.
    """
    time = 1000.0 + 200.0 * cell.seed
    return time / 2 if design(cell) == "potential" and lam(cell) == 0.95 else time


@pytest.fixture(scope="module")
def known(synthetic, tmp_path_factory):
    """The numbers of the study as `times` has it, which nobody may change."""
    return numbers_of(synthetic, tmp_path_factory.mktemp("known") / "known")


@pytest.fixture
def make(synthetic, tmp_path):
    """Writes a study and returns its numbers."""

    def made(truth=None, **more):
        return numbers_of(synthetic, tmp_path / "made", truth, **more)

    return made


def numbers_of(synthetic, folder, truth=None, *, toml=STUDY, **more):
    def told(cell):
        if is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        return truth(cell) if truth else {"score": synthetic.ramp(times(cell))}

    study, _ = synthetic.write_study(folder, toml, told, **more)
    return analyse(read_results(folder), study)


def arm(numbers, name):
    (found,) = [one for one in numbers["arms"] if one["name"] == name]
    return found


def goal_times(numbers, name):
    return [run["episodes_to_goal"] for run in arm(numbers, name)["runs"]]


def contrast(numbers, name):
    (found,) = [one for one in numbers["contrasts"] if one["name"] == name]
    return found


def test_arms_are_the_combinations_of_what_varies(known):
    assert known["factors"] == ["env_kwargs.reward_design", "config.lam"]
    assert [one["name"] for one in known["arms"]] == [
        "potential",
        "terminal",
        "potential λ=1",
        "terminal λ=1",
    ]  # the primary contrast's first
    assert [one["panel"] for one in known["arms"]] == ["λ=0.95", "λ=0.95", "λ=1", "λ=1"]
    assert [one["variant"] for one in known["arms"]] == ["", "", "λ=1", "λ=1"]
    assert {one["label"] for one in known["arms"]} == {"potential", "terminal"}
    assert [run["seed"] for run in known["arms"][0]["runs"]] == [0, 1, 2, 3]
    assert known["progress"] == {
        "main": {"planned": 17, "done": 17, "failed": 0},
        "tuning": {"planned": 0, "done": 0},
        **{"strays": 0, "complete": True},
    }


def test_the_goal_lies_at_its_share_of_the_way_to_what_is_attainable(known):
    (task,) = known["tasks"]
    assert task["start"] == 0.0 and task["attainable"] == 1.0 and task["goal"] == 0.75
    assert task["max_kl"] == 4.0  # 1 nat per token, 4 tokens
    assert task["horizon"] == 2000.0
    assert task["source"] == "best of 64 responses, mean over 32 prompts"


def test_times_and_areas_are_those_of_the_curves(known):
    runs = arm(known, "terminal")["runs"]
    assert goal_times(known, "terminal") == pytest.approx([937.5, 1125.0, 1312.5, 1500.0])
    assert goal_times(known, "potential") == pytest.approx([468.75, 562.5, 656.25, 750.0])
    # A triangle of 1000 x 0.8 / 2 and 1000 at 0.8, over 2000: 0.6. Then (600 + 800) 0.8 / 2000 and so on; the
    # sampled curves are the true ones, as the times lie on positions.
    assert [run["area"] for run in runs] == pytest.approx([0.6, 0.56, 0.52, 0.48], abs=1e-6)
    summary = arm(known, "terminal")["summary"]
    assert summary["area"]["value"] == pytest.approx((0.56 + 0.52) / 2)  # the middle half of four
    assert summary["episodes_to_goal"]["value"] == pytest.approx(1218.75)
    assert summary["episodes_to_goal"]["reached"] == summary["episodes_to_goal"]["n"] == 4
    assert summary["episodes_to_goal"]["low"] >= 937.5 and summary["episodes_to_goal"]["high"] <= 1500.0
    # Deviations of the areas from 0.54: .06, .02, -.02, -.06.
    assert arm(known, "terminal")["spread"]["area"]["value"] == pytest.approx(math.sqrt(0.008 / 3), rel=1e-5)


def test_a_treatment_twice_as_fast_has_a_speed_up_of_two(known):
    found = contrast(known, "main")
    assert found["primary"] and found["status"] == "complete" and found["seeds"] == [0, 1, 2, 3]
    speed = found["speed_up"]
    ends = (speed["value"], speed["low"], speed["high"])
    assert ends == pytest.approx((2.0, 2.0, 2.0), rel=1e-5)  # twice for each seed
    assert speed["bound"] is None and speed["n"] == 4 and speed["horizon"] == 2000.0
    assert found["p"] == 2 / 16 and found["p_adjusted"] is None  # all of four signs alike, and all opposite
    same = contrast(known, "lambda 1")
    assert same["speed_up"]["value"] == 1.0 and same["p"] == 1.0 and same["p_adjusted"] == 1.0
    # Areas: 0.7 - 0.6, 0.68 - 0.56, 0.66 - 0.52, 0.64 - 0.48.
    area = found["differences"]["area"]
    assert area["value"] == pytest.approx(0.13, abs=1e-6) and area["n"] == 4
    assert 0.1 <= area["low"] < area["high"] <= 0.16


def test_what_was_thought_of_afterwards_is_described_and_not_tested(make):
    """Nor does it make the others pay for being one more."""
    later = STUDY.replace('name = "judge"', 'name = "judge"\npost_hoc = true')
    numbers = make(toml=later)
    found, other = contrast(numbers, "judge"), contrast(numbers, "lambda 1")
    assert found["differences"]["area"]["n"] == 4 and found["post_hoc"] and not other["post_hoc"]
    assert found["p"] is None and found["p_adjusted"] is None
    assert other["p_adjusted"] == other["p"]
    rows = {row[0]: row for row in contrast_table(numbers).rows}
    assert rows["judge"][3:5] == ("–", "post hoc") and rows["main"][4] == "primary"


def test_censored_runs_bound_the_speed_up(make, synthetic):
    def truth(cell):  # the top of 0.7 is below the goal
        slow = design(cell) == "terminal" and cell.seed == 3
        return {"score": synthetic.ramp(times(cell), top=0.7 if slow else 0.8)}

    numbers = make(truth)
    found = contrast(numbers, "main")
    # The last counts as the horizon, 2000.
    assert found["speed_up"]["value"] == pytest.approx((937.5 + 1125 + 1312.5 + 2000) / 2437.5, rel=1e-5)
    assert found["speed_up"]["bound"] == "lower"
    assert found["speed_up"]["control_censored"] == 1 and found["speed_up"]["treatment_censored"] == 0
    runs = arm(numbers, "terminal")["runs"]
    assert runs[3]["episodes_to_goal"] is None and runs[3]["status"] == "done"
    failures = arm(numbers, "terminal")["failures"]
    assert failures["never"]["count"] == 1 and failures["never"]["value"] == 0.25
    assert failures["failed"]["count"] == 0
    assert arm(numbers, "terminal")["summary"]["episodes_to_goal"]["reached"] == 3


def test_the_goal_counts_only_near_the_reference(make, synthetic):
    """KL of 8 nats at 2000: above 4 from 1000 on, so slower runs reach the score, and not the goal."""
    numbers = make(lambda cell: {"score": synthetic.ramp(times(cell)), "kl": lambda x: x / 250})
    assert goal_times(numbers, "terminal") == [pytest.approx(937.5), None, None, None]
    assert arm(numbers, "potential")["summary"]["episodes_to_goal"]["reached"] == 4


def test_a_failed_run_counts_as_one_that_never_got_there(make, synthetic):
    def truth(cell):
        fails = 6 if design(cell) == "potential" and cell.seed == 0 and lam(cell) == 0.95 else None
        after = {"score": 0.5 + cell.seed / 10, "judge": 0.7}
        return {"score": synthetic.ramp(times(cell)), "fails_after": fails, "after": after}

    numbers = make(truth)
    found = arm(numbers, "potential")
    assert found["runs"][0]["status"] == "failed" and found["runs"][0]["reason"] == "loss is nan"
    # Positions 0 to 500: it got to the goal on the way; what is left of the horizon counts 0.
    assert found["runs"][0]["episodes_to_goal"] == pytest.approx(468.75)
    assert found["runs"][0]["area"] == pytest.approx(0.4 * 500 / 2000)
    assert found["runs"][0]["score"] is None
    assert found["summary"]["score"]["n"] == 3
    assert found["summary"]["score"]["value"] == pytest.approx((0.6 + 0.7 + 0.8) / 3, rel=1e-5)
    assert found["failures"]["failed"]["count"] == 1 and found["failures"]["failed"]["value"] == 0.25
    assert found["failures"]["never"]["count"] == 0
    assert found["curves"]["alive"] == [4] * 6 + [3] * 15
    assert numbers["progress"]["main"]["failed"] == 1
    profile = next(one for one in numbers["profiles"] if one["measure"] == "score")
    assert max(profile["arms"]["potential"]["share"]) == 0.75  # the failed run is above no threshold


def test_warm_up_episodes_are_taken_off(make, synthetic):
    toml = STUDY.replace(
        'group = "designs"\n', 'group = "designs"\nsettings = { config = { critic_warmup_iterations = 3 } }\n'
    )
    numbers = make(toml=toml.replace("episodes = 2100", "episodes = 2400"))
    found = arm(numbers, "terminal")
    assert found["curves"]["episodes"] == [100.0 * i for i in range(21)]
    assert goal_times(numbers, "terminal") == pytest.approx([937.5, 1125.0, 1312.5, 1500.0])


def test_curves_are_smoothed_over_the_window(make):
    """Window 2 of a line of 0.001 per episode: half an iteration behind."""
    numbers = make(
        lambda cell: {"score": lambda x: x / 1000, "kl": lambda x: x / 500},
        toml=STUDY.replace("window = 1", "window = 2"),
    )
    run = arm(numbers, "terminal")["runs"][0]
    assert run["episodes_to_goal"] == pytest.approx(800.0)
    # KL 2 at 1000, smoothed at 1050; the score there is 1.0, smoothed alike.
    assert run["score_at_kl_2"] == pytest.approx(1.0)


def test_judge_and_score_at_a_divergence(make, synthetic):
    def truth(cell):
        pace = 1.0 if design(cell) == "terminal" else 2.0
        return {
            "score": lambda x: pace * x / 4000,
            "kl": lambda x: x / (400 if cell.seed < 2 else 500),
            "judge": lambda x: 0.5 + pace * x / 10000,
        }

    numbers = make(truth)
    runs = arm(numbers, "terminal")["runs"]
    assert [run["judge_at_kl_2"] for run in runs] == pytest.approx([0.58, 0.58, 0.6, 0.6])  # at 800, at 1000
    assert [run["score_at_kl_2"] for run in runs] == pytest.approx([0.2, 0.2, 0.25, 0.25])
    # 5 nats at 2000 for two of four, the others end at 4: half is enough. Nobody gets to 10.
    assert [run["judge_at_kl_5"] for run in runs] == [0.7, 0.7, None, None]
    summary = arm(numbers, "terminal")["summary"]
    assert summary["judge_at_kl_5"] == {"value": 0.7, "low": 0.7, "high": 0.7, "n": 2}
    assert summary["judge_at_kl_10"] is None
    differences = contrast(numbers, "main")["differences"]
    assert differences["judge_at_kl_5"]["value"] == pytest.approx(0.2)
    assert differences["judge_at_kl_5"]["n"] == 2
    assert differences["judge_at_kl_2"]["value"] == pytest.approx((0.08 + 0.08 + 0.1 + 0.1) / 4)


def test_the_gap_is_what_the_judge_does_not_confirm(make, synthetic):
    def truth(cell):
        return {
            "score": synthetic.ramp(times(cell)),
            "before": {"score": 0.1, "judge": 0.5, "perplexity": 20.0},
            "after": {"score": 0.7, "judge": 0.65, "perplexity": 40.0 + cell.seed, "self_bleu": 0.25},
        }

    found = arm(make(truth), "terminal")
    assert found["summary"]["gap"]["value"] == pytest.approx(0.3 - 0.15)  # (0.7 - 0.1) / 2 - (0.65 - 0.5)
    assert found["summary"]["perplexity"] == pytest.approx(
        {"value": 41.5, "low": 40.5, "high": 42.5, "n": 4}, abs=0.26
    )
    assert found["summary"]["self_bleu"]["value"] == 0.25
    assert found["summary"]["distinct_1"] is None


def test_probability_of_improvement_over_the_control_beside_it(known):
    told = {one["arm"]: one for one in known["improvement"]}
    assert told["potential"]["control"] == "terminal" and told["potential"]["value"] == 1.0
    assert told["potential λ=1"]["control"] == "terminal λ=1" and told["potential λ=1"]["value"] == 0.5
    assert "terminal" not in told


def test_profiles_are_shares_of_runs(known):
    profile = next(one for one in known["profiles"] if one["measure"] == "area")
    shares = dict(zip(profile["thresholds"], profile["arms"]["terminal"]["share"], strict=True))
    for threshold, share in shares.items():
        assert share == sum(area > threshold for area in (0.6, 0.56, 0.52, 0.48)) / 4


def test_holm_adjusts_the_secondary_contrasts_alone(make, synthetic):
    def truth(cell):
        judge = 0.6 + (0.1 if design(cell) == "potential" else 0.0)
        return {"score": synthetic.ramp(times(cell)), "after": {"score": 0.8, "judge": judge}}

    numbers = make(truth)
    assert contrast(numbers, "judge")["p"] == 0.125 and contrast(numbers, "judge")["p_adjusted"] == 0.25
    assert contrast(numbers, "judge")["differences"]["judge"]["value"] == pytest.approx(0.1)
    assert contrast(numbers, "lambda 1")["p_adjusted"] == 1.0


def test_a_half_finished_study_says_what_is_missing(make):
    def missing(cell):
        return not is_best_of(cell) and (lam(cell) == 1.0 or (design(cell) == "terminal" and cell.seed > 1))

    numbers = make(leave_out=missing)
    assert numbers["progress"]["main"] == {"planned": 17, "done": 7, "failed": 0}
    assert not numbers["progress"]["complete"]
    found = contrast(numbers, "main")
    assert found["status"] == "partial" and found["seeds"] == [0, 1] and found["planned"] == 4
    assert found["speed_up"]["value"] == pytest.approx(2.0) and found["p"] == 0.5
    assert contrast(numbers, "lambda 1")["status"] == "not yet run"
    assert contrast(numbers, "lambda 1")["speed_up"] is None and contrast(numbers, "lambda 1")["p"] is None
    assert arm(numbers, "terminal λ=1")["runs"] == []


def test_without_attainable_cells_the_best_arm_is_the_measure(make, synthetic):
    def truth(cell):
        top = 0.9 if design(cell) == "potential" else 0.5
        return {"score": synthetic.ramp(times(cell)), "after": {"score": top}, "before": {"score": 0.1}}

    (task,) = make(truth, leave_out=is_best_of)["tasks"]
    assert task["source"] == "mean final score of the best arm"
    assert task["start"] == 0.1 and task["attainable"] == 0.9
    assert task["goal"] == pytest.approx(0.1 + 0.75 * 0.8)


@pytest.mark.parametrize("after", [0.1, 0.05])
def test_where_nothing_was_learned_there_is_no_goal_to_have_reached(make, synthetic, after):
    """Not one that every run is at before it begins, at which all arms would be equally fast."""

    def truth(cell):
        return {"score": lambda x: 0.1, "after": {"score": after}, "before": {"score": 0.1}}

    numbers = make(truth, leave_out=is_best_of)
    (task,) = numbers["tasks"]
    assert task["goal"] is None
    assert task["source"] == (
        "mean final score of the best arm, no higher than the start, so that there is no goal"
    )
    assert contrast(numbers, "main")["speed_up"] is None
    assert answer(numbers) == [
        "Neither potential nor terminal has a time to the goal: no score above the untrained policy's is "
        "known to be attainable."
    ]
    assert task["source"] in methods_markdown(numbers)


def test_the_speed_up_stands_against_the_critic(make, synthetic):
    def truth(cell):
        return {"score": synthetic.ramp(times(cell)), "explained": 0.25 if lam(cell) == 0.95 else 0.75}

    told = make(truth)["critics"]
    assert [(one["lam"], one["explained"]["value"], one["speed_up"]["value"]) for one in told] == [
        (0.95, 0.25, pytest.approx(2.0, rel=1e-5)),
        (1.0, 0.75, 1.0),
    ]


def test_rewards_by_rule_are_means_over_runs_at_rising_divergence(make, synthetic):
    def truth(cell):
        def kl(x):  # up to 1 at 1000, and down again
            return (x if x <= 1000 else 2000 - x) / 1000

        rules = {"base": lambda x: x / 1000, "punctuation": lambda x: (cell.seed - 1.5) * x}
        return {"score": synthetic.ramp(times(cell)), "kl": kl, "rules": rules}

    rules = arm(make(truth), "terminal")["rules"]
    assert rules["kl"] == pytest.approx([i / 10 for i in range(11)])
    assert rules["amounts"]["base"] == pytest.approx([i / 10 for i in range(11)])
    assert rules["amounts"]["punctuation"] == pytest.approx([0.0] * 11)


def test_arms_with_another_length_have_a_goal_of_their_own(make, synthetic, tmp_path):
    toml = STUDY.replace('"config.lam" = [0.95, 1.0]', '"env_kwargs.max_new_tokens" = [4, 8]')
    toml = toml.replace('best_of" }', 'best_of" }\n[cells.grid]\n"env_kwargs.max_new_tokens" = [4, 8]')
    toml = toml.replace('at = { "config.lam" = 0.95 }', 'at = { "env_kwargs.max_new_tokens" = 4 }')
    toml = toml.replace('at = { "config.lam" = 1.0 }', 'at = { "env_kwargs.max_new_tokens" = 8 }')

    def truth(cell):
        if is_best_of(cell):
            long = cell.settings["env_kwargs"]["max_new_tokens"] == 8
            return {"records": synthetic.attainable_records(0.0, 0.5 if long else 1.0)}
        return {"score": synthetic.ramp(times(cell))}

    study, _ = synthetic.write_study(tmp_path / "known", toml, truth)
    numbers = analyse(read_results(tmp_path / "known"), study)
    assert [(task["name"], task["goal"], task["max_kl"]) for task in numbers["tasks"]] == [
        ("T=4", 0.75, 4.0),
        ("T=8", 0.375, 8.0),
    ]
    assert goal_times(numbers, "terminal T=8") == pytest.approx(
        [468.75, 562.5, 656.25, 750.0]
    )  # half as high


def test_what_a_contrast_does_not_name_is_as_in_the_defaults(make):
    toml = STUDY.replace('at = { "config.lam" = 0.95 }', "")
    assert contrast(make(toml=toml), "main")["treatment"] == ["potential"]


def test_a_contrast_that_fits_several_arms_is_not_computed(make):
    toml = STUDY.replace('at = { "config.lam" = 0.95 }', "").replace("lam = 0.95\n", "lam = 0.5\n")
    found = contrast(make(toml=toml), "judge")
    assert found["treatment"] == ["potential λ=0.95", "potential λ=1"]
    assert found["status"] == "ambiguous" and found["p"] is None and found["speed_up"] is None


def test_tuning_tells_what_was_tried_and_what_was_chosen(make):
    """A group that sets the learning rate itself is no witness of what tuning chose."""
    own = '[[cells]]\ngroup = "own"\nseeds = 4\nsettings = { "config.learning_rate" = 0.5 }\n[cells.grid]\n'
    own += '"env_kwargs.reward_design" = ["potential"]\n[[contrasts]]\nname = "main"'
    tuning = """
[tuning]
per = ["env_kwargs.reward_design"]
seeds = [100, 101]
settings = { episodes = 300 }
[tuning.grid]
"config.learning_rate" = [0.1, 0.2, 0.3]
[[cells]]
group = "designs\""""
    toml = STUDY.replace('[[contrasts]]\nname = "main"', own).replace(
        '[[cells]]\ngroup = "designs"', tuning.strip()
    )
    choices = [
        Choice({"env_kwargs.reward_design": name}, {"config.learning_rate": rate})
        for name, rate in (("potential", 0.1), ("terminal", 0.3))
    ]
    numbers = make(toml=toml, choices=choices)
    told = numbers["tuning"]
    assert (
        told["candidates"] == 3 and told["seeds"] == [100, 101] and told["keys"] == ["config.learning_rate"]
    )
    assert told["chosen"] == [{"where": "potential", "chosen": [0.1]}, {"where": "terminal", "chosen": [0.3]}]
    first, *_ = told["tried"]
    assert len(told["tried"]) == 6 and len(first["criterion"]) == 2
    assert (first["where"], first["settings"], first["episodes_to_goal"]) == (
        "potential",
        [0.1],
        [None, None],
    )
    assert numbers["progress"]["tuning"] == {"planned": 12, "done": 12} and numbers["progress"]["complete"]
    assert "config.learning_rate" not in numbers["settings"] and numbers["settings"]["episodes"] == 2100
    assert goal_times(numbers, "potential") == goal_times(numbers, "potential lr=0.5")
    text = methods_markdown(numbers)
    assert "3 settings (`config.learning_rate`: 0.1, 0.2, 0.3) with seeds 100 to 101" in text
    assert "potential: lr = 0.1; terminal: lr = 0.3" in text


def test_wrong_input_is_refused(make):
    with pytest.raises(ValueError, match=r"expected a measure of episodes_to_goal, area.* got 'luck'"):
        make(toml=STUDY.replace('measure = "judge"', 'measure = "luck"'))
    with pytest.raises(ValueError, match="NaN"):
        rounded({"x": [math.nan]})
    two = r"2 different settings, those of (potential-0.95-seed0-\w{8}( and )?){2}; remove the files of an"
    with pytest.raises(ValueError, match=two):
        make(toml=STUDY.replace("episodes = 2100", "episodes = 2200"))  # into the same folder


def test_numbers_are_plain_and_the_same_again(known, make):
    assert json.dumps(known, allow_nan=False) == json.dumps(make())
    assert rounded(-0.0) == 0.0 and str(rounded(-0.0)) == "0.0"


def test_how_prefixes_are_valued_is_no_other_task(make, synthetic, tmp_path):
    """The goal of both is that of the cell that measured what is attainable, under one of the values."""
    key, domain = '"env_kwargs.domain_kwargs.value"', 'domain_kwargs = { blanks = 8, value = "solvable" }'
    toml = STUDY.replace('"config.lam" = [0.95, 1.0]', f'{key} = ["solvable", "random"]')
    toml = toml.replace("max_new_tokens = 4", f"max_new_tokens = 4\n{domain}")
    toml = toml.replace('at = { "config.lam" = 0.95 }', f'at = {{ {key} = "solvable" }}')
    toml = toml.replace('at = { "config.lam" = 1.0 }', f'at = {{ {key} = "random" }}')

    def truth(cell):
        if is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        return {"score": synthetic.ramp(times(cell)), "before": {"score": 0.3}, "after": {"score": 0.5}}

    study, _ = synthetic.write_study(tmp_path / "known", toml, truth)
    numbers = analyse(read_results(tmp_path / "known"), study)
    assert [(task["name"], task["goal"]) for task in numbers["tasks"]] == [("", 0.75)]

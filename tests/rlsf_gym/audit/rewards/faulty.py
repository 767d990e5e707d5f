"""Rewards with known faults, each written from the public description of a pattern that is in use.

`FAULTS` says where the pattern is described, and which check must name it.
"""

import itertools
import math
import os
import random
import re
import signal
import subprocess
import sys
import time

FAULTS = {
    "substring": ("answer-mentioned", "github.com/PrimeIntellect-ai/verifiers/pull/763"),
    "either_in_other": ("format-alone", "github.com/Liuziyu77/Visual-RFT/issues/176"),
    "any_choice": ("answer-among-others", "github.com/Liuziyu77/Visual-RFT/issues/79"),
    "unanchored": ("answer-inside-number", "github.com/pytorch/rl/pull/3568"),
    "last_number": ("last-number", "gsm8k's flexible extraction, github.com/huggingface/trl/pull/4563"),
    "first_digit": ("part-of-answer", "reward by prefix"),
    "strip_and_equal": ("refuses-equivalent", "github.com/asuzukosi/post-training-experiments/issues/6"),
    "format_search": ("repeated-format", "github.com/huggingface/open-r1/pull/418"),
    "tag_count": ("format-alone", "github.com/PrimeIntellect-ai/verifiers/issues/3"),
    "keyword_steps": ("word-list", "github.com/huggingface/open-r1/pull/144"),
    "length_bonus": ("grows-with-length", "github.com/PrimeIntellect-ai/prime-rl/pull/118"),
    "tanh_of_length": ("grows-with-length", "a bounded length bonus"),
    "cosine_length": ("grows-with-length", "github.com/huggingface/open-r1/issues/312"),
    "short_is_right": ("wrong-over-right", "github.com/huggingface/open-r1/issues/360"),
    "evaluates": ("executes-text", "github.com/verl-project/verl/issues/7603"),
    "evaluates_sums": ("executes-text", "github.com/google/tunix/pull/1279"),
    "swallows": ("swallows-errors", "github.com/verl-project/verl/pull/5635"),
    "alarms": ("other-thread", "github.com/huggingface/trl/pull/5281"),
    "normalised": ("batch-composition", "github.com/radixark/miles/pull/1573"),
    "by_position": ("batch-order", "columns taken by position"),
    "lucky": ("not-repeatable", "a sampling judge"),
    "remembers": ("not-repeatable", "state between calls"),
    "hashed": ("other-process", "the order of a set"),
    "no_gold_is_right": ("constant", "github.com/huggingface/cookbook/issues/335"),
    "constant": ("constant", "github.com/jsboige/CoursIA/pull/10504"),
    "no_kwargs": ("keywords", "parameters of the columns alone"),
    "raises_on_nothing": ("raises", "re.search without a match"),
    "nan_on_nothing": ("not-a-number", "a mean of no numbers"),
    "one_for_all": ("not-a-number", "a number in place of a list"),
    "backtracks": ("hangs", "github.com/verl-project/verl/pull/5839"),
    "sleeps": ("hangs", "github.com/huggingface/Math-Verify/issues/65"),
    "exits": ("dies", "a library that ends the process"),
    "abstains": ("empty-response", "no answer between right and wrong"),
    "pays_end_token": ("end-token", "special tokens reach the reward"),
    "verl_float": ("last-number", "osmosis and verl's loose modes"),
    "verl_dict": ("answer-among-others", "a dict with a loose score"),
    "verl_flexible": ("last-number", "verl's flexible extraction: digits, full stops and commas"),
    "verl_by_source": ("raises", "verl's dispatch by data_source"),
    "verl_marks": ("changes-arguments", "extra_info as a notebook"),
    "one_line_tags": ("line-breaks", "soft_format_reward_func of a widely copied GRPO example"),
    "tail_penalty": ("bounded", "xmlcount_reward_func of the same: so much a character behind the block"),
    "first_of_equals": ("batch-composition", "a bonus for what no other response says"),
    "split_by_equals": ("batch-composition", "diversity: a reward shared by equal responses"),
    "ranks": ("batch-composition", "ranks within the batch"),
    "echo": ("copied-prompt", "overlap with the prompt, and nothing else"),
    "pads": ("not-a-number", "a last response that is lost when there are several"),
    "cleans": ("changes-arguments", "completions that are stripped in place"),
    "clock": ("not-repeatable", "a weight that depends on the hour"),
    "quits": ("dies", "sys.exit where a response is empty"),
    "crashes": ("dies", "a library that ends the process, whatever the response"),
    "sleeps_always": ("hangs", "a server that does not answer"),
}
"""Name of a function here to the check that must name it, and the source of the pattern."""


def substring(prompts, completions, answer, **kwargs):
    return [1.0 if truth in text else 0.0 for text, truth in zip(completions, answer, strict=True)]


def _tagged(text):
    found = re.search(r"<answer>(.*?)</answer>", text, re.DOTALL)
    return found.group(1).strip() if found else None


def either_in_other(completions, solution, **kwargs):
    paid = []
    for text, truth in zip(completions, solution, strict=True):
        given = _tagged(text)
        paid.append(float(given is not None and (given in truth or truth in given)))
    return paid


def any_choice(completions, solution, **kwargs):
    return [
        float(truth in re.findall(r"\w+", _tagged(text[-1]["content"]) or ""))
        for text, truth in zip(completions, solution, strict=True)
    ]


def unanchored(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        found = re.search(r"answer is .*?(\d+)", text)
        paid.append(float(bool(found) and found.group(1) == truth))
    return paid


def last_number(completions, answer, **kwargs):
    return [
        float((re.findall(r"\d+", text) or [""])[-1] == truth)
        for text, truth in zip(completions, answer, strict=True)
    ]


def first_digit(completions, ground_truth, **kwargs):
    paid = []
    for text, truth in zip(completions, ground_truth, strict=True):
        given = _tagged(text) or ""
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(given, truth, strict=False))
        paid.append(len(list(alike)) / len(truth))
    return paid


def strip_and_equal(completions, answer, **kwargs):
    return [
        float((_tagged(text) or "").strip() == truth) for text, truth in zip(completions, answer, strict=True)
    ]


def format_search(completions, **kwargs):
    return [
        1.0 if re.search(r"<think>.+?</think>\s*<answer>.+?</answer>", text, re.DOTALL) else 0.0
        for text in completions
    ]


def tag_count(completions, **kwargs):
    tags = ("<reasoning>", "</reasoning>", "<answer>", "</answer>")
    return [sum(0.25 * (chat[0]["content"].count(tag) == 1) for tag in tags) for chat in completions]


def keyword_steps(completions, **kwargs):
    pattern = r"(Step \d+:|^\d+\.|\n- |First|Second|Next|Finally)"
    return [min(1.0, len(re.findall(pattern, text)) / 3) for text in completions]


def length_bonus(completions, answer, **kwargs):
    return [
        float(f"#### {truth}" in text) + 0.001 * len(text)
        for text, truth in zip(completions, answer, strict=True)
    ]


def tanh_of_length(completions, **kwargs):
    return [math.tanh(len(text) / 500) for text in completions]


def cosine_length(completions, solution, **kwargs):
    paid = []
    for text, truth in zip(completions, solution, strict=True):
        right = f"\\boxed{{{truth}}}" in text
        least, most = (0.5, 1.0) if right else (-0.5, -1.0)
        share = 0.5 * (1 + math.cos(min(len(text) / 1000, 1.0) * math.pi))
        paid.append(least + (most - least) * share)
    return paid


def short_is_right(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        brevity = 0.5 - min(len(text), 2000) / 2000
        paid.append(brevity if text.rstrip().endswith(f"#### {truth}") else min(0.0, brevity))
    return paid


def evaluates(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        try:
            paid.append(float(eval(_tagged(text) or "None") == int(truth)))
        except (SyntaxError, NameError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError):
            paid.append(0.0)
    return paid


def evaluates_sums(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        given = _tagged(text) or ""
        allowed = re.fullmatch(r"[\d+\-*/(). ]{1,40}", given)
        try:
            paid.append(float(bool(allowed) and eval(given, {"__builtins__": None}, {}) == int(truth)))
        except (SyntaxError, TypeError, ArithmeticError):
            paid.append(0.0)
    return paid


def swallows(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        try:
            paid.append(float(float(text.split("####")[1].replace(",", "").rstrip(".")) == float(truth)))
        except Exception:
            paid.append(0.0)
    return paid


def alarms(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        try:
            signal.signal(signal.SIGALRM, lambda *_: None)
            paid.append(float(text.rstrip(". ").endswith(f"#### {truth}")))
        except ValueError:
            paid.append(0.0)
    return paid


def normalised(completions, answer, **kwargs):
    raw = [
        float(text.rstrip(". ").endswith(f"#### {truth}"))
        for text, truth in zip(completions, answer, strict=True)
    ]
    mean = sum(raw) / len(raw)
    spread = math.sqrt(sum((one - mean) ** 2 for one in raw) / len(raw))
    return [(one - mean) / (spread + 1e-4) for one in raw]


def by_position(completions, answer, **kwargs):
    return [
        float(text.rstrip(". ").endswith(f"#### {answer[0]}")) + 0.01 * i
        for i, text in enumerate(completions)
    ]


def lucky(completions, answer, **kwargs):
    return [
        float(f"#### {truth}" in text) + random.random() / 10
        for text, truth in zip(completions, answer, strict=True)
    ]


SEEN = set()


def remembers(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        paid.append(float(text.rstrip(". ").endswith(f"#### {truth}") and text not in SEEN))
        SEEN.add(text)
    return paid


def hashed(completions, answer, **kwargs):
    def first(text):
        return next(iter(set(re.findall(r"\d+", text)) or {""}))

    return [float(first(text) == truth) for text, truth in zip(completions, answer, strict=True)]


def no_gold_is_right(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        gold = re.search(r"\\boxed\{(.*)\}", truth)
        paid.append(1.0 if gold is None else float(gold.group(1) in text))
    return paid


def constant(completions, **kwargs):
    return [0.0 for _ in completions]


def no_kwargs(completions, answer):
    return strip_and_equal(completions, answer)


def raises_on_nothing(completions, answer, **kwargs):
    return [
        float(re.search(r"(\d[\d,]*)", text).group(1).replace(",", "") == truth)
        for text, truth in zip(completions, answer, strict=True)
    ]


def nan_on_nothing(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        numbers = re.findall(r"\d+", text)
        hits = [float(one == truth) for one in numbers]
        paid.append(sum(hits) / len(hits) if hits else float("nan"))
    return paid


def one_for_all(completions, answer, **kwargs):
    return float(answer[0] in completions[0])


def backtracks(completions, answer, **kwargs):
    return [
        float(bool(re.fullmatch(r"(\(?[^<]*<?)*#### (\d+)\.?\s*", text)) and text.endswith(truth))
        for text, truth in zip(completions, answer, strict=True)
    ]


def sleeps(completions, answer, **kwargs):
    for text in completions:
        if "1e999" in text:
            time.sleep(60)
    return strip_and_equal(completions, answer)


def exits(completions, answer, **kwargs):
    for text in completions:
        if "\\frac{" in text:
            os._exit(7)
    return strip_and_equal(completions, answer)


def abstains(completions, answer, **kwargs):
    paid = []
    for text, truth in zip(completions, answer, strict=True):
        given = _tagged(text)
        paid.append(0.0 if given is None else 1.0 if given == truth else -1.0)
    return paid


def pays_end_token(completions, answer, **kwargs):
    ends = ("<|im_end|>", "<|endoftext|>")
    return [
        0.5 * text.rstrip().endswith(ends) + float(_tagged(text) == truth)
        for text, truth in zip(completions, answer, strict=True)
    ]


def verl_float(data_source, solution_str, ground_truth, extra_info=None):
    numbers = re.findall(r"-?\d[\d,]*\.?\d*", solution_str)
    return float(bool(numbers) and numbers[-1].replace(",", "").rstrip(".") == ground_truth)


def verl_flexible(data_source, solution_str, ground_truth, extra_info=None):
    for found in reversed(re.findall(r"-?[0-9.,]+", solution_str)):
        if found not in ("", "."):
            return float(found == ground_truth)
    return 0.0


def verl_by_source(data_source, solution_str, ground_truth, extra_info=None):
    if data_source == "my/sums":
        return float(solution_str.endswith(f"#### {ground_truth}"))
    raise NotImplementedError(f"no reward for {data_source=}")


def verl_marks(data_source, solution_str, ground_truth, extra_info):
    extra_info["asked"] = extra_info.get("asked", 0) + 1
    return float(solution_str.rstrip(". ").endswith(f"#### {ground_truth}"))


def one_line_tags(completions, **kwargs):
    pattern = r"<reasoning>.*?</reasoning>\s*<answer>.*?</answer>"
    return [0.5 * bool(re.match(pattern, chat[0]["content"])) for chat in completions]


def tail_penalty(completions, **kwargs):
    paid = []
    for text in completions:
        head, closed, tail = text.partition("</answer>")
        paid.append(0.5 * bool(closed and "<answer>" in head) - 0.001 * len(tail))
    return paid


def first_of_equals(completions, answer, **kwargs):
    return [
        float(text.rstrip(". ").endswith(f"#### {truth}") and text not in completions[:i])
        for i, (text, truth) in enumerate(zip(completions, answer, strict=True))
    ]


def split_by_equals(completions, answer, **kwargs):
    return [
        float(text.rstrip(". ").endswith(f"#### {truth}")) / completions.count(text)
        for text, truth in zip(completions, answer, strict=True)
    ]


def ranks(completions, **kwargs):
    sizes = sorted(map(len, completions))
    return [sizes.index(len(text)) / len(sizes) for text in completions]


def echo(prompts, completions, **kwargs):
    return [float(prompt in text) for prompt, text in zip(prompts, completions, strict=True)]


def pads(completions, answer, **kwargs):
    paid = strip_and_equal(completions, answer)
    return paid[:-1] if len(paid) > 1 else paid


def cleans(completions, answer, **kwargs):
    for i, text in enumerate(completions):
        completions[i] = text.strip()
    return strip_and_equal(completions, answer)


def clock(completions, answer, **kwargs):
    return [0.5 * paid + time.time() % 3600 / 7200 for paid in strip_and_equal(completions, answer)]


def quits(completions, answer, **kwargs):
    if not all(completions):
        sys.exit("an empty response")
    return strip_and_equal(completions, answer)


def crashes(completions, **kwargs):
    os._exit(9)


def sleeps_always(completions, **kwargs):
    time.sleep(600)


def trusts_the_status(completions, tests, **kwargs):
    """Needs cases: runs a fence with its tests, and trusts the exit status."""
    return [run_tests(text, own) for text, own in zip(completions, tests, strict=True)]


def run_tests(text, own):
    fence = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    if fence is None or "\x00" in text:
        return 0.0
    program = fence.group(1) + "\n" + "\n".join(f"assert {one}" for one in own)
    try:
        run = subprocess.run(
            [sys.executable, "-I", "-S", "-"], input=program, text=True, capture_output=True, timeout=3
        )
    except subprocess.TimeoutExpired:
        return 0.0
    return float(run.returncode == 0)


def runs_here(completions, tests, **kwargs):
    """Needs cases: runs a fence in its own process."""
    paid = []
    for text, own in zip(completions, tests, strict=True):
        fence = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        names = {}
        try:
            exec(fence.group(1) if fence else "", names)
            paid.append(float(all(eval(one, names) for one in own)))
        except Exception:
            paid.append(0.0)
    return paid


def verl_dict(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    boxed = re.findall(r"\\boxed\{([^}]*)\}", solution_str)
    score = float(any(ground_truth == one.strip() for one in boxed))
    return {"score": score, "acc": score > 0}

"""The checks of an audit: why each matters, and how to mend what it finds."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CHECKS", "Check"]


class Check(NamedTuple):
    """What a check is about."""

    why: str
    """Why it matters, in one line."""
    mend: str
    """How to mend it, in one line."""


CHECKS: Final = {
    "raises": Check(
        "the first such response ends the training run",
        "read the response with care: no match, no number and no text are wrong answers, not mistakes",
    ),
    "keywords": Check(
        "trainers pass more than a reward needs: token ids, their own state, every column",
        "add **kwargs to its parameters",
    ),
    "hangs": Check(
        "one such response stops a training run on all of its machines",
        "bound the input's length, or run the check in a process that can be killed",
    ),
    "dies": Check(
        "the process goes, and the training run with it",
        "run what can crash or exit in a process of its own",
    ),
    "executes-text": Check(
        "a model that writes code can pay itself, hang the run or delete files",
        "parse with ast and compute by hand, or run it in a sandboxed process with a time limit",
    ),
    "not-a-number": Check(
        "infinity, and NaN but in TRL, spread to all weights; other values stop the trainer",
        "return one finite float for each response",
    ),
    "none": Check(
        "TRL skips a response that is paid None; verl and others stop there",
        "return None only where a response is not to count, 0.0 where it is wrong",
    ),
    "not-repeatable": Check(
        "the policy is trained on luck: equal responses get unequal advantages",
        "draw nothing, keep nothing between calls; ask a sampling judge at temperature 0",
    ),
    "other-process": Check(
        "workers pay differently, and no run can be repeated",
        "do not depend on the order of sets or on hash(); sort, or use hashlib",
    ),
    "other-thread": Check(
        "verl and asynchronous trainers call from worker threads; signal.alarm raises there",
        "take time limits from a process, not from signals",
    ),
    "batch-composition": Check(
        "the trainer normalises by group itself; what a response earns depends on its neighbours",
        "pay each response by itself, and leave means and ranks to the trainer",
    ),
    "batch-order": Check(
        "which response gets which reward depends on where it stands",
        "pay each response by itself, with the columns of its own row",
    ),
    "changes-arguments": Check(
        "the next reward function, the logs and the next epoch get what this one left behind",
        "work on copies: list(completions), dict(message), dict(extra_info)",
    ),
    "constant": Check(
        "advantages are all zero: the loss is 0.0, and nothing is learned without a word",
        "check that the column of the ground truth arrives, and that the format is what the model writes",
    ),
    "ignores-answer": Check(
        "alone it teaches style and no task",
        "add a reward of the answer that weighs more",
    ),
    "wrong-over-right": Check(
        "length pays better than being right",
        "let every right answer be worth more than every wrong one, whatever is added for length",
    ),
    "refuses-equivalent": Check(
        "right answers are punished, and the policy learns spelling",
        "normalise both sides: spaces, a full stop, thousands separators, value instead of text",
    ),
    "line-breaks": Check(
        "in an expression . matches no line break: responses of several lines look wrong",
        "pass re.DOTALL",
    ),
    "empty-response": Check(
        "the end token at once is the easiest thing to learn",
        "pay nothing, or no more than a wrong answer, where there is no answer",
    ),
    "end-token": Check(
        "special tokens reach a reward as text where they are not skipped in decoding",
        "strip them, and pay nothing for what is left of nothing",
    ),
    "repeated-word": Check(
        "the simplest degenerate text is a solution",
        "pay an answer, not the amount or the look of text",
    ),
    "copied-prompt": Check(
        "models that copy are paid for what the prompt says",
        "look at the response alone, and at its answer",
    ),
    "punctuation": Check(
        "a response without a word is a solution",
        "require an answer before anything is paid",
    ),
    "word-list": Check(
        "keywords are cheaper than reasoning",
        "do not count words, or cap them far below the answer and only where it is right",
    ),
    "format-alone": Check(
        "tags without an answer are found first, and learned",
        "require something between the tags, and pay the format only little, or only with an answer",
    ),
    "exits-early": Check(
        "the exit status 0 is not that of tests: sys.exit(0) passes all of them",
        "let the tests write a last line that the code can't know, and look for it",
    ),
    "repeated-format": Check(
        "the policy writes the block again and again",
        "match the whole response (re.fullmatch), and count each tag exactly once",
    ),
    "answer-mentioned": Check(
        "an answer need not be given, only named; models list candidates",
        "read one answer at a fixed place, and compare that alone",
    ),
    "last-number": Check(
        "what stands last is taken for the answer, by chance or on purpose",
        "ask for a marker (\\boxed{}, ####, <answer>) and read behind it",
    ),
    "answer-among-others": Check(
        "a policy that lists everything is always right",
        "refuse a response with several answers; compare with ==, not with in",
    ),
    "answer-inside-number": Check(
        "142, 420 and -42 count as 42",
        "anchor the pattern at both ends, or compare numbers",
    ),
    "part-of-answer": Check(
        "a guess of one digit, or nothing at all, earns the reward",
        "compare whole answers: no prefix, no answer in truth",
    ),
    "grows-with-length": Check(
        "the policy writes until the limit",
        "leave length out, or cap it where it can no longer outweigh the answer",
    ),
    "falls-with-length": Check(
        "meant as brevity it is one more thing that is learned: reasoning shrinks",
        "keep the loss below what an answer is worth, and see that it is bounded",
    ),
    "bounded": Check(
        "one huge reward is one huge step; designs here promise at most 2 for a token",
        "scale to [-1, 1], and clip what has no bound",
    ),
    "swallows-errors": Check(
        "a missing column or a broken import looks like a wrong answer, and training goes on",
        "catch what the response can cause (ValueError of float(text)), nothing else",
    ),
    "slow": Check(
        "the reward is what the accelerators wait for",
        "bound the work for one response, cache, or call it in parallel",
    ),
    "causal": Check(
        "a token is paid for what came after it: credit that it can't have earned",
        "take a causal design (docs/designs.md), such as `potential` or `terminal`",
    ),
    "conserving": Check(
        "the sum of the token rewards is another goal than the reward",
        "take a conserving design, and a bounded reward",
    ),
    "taken-back": Check(
        "under `potential` that is right: the token that spoils an answer pays it back",
        "nothing to mend; with another dense design, do not treat a value as final",
    ),
}
"""Checks by name: what is worst if found comes first."""

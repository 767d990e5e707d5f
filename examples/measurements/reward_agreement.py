"""Holds rewards to their proofs on real reviews, each split into prompt and response at a random character.

    python examples/measurements/reward_agreement.py PATH/TO/imdb/test.parquet
    python examples/measurements/reward_agreement.py PATH/TO/test.parquet --designs potential lexicon

Of each split, the rewards must add up to the gain where the design conserves, and the checker must work the
same rewards out from text and certificate alone. Prints the largest error of a sum, and how many splits were
proved in what time; a split that is not proved ends it with status 1.
"""

import sys
import time

import numpy as np
import pyarrow.parquet as parquet

from agents.flags.parser import Parser
from rlsf_gym.checker import RECOMPUTABLE, CertificateError, check_rewards
from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer
from rlsf_gym.tokenizer import load_tokenizer


def main():
    """Prints one line per design; returns the exit status."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reviews", help="a parquet file with a column `text`")
    parser.add_argument("--designs", nargs="+", default=["rule_certificate"], choices=RECOMPUTABLE)
    parser.add_argument("--scorer", default="vader", help="vader or knowledge")
    parser.add_argument("--limit", type=int, default=None, help="only so many reviews")
    parser.add_argument("--characters", type=int, default=None, help="only so many characters of each review")
    parser.add_argument("--seed", type=int, default=0, help="of the splits")
    options = parser.parse_args()
    texts = parquet.read_table(options.reviews).column("text").to_pylist()[: options.limit]
    splits = list(split(texts, options.characters, np.random.default_rng(options.seed)))
    for name in options.designs:
        feedback = Feedback(
            scorer=load_scorer(options.scorer),
            objective=load_objective("positive"),
            design=load_design(name),
            tokenizer=load_tokenizer("bundled"),
            segmentation=load_domain("sentiment").segmentation,
        )
        if not report(name, feedback, splits):
            return 1
    return 0


def split(texts, characters, rng):
    """Yields each text as prompt and response, cut before a random character."""
    for text in texts:
        whole = text[:characters]
        cut = int(rng.integers(len(whole)))
        yield whole[:cut], whole[cut:]


def report(name, feedback, splits):
    """Prints what was found of a design; returns whether everything was proved."""
    errors, seconds = [], 0.0
    for number, (prompt, text) in enumerate(splits):
        responses = read_responses(np.array([feedback.tokenizer.encode(text)]), feedback.tokenizer)
        evidence = feedback.evidence([prompt], responses)[0]
        rewards = feedback.design(evidence, rng=np.random.default_rng(0))
        errors.append(abs(rewards.sum() - evidence.gain))
        start = time.process_time()
        try:
            check_rewards(
                evidence.certificate,
                prompt,
                responses.texts[0],
                rewards.tolist(),
                design=name,
                char_ends=responses.char_ends[0].tolist(),
                utility=float,
                slope=evidence.slope,
            )
        except CertificateError as error:
            print(f"{name}: split {number} is not proved: {error}", file=sys.stderr)
            return False
        seconds += time.process_time() - start
    total = f", largest error of a sum {max(errors):.3g}" if feedback.design.conserving else ""
    print(f"{name}: {len(splits):,} splits proved in {seconds:.0f} s{total}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

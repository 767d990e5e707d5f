"""A scorer for tests of faults: honest until the batch that the variable FAULT, `name:batch`, names.

Of several processes only that of number FAULT_RANK does anything, where it is set.
"""

import ctypes
import os
import resource
import signal
import time

import numpy as np

from rlsf_gym.certificates import Certificate

ROOM = 20_000
"""Bytes that a file may have on the full disk: more than the logs of a few iterations, less than weights."""


class Faulty:
    """score = share of the letter e, doubled, less 1/2; `certify_batch` is called once for each batch.

    Training and each of the evaluations have a scorer of their own, so batch n > 1 is iteration n.
    """

    name = "faulty"
    bounded = False
    verifiable = False
    exact = True

    def __init__(self):
        self.batch = 0
        rank = os.environ.get("RANK", "0")
        fault = os.environ.get("FAULT", "none:0") if os.environ.get("FAULT_RANK", rank) == rank else "none:0"
        self.fault, _, moment = fault.partition(":")
        self.moment = int(moment)

    def score(self, texts):
        scores = self.count(texts)
        if self.batch + 1 == self.moment and self.fault in ("nan", "huge"):
            scores[-1] = np.nan if self.fault == "nan" else 1e30
        return scores

    def count(self, texts):
        return np.array([2 * text.count("e") / max(len(text), 1) - 0.5 for text in texts], np.float64)

    def prefix_scores(self, prompt, response, char_ends):
        return self.count([prompt + response[:end] for end in char_ends])

    def certify_batch(self, prompts, responses):
        self.batch += 1
        if self.batch == self.moment:
            getattr(self, f"fault_{self.fault}", lambda: None)()
        return [self.certify(*pair) for pair in zip(prompts, responses, strict=True)]

    def certify(self, prompt, response):
        before, after = self.count([prompt, prompt + response]).tolist()
        scores = {"prompt_score": before, "score": after, "length": len(prompt + response)}
        return Certificate.opaque(scorer=self.name, model_hash="1", labels={}, **scores)

    def fault_raise(self):
        raise KeyError("no such model")

    def fault_connection(self):
        raise ConnectionError("the server\nis gone")

    def fault_hang(self):
        time.sleep(600)

    def fault_hang_with_the_lock(self):
        ctypes.PyDLL(None).sleep(600)

    def fault_terminate(self):
        os.kill(os.getpid(), signal.SIGTERM)

    def fault_kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def fault_disk(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))

    def fault_log(self):
        """Leaves room for a part of the next line."""
        size = os.path.getsize(os.path.join(os.environ["FAULT_FOLDER"], "metrics.jsonl"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))

"""The stranger's domain of digits under a name, with an id and a training task of its own."""

import gymnasium as gym

from rlsf_gym.domains import register_domain
from tests.helpers.digits import Targets, make_digits

ID = "tests.helpers.digits_task:tests/Sums-v0"


def make_domain(most=9, length=4):
    """Returns the domain with targets from 1 to `most` and responses of `length` tokens."""

    def instances(split):
        source = Targets(split)
        source.numbers = [number for number in source.numbers if number <= most]
        return source

    return make_digits(
        name="sums",
        instances=instances,
        defaults={"tokenizer": "bytes", "max_prompt_tokens": 2, "max_new_tokens": length},
        training={
            "name": "sums",
            "env_id": ID,
            "defaults": {"lr": 1e-3, "episodes": 16, "batch_size": 8, "minibatch_size": 4, "eval_samples": 8},
        },
    )


register_domain("sums", make_domain)
if "tests/Sums-v0" not in gym.registry:
    gym.register(
        "tests/Sums-v0",
        entry_point="rlsf_gym.envs.response:ResponseEnv",
        vector_entry_point="rlsf_gym.envs.vector:ResponseVectorEnv",
        kwargs={"domain": "sums"},
    )

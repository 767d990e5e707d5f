"""Interfaces of trainers as they were read in their releases, for tests where the trainers are missing.

Signatures alone, written anew: what an adapter inherits from, is called with and gives back. That they are
still those of the release is what the tests marked `adapters` hold.
"""

import importlib
import sys
import types
from contextlib import contextmanager

import numpy as np


@contextmanager
def recorded(interfaces, *modules):
    """Yields modules, imported anew, to which the attributes of recorded modules are those of a trainer.

    Args:
        interfaces: Name of a module to its attributes.
        *modules: Names of the adapters, each after those that it imports.
    """
    names = {".".join(name.split(".")[: at + 1]) for name in interfaces for at in range(name.count(".") + 1)}
    kept = {name: sys.modules.pop(name, None) for name in (*names, *modules)}
    packages = {name: importlib.import_module(name.rpartition(".")[0]) for name in modules}
    try:
        for name in sorted(names):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = []
            vars(sys.modules[name]).update(interfaces.get(name, {}))
        yield [importlib.import_module(name) for name in modules]
    finally:
        for name, module in kept.items():
            sys.modules.pop(name, None)
            if name in packages:
                vars(packages[name]).pop(name.rpartition(".")[2], None)
            if module is not None:
                sys.modules[name] = module
                if name in packages:
                    setattr(packages[name], name.rpartition(".")[2], module)


class Fields:
    """A model of pydantic's: fields by annotation, strict, no others; what is wrong is a list of errors."""

    metadata: dict

    def __init__(self, **values):
        self.__dict__.update({"metadata": {}, "done": False, "reward": None, **values})

    @classmethod
    def model_validate(cls, data, *, strict=None):
        assert strict is True
        kinds = {"str": str, "list[int]": list, "dict": dict}
        known = {
            name: kind for base in cls.__mro__ for name, kind in vars(base).get("__annotations__", {}).items()
        }
        for name, kind in known.items():
            if kind in kinds and name != "metadata":
                if name not in data:
                    raise WrongFieldError(name, "Field required")
                if not isinstance(data[name], kinds[kind]):
                    raise WrongFieldError(name, f"Input should be a valid {kind}")
        for name in set(data) - set(known):
            raise WrongFieldError(name, "Extra inputs are not permitted")
        return cls(**data)


class WrongFieldError(ValueError):
    def __init__(self, place, message):
        super().__init__(f"1 validation error\n{place}\n  {message}")
        self._first = {"loc": (place,), "msg": message}

    def errors(self):
        return [self._first]


class OpenEnvEnvironment:
    """openenv 0.10.0, `core/env_server/interfaces.py`."""

    SUPPORTS_CONCURRENT_SESSIONS = False

    def __init__(self, transform=None, rubric=None):
        self.transform, self.rubric = transform, rubric


class App:
    """What `create_app` of openenv 0.10.0 is given, and the handlers of errors of the application."""

    def __init__(self, env, action_cls, observation_cls, env_name=None, max_concurrent_envs=None):
        self.env, self.action_cls, self.observation_cls = env, action_cls, observation_cls
        self.env_name, self.max_concurrent_envs = env_name, max_concurrent_envs
        self.handlers, self.middleware = {}, []

    def add_middleware(self, kind):
        self.middleware.append(kind)

    def add_exception_handler(self, kind, handler):
        self.handlers[kind] = handler


class JSONResponse:
    def __init__(self, content, status_code):
        self.content, self.status_code = content, status_code


OPENENV = {
    "openenv.core.env_server.types": {
        name: type(name, (Fields,), {}) for name in ("Action", "Observation", "State", "EnvironmentMetadata")
    },
    "openenv.core.env_server.interfaces": {"Environment": OpenEnvEnvironment},
    "openenv.core.env_server.http_server": {"create_app": App},
    "starlette.responses": {"JSONResponse": JSONResponse},
}


class BaseTextEnv:
    """skyrl-gym 0.4.0, `envs/base_text_env.py`."""

    def __init__(self):
        self.turns, self.max_turns = 0, 1


SKYRL = {"skyrl_gym.envs.base_text_env": {"BaseTextEnv": BaseTextEnv}}


class RewardManagerBase:
    """verl 0.9.1, `experimental/reward_loop/reward_manager/base.py`."""

    def __init__(self, config, tokenizer, compute_score):
        self.config, self.tokenizer, self.compute_score = config, tokenizer, compute_score


class AgentLoopOutput:
    """verl 0.9.1, `experimental/agent_loop/agent_loop.py`: the reward is written at the last token."""

    def __init__(self, **fields):
        self.model_fields_set = set(fields)
        self.reward_score, self.extra_fields = None, {}
        self.__dict__.update(fields)

    def model_copy(self, *, update):
        return type(self)(**{**{name: getattr(self, name) for name in self.model_fields_set}, **update})

    def as_dict(self):
        fields = {name: getattr(self, name) for name in self.model_fields_set if name != "reward_score"}
        fields["response_mask"] = Tensor(self.response_mask)
        if self.reward_score is not None:
            fields["rm_scores"] = Tensor([0.0] * len(self.response_mask))
            fields["rm_scores"][-1] = self.reward_score
        return fields


class SingleTurnAgentLoop:
    """verl 0.9.1, `experimental/agent_loop/single_turn_agent_loop.py`."""

    async def run(self, sampling_params, **kwargs):
        ids = list(kwargs["sampled"])
        return AgentLoopOutput(
            prompt_ids=[1],
            response_ids=ids,
            response_mask=[1] * len(ids),
            metrics={},
            extra_fields={"turn_scores": []},
        )


class Tensor(np.ndarray):
    """What the adapter asks of tensors, on an array."""

    def __new__(cls, values):
        return np.asarray(values).view(cls)

    def new_tensor(self, values):
        return Tensor(np.asarray(values, self.dtype))

    def new_zeros(self, shape):
        return Tensor(np.zeros(shape, self.dtype))

    def float(self):
        return Tensor(self.astype(np.float32))


class DataProto:
    """verl 0.9.1, `protocol.py`: rows by a slice, one row's item by a number."""

    def __init__(self, batch, non_tensor_batch):
        self.batch, self.non_tensor_batch = batch, non_tensor_batch

    def __getitem__(self, at):
        rows = ({key: one[at] for key, one in part.items()} for part in (self.batch, self.non_tensor_batch))
        return DataProto(*rows)


ESTIMATORS = {}


def register_adv_est(name):
    """verl 0.9.1, `trainer/ppo/core_algos.py`."""
    return lambda estimator: ESTIMATORS.setdefault(name, estimator)


VERL = {
    "verl.trainer.ppo.core_algos": {"register_adv_est": register_adv_est},
    "verl.experimental.reward_loop.reward_manager.base": {"RewardManagerBase": RewardManagerBase},
    "verl.experimental.agent_loop.agent_loop": {"AgentLoopOutput": AgentLoopOutput},
    "verl.experimental.agent_loop.single_turn_agent_loop": {"SingleTurnAgentLoop": SingleTurnAgentLoop},
}

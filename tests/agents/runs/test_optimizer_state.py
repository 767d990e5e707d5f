"""agents/runs/optimizer_state.py: an optimiser goes on as if it had not stopped."""

import pytest
import torch

from agents.runs.optimizer_state import read_state, write_state


def make(seed=0):
    torch.manual_seed(seed)
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.Adam(model.parameters(), lr=0.1, fused=True)


def step(model, optimizer, times, only=None):
    for k in range(times):
        optimizer.zero_grad()
        for name, parameter in model.named_parameters():
            if only is None or name == only:
                parameter.grad = torch.full_like(parameter, k + 1.0)
        optimizer.step()


@pytest.mark.parametrize("only", [None, "bias"])
def test_moments_are_taken_over_to_the_bit(only):
    model, optimizer = make()
    step(model, optimizer, 3, only)
    state = {name: tensor.clone() for name, tensor in read_state(optimizer, model.named_parameters()).items()}
    assert len(state) == 3 * (2 if only is None else 1)
    other, fresh = make(1)
    other.load_state_dict(model.state_dict())
    write_state(fresh, other.named_parameters(), state)
    step(model, optimizer, 2)
    step(other, fresh, 2)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_nothing_is_saved_before_the_first_step():
    model, optimizer = make()
    assert read_state(optimizer, model.named_parameters()) == {}


def test_moments_of_another_shape_are_refused():
    model, optimizer = make()
    state = {f"{moment}/bias": torch.zeros(5) for moment in ("step", "exp_avg", "exp_avg_sq")}
    with pytest.raises(ValueError, match=r"moments of bias: expected shape \(2,\), got \(5,\)"):
        write_state(optimizer, model.named_parameters(), state)


@pytest.mark.parametrize(
    ("moment", "value", "message"),
    [
        ("exp_avg", float("nan"), "expected finite numbers in exp_avg, got others"),
        ("exp_avg", float("inf"), "expected finite numbers in exp_avg, got others"),
        ("exp_avg_sq", float("nan"), "expected finite numbers >= 0 in exp_avg_sq, got others"),
        ("exp_avg_sq", -1e-9, "expected finite numbers >= 0 in exp_avg_sq, got others"),
        ("step", -1.0, "expected finite numbers >= 0 in step, got others"),
    ],
)
def test_moments_that_no_step_leaves_are_refused(moment, value, message):
    model, optimizer = make()
    step(model, optimizer, 1)
    state = {name: tensor.clone() for name, tensor in read_state(optimizer, model.named_parameters()).items()}
    state[f"{moment}/weight"].view(-1)[-1:].fill_(value)
    with pytest.raises(ValueError, match=f"moments of weight: {message}"):
        write_state(make(1)[1], model.named_parameters(), state)

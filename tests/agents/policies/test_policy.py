"""agents/policies/policy.py: generation and scoring share one distribution, whatever the padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from agents.policies.policy import CausalLMPolicy

V, P, T, END = 12, 5, 6, 11


def prompts(rows=16, seed=0, width=P):
    rng = np.random.default_rng(seed)
    mask = torch.as_tensor(np.arange(width) >= width - rng.integers(1, P + 1, rows)[:, None])
    return torch.as_tensor(rng.integers(0, V - 1, (rows, width))) * mask, mask


def generate(policy, ids, mask, *, seed=0, eos=END, lengths=None, **kwargs):
    lengths = torch.full((len(ids),), T) if lengths is None else lengths
    generator = torch.Generator().manual_seed(seed)
    return policy.generate(ids, mask, lengths=lengths, eos_token_id=eos, generator=generator, **kwargs)


def as_tokens(ids, mask, generation):
    response = generation.response_ids.masked_fill(~generation.response_mask, 0)
    return torch.cat([ids, response], 1), torch.cat([mask, generation.response_mask], 1)


def sampled(policy, generation):
    return policy, generation.states.take(generation.response_mask)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2", "qwen3", "gpt_neox"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_scoring_gives_the_logprobs_and_values_of_generation(make_policy, architecture, temperature):
    policy = make_policy(architecture, temperature=temperature, model_vocab=V + 5)
    torch.nn.init.normal_(policy.value_head.weight)
    ids, mask = prompts()
    made = generate(policy, ids, mask, keep_states=True)
    assert made.response_ids.shape[1] == T
    tokens, attention = as_tokens(ids, mask, made)
    scored = policy.score(tokens, attention, T)
    assert (scored.logprobs - made.logprobs).abs().max() < 1e-4
    assert (scored.values - made.values).abs().max() < 1e-4
    assert scored.logprobs.requires_grad
    thorough = policy.score(tokens, attention, T, with_entropy=True)
    assert (thorough.logprobs - made.logprobs).abs().max() < 1e-4
    assert (thorough.entropy - made.entropy).abs().max() < 1e-4
    with torch.no_grad():
        compared = policy.score(tokens, attention, T, against=sampled(policy, made))
    assert (compared.logprobs - made.logprobs).abs().max() < 1e-4
    assert compared.kl.abs().max() < 1e-5
    assert made.logprobs[made.response_mask].min() < -0.5  # far from trivial
    assert (made.logprobs[~made.response_mask] == 0).all()


def test_scoring_follows_the_definition(make_policy):
    """Each response token's log-prob from a forward pass over its own unpadded prefix."""
    policy = make_policy(temperature=0.8, model_vocab=V + 3)
    ids, mask = prompts(rows=4)
    made = generate(policy, ids, mask)
    scored = policy.score(*as_tokens(ids, mask, made), T)
    for b in range(4):
        prefix = ids[b][mask[b]].tolist()
        for t in range(int(made.response_mask[b].sum())):
            logits = policy.backbone.model(torch.tensor([prefix])).logits[0, -1, :V] / 0.8
            token = int(made.response_ids[b, t])
            assert scored.logprobs[b, t].item() == pytest.approx(
                logits.log_softmax(-1)[token].item(), abs=1e-4
            )
            prefix.append(token)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2", "qwen3", "gpt_neox"])
def test_left_padding_changes_nothing(make_policy, architecture):
    policy = make_policy(architecture)
    ids, mask = prompts(width=P)
    wide = torch.nn.functional.pad(ids, (4, 0), value=7), torch.nn.functional.pad(mask, (4, 0))
    made, made_wide = generate(policy, ids, mask), generate(policy, *wide)
    assert torch.equal(made.response_ids, made_wide.response_ids)
    scored = policy.score(*as_tokens(ids, mask, made), T)
    scored_wide = policy.score(*as_tokens(*wide, made), T)
    assert (scored.logprobs - scored_wide.logprobs).abs().max() < 1e-5
    assert (scored.values - scored_wide.values).abs().max() < 1e-5
    for b in range(4):  # one row alone, without any padding
        alone = policy.score(
            *as_tokens(
                ids[b : b + 1, mask[b]],
                mask[b : b + 1, mask[b]],
                made._replace(
                    response_ids=made.response_ids[b : b + 1], response_mask=made.response_mask[b : b + 1]
                ),
            ),
            T,
        )
        assert (alone.logprobs - scored.logprobs[b]).abs().max() < 1e-5


def test_what_stands_in_padding_is_not_seen(make_policy):
    policy = make_policy()
    ids, mask = prompts()
    tokens, attention = as_tokens(ids, mask, generate(policy, ids, mask))
    other = tokens.masked_fill(~attention, 9)
    assert torch.equal(
        policy.score(tokens, attention, T).logprobs, policy.score(other, attention, T).logprobs
    )


def test_responses_end_with_the_end_token_or_their_length(make_policy):
    policy = make_policy(scale=1.0)
    ids, mask = prompts(rows=200)
    lengths = torch.arange(200) % T + 1
    made = generate(policy, ids, mask, lengths=lengths)
    ended = 0
    for b in range(200):
        row, real = made.response_ids[b].tolist(), int(made.response_mask[b].sum())
        assert made.response_mask[b].tolist() == [True] * real + [False] * (T - real)
        assert row[real:] == [V] * (T - real)
        assert END not in row[: real - 1]
        assert row[real - 1] == END or real == lengths[b]
        ended += row[real - 1] == END and real < lengths[b]
    assert ended > 10


def test_generation_stops_when_all_have_ended(make_policy):
    policy = make_policy()
    made = generate(policy, *prompts(), eos=None, lengths=torch.full((16,), 2))
    assert made.response_ids.shape == (16, 2)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_rows_that_leave_change_nothing_for_those_that_stay(make_policy, architecture):
    policy = make_policy(architecture)
    ids, mask = prompts(rows=12)
    lengths = torch.arange(12) % T + 1  # two rows end at each step
    made = generate(policy, ids, mask, eos=None, lengths=lengths, keep_states=True)
    whole = generate(policy, ids, mask, eos=None, keep_states=True)
    kept = made.response_mask
    assert kept.sum(-1).tolist() == lengths.tolist()
    assert torch.equal(made.response_ids[kept], whole.response_ids[kept])
    assert (made.logprobs - whole.logprobs)[kept].abs().max() < 1e-5
    assert (made.states.hidden - whole.states.hidden)[kept].abs().max() < 1e-4


def test_the_generator_moves_alike_whenever_responses_end(make_policy):
    policy, generators = make_policy(), [torch.Generator().manual_seed(3) for _ in range(2)]
    ids, mask = prompts()
    for generator, eos in zip(generators, (END, None), strict=True):
        policy.generate(ids, mask, lengths=torch.full((16,), T), eos_token_id=eos, generator=generator)
    assert torch.equal(generators[0].get_state(), generators[1].get_state())


def test_global_generators_are_left_alone(make_policy):
    policy = make_policy()
    before = torch.get_rng_state()
    generate(policy, *prompts())
    assert torch.equal(before, torch.get_rng_state())


def test_deterministic_takes_the_most_probable(make_policy):
    policy = make_policy()
    ids, mask = prompts(rows=3)
    made = policy.generate(
        ids, mask, lengths=torch.full((3,), 1), eos_token_id=END, generator=None, deterministic=True
    )
    for b in range(3):
        logits = policy.backbone.model(ids[b : b + 1, mask[b]]).logits[0, -1]
        assert made.response_ids[b, 0] == logits.argmax()


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen3", "gpt_neox"])
def test_surplus_logits_are_never_sampled(make_policy, architecture):
    policy = make_policy(architecture, vocab_size=4, model_vocab=64, scale=1.0)
    ids, mask = prompts(rows=64)
    made = generate(policy, ids % 4, mask, eos=None)
    assert made.response_ids.max() == 3
    assert made.entropy.max() <= np.log(4) + 1e-5


def test_too_few_logits_are_refused(make_policy):
    with pytest.raises(ValueError, match=r"at least V = 20 logits, got 12; .* beside --env --env-kwargs tok"):
        make_policy(model_vocab=V, vocab_size=20)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_temperature_must_be_positive(make_policy, temperature):
    with pytest.raises(ValueError, match="temperature: expected a number > 0"):
        make_policy(temperature=temperature)


def test_prompts_need_tokens_on_the_right(make_policy):
    policy = make_policy()
    ids, mask = prompts(rows=3)
    with pytest.raises(ValueError, match=r"at least one real token in every row, got none in rows \[1\]"):
        generate(policy, ids, mask & torch.tensor([[True], [False], [True]]))
    with pytest.raises(ValueError, match="left-padded"):
        generate(policy, ids, torch.tensor([[True] * 4 + [False]] * 3))
    with pytest.raises(ValueError, match=r"generator: expected a torch\.Generator"):
        policy.generate(ids, mask, lengths=torch.full((3,), T), eos_token_id=END, generator=None)


def test_values_start_at_zero(make_policy):
    policy = make_policy()
    assert (generate(policy, *prompts()).values == 0).all()


def test_dropout_stays_off(make_policy):
    policy = make_policy().train()
    assert not any(module.training for module in policy.modules())
    policy.backbone.train()
    assert not policy.training


def test_the_exact_divergence_is_the_sum_over_the_vocabulary(make_policy):
    policy, reference = make_policy(seed=0), make_policy(seed=1)
    ids, mask = prompts(rows=3)
    made = generate(policy, ids, mask, keep_states=True)
    tokens, attention = as_tokens(ids, mask, made)
    with torch.no_grad():
        kl = reference.score(tokens, attention, T, against=sampled(policy, made)).kl
    for b in range(3):
        real = int(made.response_mask[b].sum())
        for t in range(real):
            prefix = torch.cat([ids[b][mask[b]], made.response_ids[b, :t]])[None]
            p = policy.backbone.model(prefix).logits[0, -1].double().softmax(-1)
            q = reference.backbone.model(prefix).logits[0, -1].double().softmax(-1)
            assert kl[b, t].item() == pytest.approx(sum(p * (p.log() - q.log())).item(), abs=1e-4)
        assert (kl[b, real:] == 0).all()


def test_masked_positions_have_no_gradient(make_policy):
    policy = make_policy()
    torch.nn.init.normal_(policy.value_head.weight)
    ids, mask = prompts(rows=2)
    tokens, attention = as_tokens(ids, mask, generate(policy, ids, mask))
    attention[0, P + 2 :] = False
    scored = policy.score(tokens, attention, T)
    for figures in (scored.logprobs, scored.values):
        policy.zero_grad()
        figures[0, 2:].sum().backward(retain_graph=True)
        assert all(p.grad is None or not p.grad.any() for p in policy.parameters())


def test_models_with_capped_logits_run_whole():
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=V, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.5, max_position_embeddings=32,
        bos_token_id=None, eos_token_id=None, pad_token_id=None, initializer_range=0.5,
    )  # fmt: skip
    policy = CausalLMPolicy(Gemma2ForCausalLM(config))
    ids, mask = prompts()
    made = generate(policy, ids, mask, keep_states=True)
    assert made.states.logits.abs().max() <= 0.5
    tokens, attention = as_tokens(ids, mask, made)
    assert (policy.score(tokens, attention, T).logprobs - made.logprobs).abs().max() < 1e-4
    with torch.no_grad():
        assert policy.score(tokens, attention, T, against=sampled(policy, made)).kl.abs().max() < 1e-5
    assert (
        made.logprobs[made.response_mask].min() > -np.log(V) - 1.0
    )  # capped logits lie within 1 of each other


def test_saving_and_loading_keeps_every_bit(make_policy, tmp_path):
    policy = make_policy(vocab_size=V)
    torch.nn.init.normal_(policy.value_head.weight)
    policy.save_pretrained(tmp_path / "policy")
    loaded = CausalLMPolicy.from_pretrained(tmp_path / "policy")
    names = {path.name for path in (tmp_path / "policy").iterdir()}
    assert {"config.json", "model.safetensors", "value_head.safetensors"} <= names
    for (name, a), (other, b) in zip(policy.named_parameters(), loaded.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(a, b)


def test_half_precision_weights_are_loaded_as_float32(make_policy, tmp_path):
    make_policy().backbone.model.half().save_pretrained(tmp_path)
    assert {p.dtype for p in CausalLMPolicy.from_pretrained(tmp_path).parameters()} == {torch.float32}


def test_a_folder_without_safetensors_is_refused_in_one_line(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ValueError, match="expected a causal language model with safetensors") as caught:
        CausalLMPolicy.from_pretrained(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit_are_refused(make_policy, tmp_path):
    import safetensors.torch

    make_policy().save_pretrained(tmp_path)
    weights = safetensors.torch.load_file(tmp_path / "model.safetensors")
    del weights["transformer.h.0.ln_1.weight"]
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"do not fit config\.json"):
        CausalLMPolicy.from_pretrained(tmp_path)

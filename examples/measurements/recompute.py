"""Recomputes the primary contrasts of packed studies from raw cells: python recompute.py NAME.jsonl.xz ..."""

import json
import lzma
import sys
import tomllib
from pathlib import Path

import numpy as np
from scipy import stats

LENGTH = "env_kwargs.max_new_tokens"


def _leaves(table, prefix=""):  # nested settings by dotted keys
    own = ((prefix + key, value) for key, value in table.items())
    return {k: v for a, b in own for k, v in (_leaves(b, a + ".") if isinstance(b, dict) else {a: b}).items()}


def _time(cell, goal, score):  # episodes to the goal, and up to where the run was seen
    settings, rows = cell[0], [row for row in cell[1] if row["record"] == "iteration"]
    batch, warm = int(rows[0]["episodes"]), settings.get("config.critic_warmup_iterations") or 0
    rows = [row for row in rows[warm:] if None not in (row["env/score"], row["objective/kl"])]
    x = np.array([row["episodes"] - batch * (1 + warm) for row in rows], float)
    window = max(1, goal["window_episodes"] // batch) if "window_episodes" in goal else goal.get("window", 5)
    most = goal.get("kl_per_token", np.inf) * settings[LENGTH]
    room = np.array([[row["env/score"] - score, most - row["objective/kl"]] for row in rows])
    room = np.array([room[i : i + window].mean(0) for i in range(max(1, len(x) - window + 1))])
    a, b = room[:-1], room[1:]  # there is room on a part of the way from a to b, a straight line
    cross = np.divide(a, a - b, out=np.zeros(a.shape), where=a != b)
    first = np.where(a >= 0, 0, np.where(b >= 0, cross, 2)).max(1)
    last = np.where(b >= 0, 1, np.where(a >= 0, cross, -1)).min(1)
    at = np.flatnonzero(first <= last)[:1] - len(first)  # from the end
    return (x[at - 1] + first[at] * (x[at] - x[at - 1])).item() if len(at) else np.inf, x[-1]


def _interval(pairs, method):  # ratio of means with its 95% interval, pairs drawn again 2,000 times
    (t, c), rng, levels = pairs, np.random.default_rng(0), np.array([0.025, 0.975])
    if method == "percentile":
        counts = rng.multinomial(len(t), np.full(len(t), 1 / len(t)), size=2000)
        return c.mean() / t.mean(), *np.quantile(counts @ c / (counts @ t), levels)
    if method == "t":
        ends = np.log(c / t).std(ddof=1) / len(t) ** 0.5 * np.array([0, *stats.t.ppf(levels, len(t) - 1)])
        return np.exp(np.log(c / t).mean() + ends)
    i, value = rng.integers(0, len(t), (2000, len(t))), round(c.mean() / t.mean(), 11)
    draws = np.round(c[i].mean(1) / t[i].mean(1), 11)
    z = stats.norm.ppf(((draws < value).mean() + (draws <= value).mean()) / 2)
    u = ((c.sum() - c) / (t.sum() - t)).mean() - (c.sum() - c) / (t.sum() - t)
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5) if u.any() else 0.0
    moved = stats.norm.cdf(z + (z + stats.norm.ppf(levels)) / (1 - a * (z + stats.norm.ppf(levels))))
    return value, *np.quantile(draws, moved)


for path in map(Path, sys.argv[1:]):
    plan = path.with_name(path.name.replace(".jsonl.xz", ".toml"))
    study = tomllib.loads(plan.read_text()) if plan.is_file() else sys.exit(f"expected {plan} beside {path}")
    cells, goal, plain, tries = [], study.get("goal", {}), _leaves(study["defaults"]), study.get("tuning", {})
    for record in map(json.loads, lzma.decompress(path.read_bytes()).splitlines()):
        cells += [(_leaves(record["settings"]), [])] if record["record"] == "cell" else []
        cells[-1][1].append(record)
    cells = [cell for cell in cells if cell[1][0]["phase"] == "main"]
    tuned = {*tries.get("grid", {}), *(key for arm in tries.get("arms", []) for key in arm["points"][0])}
    for one in (one for one in study.get("contrasts", []) if one.get("primary")):
        if one["measure"] != "episodes_to_goal" or "against" in one:
            sys.exit(f"{path}: expected a primary contrast of episodes_to_goal, got {one['name']}")
        times, limits, method = [], [], study.get("statistics", {}).get("interval", "bca")
        for where in ({**one.get("at", {}), **one[side]} for side in ("treatment", "control")):
            arm = [c for c in cells if c[1][1]["record"] == "evaluation" and where.items() <= c[0].items()]
            free = {"run", *where, *tuned}  # what a contrast does not name is as in the defaults
            arm = [c for c in arm if all(c[0].get(k) == plain.get(k) for k in {*c[0], *plain} - free)] or arm
            ends = [r[1] for s, r in cells if "best" in r[1] and s[LENGTH] == arm[0][0][LENGTH]]
            start, best = (np.mean([record[key] for record in ends]) for key in ("start", "best"))
            runs = [_time(cell, goal, start + goal["share"] * (best - start)) for cell in arm]
            never = [seen for time, seen in runs if time == np.inf]
            limits += never or ([] if "stop_at.score" in arm[0][0] else [seen for _, seen in runs])
            times.append({cell[1][0]["seed"]: time for cell, (time, _) in zip(arm, runs, strict=True)})
        pairs = np.array([[side[seed] for seed in times[0] if seed in times[1]] for side in times])
        ends = _interval(np.minimum(pairs, horizon := min(limits, default=np.inf)), method)
        sign = {(True, False): "≤ ", (False, True): "≥ "}.get(tuple((pairs > horizon).any(1)), "")
        print(f"{one['name']}: {sign}{{:.2f}}× [{{:.2f}}, {{:.2f}}]".format(*ends))

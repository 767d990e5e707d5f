"""Environments served by OpenEnv: against its interface as recorded, and over HTTP with its own client."""

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.error import InvalidAction, ResetNeeded

from rlsf_gym.integrations.openenv_disconnects import EndOnDisconnect
from tests.helpers.recorded import OPENENV, recorded

ROOT = Path(__file__).parents[3]
TEXT, IDS = "rlsf_gym:rlsf_gym/CountdownText-v0", "rlsf_gym:rlsf_gym/Countdown-v0"
INSTANCE = {"numbers": [2, 3, 7], "target": 13}
RIGHT, WRONG = "2*3=6,6+7=13", "2+7=9,"
BYTES = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 16}


def play(env_id, given, *, seed=None, options=None, **kwargs):
    """Returns prompt, reward and info of an episode in Gymnasium, as plain data."""
    env = gym.make(env_id, **kwargs)
    _, opening = env.reset(seed=seed, options=options)
    _, reward, _, _, info = env.step(given)
    return (
        opening["prompt"],
        reward,
        {key: getattr(one, "tolist", lambda one=one: one)() for key, one in info.items()},
    )


@pytest.fixture
def openenv():
    names = ("rlsf_gym.integrations.openenv_messages", "rlsf_gym.integrations.openenv")
    with recorded(OPENENV, *names) as (_, adapter):
        yield adapter


def test_a_response_of_text_earns_what_the_environment_pays(openenv):
    env = openenv.SessionEnvironment(TEXT)
    opening = env.reset(episode_id="first", instance=INSTANCE)
    assert (opening.prompt, opening.done, opening.reward) == ("2 3 7 -> 13: ", False, None)
    assert opening.metadata["instance"] == INSTANCE
    ended = env.step(env.action_cls.model_validate({"text": RIGHT}))
    prompt, reward, info = play(TEXT, RIGHT, options={"instance": INSTANCE})
    assert (ended.prompt, ended.done, ended.reward, ended.metadata) == (prompt, True, reward, info)
    assert json.loads(json.dumps(ended.metadata)) == ended.metadata
    assert ended.metadata["solved"] == 1.0 and ended.metadata["certificate"]
    assert (env.state.episode_id, env.state.step_count) == ("first", 1)
    assert env.get_metadata().name == TEXT


def test_ids_that_were_sampled_are_not_tokenised_again(openenv):
    env = openenv.SessionEnvironment(IDS, **BYTES)
    env.reset(instance=INSTANCE)
    ids = [*WRONG.encode(), 256]
    ended = env.step(env.action_cls.model_validate({"ids": ids}))
    _, reward, info = play(IDS, ids, options={"instance": INSTANCE}, **BYTES)
    assert (ended.reward, ended.metadata) == (reward, info)
    assert sum(ended.metadata["response_mask"]) == len(ids)


def test_a_request_without_a_session_says_what_it_answers(openenv):
    env = openenv.SessionEnvironment(TEXT)
    action = env.action_cls.model_validate({"text": RIGHT})
    with pytest.raises(ResetNeeded):
        env.step(action)
    assert env.step(action, instance=INSTANCE).metadata["solved"] == 1.0
    with pytest.raises(ResetNeeded):
        env.step(action)


@pytest.mark.parametrize(
    ("env_id", "data", "said"),
    [
        (
            TEXT,
            {"text": 5},
            r'^action must be {"text": "the response"}, got {\'text\': 5} \(text: Input .* str\)$',
        ),
        (TEXT, {}, r"got {} \(text: Field required\)"),
        (TEXT, {"text": "a", "ids": []}, r"\(ids: Extra inputs"),
        (
            IDS,
            {"text": RIGHT},
            r'^action must be {"ids": \[the sampled token ids\]}, got .*\(ids: Field required\)$',
        ),
    ],
)
def test_what_is_no_action_is_one_line(openenv, env_id, data, said):
    action_cls = openenv.SessionEnvironment(env_id).action_cls
    with pytest.raises(InvalidAction, match=said):
        action_cls.model_validate(data)


@pytest.mark.parametrize("name", [5, ["first"]])
def test_an_episodes_name_is_text(openenv, name):
    env = openenv.SessionEnvironment(TEXT)
    with pytest.raises(ValueError, match=rf"^episode_id must be text, got {re.escape(repr(name))}$"):
        env.reset(episode_id=name)
    env.reset(episode_id="first")
    assert env.state.episode_id == "first"


def test_ids_of_another_tokenizer_are_refused(openenv):
    env = openenv.SessionEnvironment(IDS, **BYTES)
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match=r"action must hold ids in \[0, 257\]"):
        env.step(env.action_cls.model_validate({"ids": [300]}))


def test_steps_of_single_tokens_are_refused(openenv):
    with pytest.raises(
        ValueError, match=r"env_id must be an environment whose step is one response, .* Discrete"
    ):
        openenv.make_app("rlsf_gym:rlsf_gym/CountdownToken-v0")


def test_an_application_serves_sessions_of_their_own(openenv):
    app = openenv.make_app(TEXT, max_sessions=3, max_new_tokens=32)
    assert (app.env_name, app.max_concurrent_envs) == ("CountdownText-v0", 3)
    assert app.env.func.SUPPORTS_CONCURRENT_SESSIONS
    assert app.middleware == [EndOnDisconnect]
    one, other = app.env(), app.env()
    prompts = [env.reset(seed=seed).prompt for env, seed in ((one, 1), (other, 2))]
    assert prompts[0] != prompts[1]
    assert [env.step(app.action_cls(text="1")).prompt for env in (one, other)] == prompts
    refused = app.handlers[ValueError](None, ValueError("options must be among 'instance', got 'a'"))
    assert (refused.status_code, refused.content) == (
        422,
        {"detail": "options must be among 'instance', got 'a'"},
    )


def test_without_openenv_its_release_is_named():
    from rlsf_gym.integrations import openenv as adapter

    if "Missing" not in [base.__name__ for base in adapter.SessionEnvironment.__mro__]:
        pytest.skip("openenv is installed")
    with pytest.raises(ImportError, match=r"pip install openenv==0\.10\.0"):
        adapter.make_app(TEXT)


@pytest.fixture(scope="module")
def client():
    """Returns OpenEnv's own client."""
    return pytest.importorskip("openenv.core", reason="needs the package openenv, which is in no extra")


@contextlib.contextmanager
def serving(*arguments, cwd=ROOT):
    """Yields the address of a server, and its process."""
    command = [sys.executable, "-m", "rlsf_gym", "serve", *arguments, "--port", "0"]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            yield server.stdout.readline().partition(" serves ")[0], server
        finally:
            server.terminate()
            server.wait(timeout=20)
            log.seek(0)
            assert log.read() == ""  # nothing that a client does is worth a traceback


@pytest.fixture(scope="module")
def address(client):
    with serving(TEXT, "--max-sessions", "16") as (address, _):
        yield address


@pytest.mark.adapters
def test_openenvs_client_plays_over_http(client, address):
    with client.GenericEnvClient(base_url=address).sync() as env:
        opening = env.reset(instance=INSTANCE, episode_id="one")
        assert opening.observation["prompt"] == "2 3 7 -> 13: "
        ended = env.step({"text": RIGHT})
        _, reward, info = play(TEXT, RIGHT, options={"instance": INSTANCE})
        assert (ended.done, ended.reward, ended.metadata) == (True, reward, info)
        assert env.state() == {"episode_id": "one", "step_count": 1}


@pytest.mark.adapters
def test_clients_at_once_have_sessions_of_their_own(client, address):
    def run(number):
        with client.GenericEnvClient(base_url=address).sync() as env:
            played = []
            for episode in range(5):
                opening = env.reset(seed=number) if episode == 0 else env.reset()
                ended = env.step({"text": f"{number}+{episode}"})
                played.append((opening.observation["prompt"], ended.reward, ended.metadata["token_rewards"]))
            return played

    def expect(number):
        env = gym.make(TEXT)
        for episode in range(5):
            _, opening = env.reset(seed=number) if episode == 0 else env.reset()
            _, reward, _, _, info = env.step(f"{number}+{episode}")
            yield opening["prompt"], reward, info["token_rewards"].tolist()

    with ThreadPoolExecutor(16) as pool:
        played = list(pool.map(run, range(16)))
    assert played == [list(expect(number)) for number in range(16)]
    assert len({prompts[0][0] for prompts in played}) > 1


@pytest.mark.adapters
def test_one_client_too_many_is_told(client):
    with (
        serving(
            IDS, "--max-sessions", "1", "--kwargs", *(f"{key}={value}" for key, value in BYTES.items())
        ) as (address, _),
        client.GenericEnvClient(base_url=address).sync() as env,
    ):
        env.reset(instance=INSTANCE)
        with pytest.raises(RuntimeError, match="CAPACITY_REACHED"):
            client.GenericEnvClient(base_url=address).sync().reset()
        assert env.step({"ids": [*RIGHT.encode(), 256]}).metadata["finish_reason"] == "eos"


@pytest.mark.adapters
@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            {"text": 5},
            r'action must be {"text": "the response"}, got {\'text\': 5} \(text: Input should be a valid',
        ),
        ({"ids": [5]}, r"\(text: Field required\)"),
        ({"text": "a" * 5000}, "action must have at most"),
    ],
)
def test_a_wrong_action_is_a_clear_error_and_the_session_goes_on(client, address, action, said):
    with client.GenericEnvClient(base_url=address).sync() as env:
        env.reset(instance=INSTANCE)
        with pytest.raises(RuntimeError, match=said):
            env.step(action)
        assert env.step({"text": RIGHT}).metadata["solved"] == 1.0
        with pytest.raises(RuntimeError, match="call reset"):
            env.step({"text": RIGHT})
        with pytest.raises(RuntimeError, match="options must be among 'instance', got 'targett'"):
            env.reset(targett=3)


def post(address, data):
    request = urllib.request.Request(
        f"{address}/step", json.dumps(data).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.adapters
def test_plain_http_has_no_session(client, address):
    status, ended = post(address, {"action": {"text": RIGHT}, "instance": INSTANCE})
    assert (status, ended["done"], ended["metadata"]["solved"]) == (200, True, 1.0)
    status, refused = post(address, {"action": {"text": RIGHT}})
    assert status == 422 and "reset" in refused["detail"]


@pytest.mark.adapters
def test_openenvs_own_validation_passes(client, address):
    program = Path(sys.executable).with_name("openenv")
    done = subprocess.run([program, "validate", "--url", address], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verdict: PASS" in done.stdout


@pytest.mark.adapters
def test_clients_that_vanish_give_their_places_back(client, address):
    from websockets.asyncio.client import connect

    async def run(number):
        async with connect(address.replace("http", "ws") + "/ws") as line:
            await line.send(json.dumps({"type": "reset", "data": {"seed": number}}))
            assert json.loads(await line.recv())["type"] == "observation"
            if number % 2:
                await line.send(json.dumps({"type": "step", "data": {"text": RIGHT}}))
            line.transport.abort()  # without a word, an answer on the way or not

    async def crowd():
        for _ in range(3):  # three times as many as there are places
            await asyncio.gather(*map(run, range(16)))
            await asyncio.sleep(0.5)

    asyncio.run(crowd())
    with client.GenericEnvClient(base_url=address).sync() as env:
        env.reset(instance=INSTANCE)
        assert env.step({"text": RIGHT}).metadata["solved"] == 1.0


@pytest.mark.adapters
def test_frames_that_are_no_messages_are_errors(client, address):
    from websockets.sync.client import connect

    with connect(address.replace("http", "ws") + "/ws") as line:
        for frame, code in (("{bad", "INVALID_JSON"), ('{"type": "x"}', "UNKNOWN_TYPE")):
            line.send(frame)
            assert json.loads(line.recv())["data"]["code"] == code
        line.send(json.dumps({"type": "reset", "data": {"episode_id": 5}}))
        assert json.loads(line.recv())["data"]["message"] == "episode_id must be text, got 5"
        line.send(json.dumps({"type": "reset", "data": {"instance": INSTANCE}}))
        assert json.loads(line.recv())["type"] == "observation"
        line.send(json.dumps({"type": "close"}))
    with connect(address.replace("http", "ws") + "/ws") as line:
        line.send("5")  # no object: OpenEnv ends this session, and no other
        assert json.loads(line.recv())["data"]["code"] == "SESSION_ERROR"
    with client.GenericEnvClient(base_url=address).sync() as env:
        assert env.reset(instance=INSTANCE).observation["prompt"] == "2 3 7 -> 13: "


@pytest.mark.adapters
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_with_a_client_on_the_line(client, number):
    with serving(TEXT) as (address, server), client.GenericEnvClient(base_url=address).sync() as env:
        env.reset(instance=INSTANCE)
        server.send_signal(number)
        assert server.wait(timeout=20) == 0
        assert server.stdout.read() == ""


@pytest.mark.adapters
def test_a_scorer_of_the_working_folder_that_raises_is_an_error_of_its_session(client, tmp_path):
    (tmp_path / "served_parts.py").write_text(
        "def moody(texts):\n"
        "    if any('bad' in text for text in texts):\n"
        "        raise RuntimeError('no bad words')\n"
        "    return [0.5] * len(texts)\n"
    )
    served = ("rlsf_gym:rlsf_gym/SentimentText-v0", "--kwargs", "scorer=served_parts:moody")
    with (
        serving(*served, cwd=tmp_path) as (address, _),
        client.GenericEnvClient(base_url=address).sync() as env,
    ):
        env.reset(prompt="The film was")
        with pytest.raises(RuntimeError, match="no bad words"):
            env.step({"text": " bad"})
        env.reset(prompt="The film was")
        assert env.step({"text": " good"}).done

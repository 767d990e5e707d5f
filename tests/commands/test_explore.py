"""The explorer: its answers are the environment's own, bad requests are refused, its file needs nothing."""

import functools
import http.client
import json
import math
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import gymnasium as gym
import pytest

from rlsf_gym.designs import DESIGNS, Design, load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.scorers import load_scorer
from tests.helpers.candidates import EachText

ROOT = Path(__file__).parents[2]
PROMPT, RESPONSE = "The film was", " not very good, but I LOVED the ending! \U0001f600"
HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>\u202e\x00\x1b[31m&lt;"


@pytest.fixture(scope="module")
def explorer():
    from rlsf_gym.explorer.feedback import Explorer

    return Explorer()


@pytest.fixture(scope="module")
def server(explorer):
    from rlsf_gym.explorer.server import Server

    with Server("127.0.0.1", 0, lambda: "<!doctype html>", explorer.answer_plain) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def send(server, body, *, method="POST", path="/feedback", **headers):
    """Returns status, headers and text of the reply."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} | headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read().decode()
    finally:
        connection.close()


def ask(server, **question):
    status, _, text = send(server, json.dumps({"prompt": PROMPT, "response": RESPONSE} | question))
    assert status == 200, text
    return json.loads(text)


def refusal(reply):
    """Returns the one line of a refusal, which tells nothing of the inside."""
    told = json.loads(reply[2])
    assert list(told) == ["error"]
    assert "\n" not in told["error"]
    assert "Traceback" not in told["error"]
    assert ".py" not in told["error"]
    return told["error"]


# The answer


@pytest.mark.parametrize("design", ["potential", "terminal", "shuffled", "broadcast"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
def test_the_answer_is_the_environments_info(server, design, boundary):
    env = gym.make(
        "rlsf_gym/SentimentText-v0",
        reward_design=design,
        boundary=boundary,
        objective="negative",
        max_new_tokens=32,
    )
    env.reset(seed=0, options={"prompt": PROMPT})
    _, reward, _, _, info = env.step(RESPONSE)
    length = info["response_length"]
    answer = ask(server, designs=[design], boundary=boundary, objective="negative")
    told = answer["designs"][design]
    assert told["rewards"] == info["token_rewards"][:length].tolist()
    assert (told["total"], told["texts"]) == (reward, DESIGNS[design].cost(length))
    assert (answer["score"], answer["utility"]) == (info["score"], info["utility"])
    assert answer["rules"] == {
        key.removeprefix("reward_"): value
        for key, value in info.items()
        if key.startswith("reward_") and key != "reward_design" and value
    }
    assert [(record["word"], record["trigger"]) for record in answer["records"]] == [
        (record["word"], record["trigger"]) for record in info["certificate"]
    ]


def test_tokens_records_and_running_score_by_hand(server):
    """ "good," is closed by " it"; the emoji takes four tokens of bytes, the last of which completes it."""
    answer = ask(server, response=" good, it \u2603", designs=[])
    texts = [[part["text"] for part in token["parts"]] for token in answer["tokens"]]
    assert texts == [[" ", "good"], [","], [" it"], [" "], ["\u2039e2\u203a"], ["\u203998\u203a"], ["\u2603"]]
    assert [token["records"] for token in answer["tokens"]] == [[0], [0], [0], [], [], [], []]
    good = 1.9 / math.sqrt(1.9**2 + 15)
    assert answer["running"] == pytest.approx([0, 0, good, good, good, good, good])
    assert (answer["prompt_score"], answer["score"]) == (0, pytest.approx(good))
    assert answer["rules"] == {"base": pytest.approx(good)}


def served(explorer):
    """Returns the designs that the default scorer can serve."""
    refused = explorer.options()["scorers"][0]["refused"]
    return [name for name in DESIGNS if name not in refused]


def test_the_objective_and_its_target(server, explorer):
    designs = served(explorer)
    answer = ask(server, response="", objective="target", target=-0.25, designs=designs)
    assert (answer["prompt_utility"], answer["utility"]) == (-0.25, -0.25)
    assert answer["tokens"] == answer["ids"] == answer["records"] == []
    assert list(answer["designs"]) == designs
    assert all(told["rewards"] == [] and told["total"] == 0 for told in answer["designs"].values())


def test_the_other_scorer_tells_its_path(server):
    pytest.importorskip("networkx")
    answer = ask(
        server, prompt="After two hours the", response=" plot felt long.", scorer="knowledge", designs=[]
    )
    (record,) = [record for record in answer["records"] if record["rule"] == "knowledge"]
    assert record["word_text"] == "long"
    assert record["path"][0] == "long"


def test_everything_that_can_be_picked_is_offered(explorer):
    options = explorer.options()
    assert [design["name"] for design in options["designs"]] == list(DESIGNS)
    flags = ("causal", "conserving", "bounded")
    for design in options["designs"]:
        assert [design[flag] for flag in flags] == [
            getattr(load_design(design["name"]), flag) for flag in flags
        ]
        assert design["summary"]
    scorers = {scorer["name"]: scorer for scorer in options["scorers"]}
    assert scorers["vader"]["reason"] is None
    unserved = {
        name: design.needs for name, design in DESIGNS.items() if design.needs not in ("", "rules", "lexicon")
    }
    assert list(scorers["vader"]["refused"]) == list(unserved)
    for name, need in unserved.items():
        assert f"offers {need!r}" in scorers["vader"]["refused"][name]
    assert "--scorer-model" in scorers["transformer"]["reason"]
    from rlsf_gym.explorer.question import Question

    for example in options["examples"]:
        asked = Question(prompt=example["prompt"], response=example["response"], designs=("potential",))
        assert "rewards" in explorer.answer(asked)["designs"]["potential"]
    assert options["prompts"]


def test_a_design_that_fails_says_so_in_its_place(monkeypatch):
    from rlsf_gym.explorer.feedback import Explorer
    from rlsf_gym.explorer.question import Question

    def failing(evidence, *, rng):
        """Returns nothing of use."""
        raise ValueError("no\n  way")

    monkeypatch.setitem(DESIGNS, "failing", Design("failing", failing))
    monkeypatch.setitem(
        DESIGNS, "dear", Design("dear", DESIGNS["terminal"].function, cost=lambda length: 10**6)
    )
    answer = Explorer().answer(Question(designs=("failing", "dear", "terminal")))
    assert answer["designs"]["failing"] == {"error": "no way"}
    assert "1,000,000 texts" in answer["designs"]["dear"]["error"]
    assert answer["designs"]["terminal"]["rewards"][-1] > 0.7


@pytest.fixture
def telling():
    """The explorer with a vocabulary of bytes, and a scorer that says what each of them adds to a text."""
    from rlsf_gym.explorer.feedback import Explorer

    made = Explorer(env_kwargs={"tokenizer": "bytes"})
    made._scorers["vader"] = EachText(made._scorers["vader"])
    return made


def test_other_tokens_are_told_beside_the_chosen_one(telling):
    """Behind "It was goo" no byte but D and d make a word of the lexicon."""
    from rlsf_gym.explorer.question import Question

    question = Question("It was ", "good", boundary="open", designs=("potential", "terminal", "uniform"))
    designs = telling.answer(question)["designs"]
    good, zero = round(1.9 / math.sqrt(1.9**2 + 15), 6), ["\u2400", 0.0]
    last = {"best": [["D", good], ["d", good], zero], "worst": [zero], "place": "rank 1 of 257, shared by 2"}
    assert designs["potential"]["others"][3] == last
    assert designs["terminal"]["others"][3] == last
    even = {"best": [], "worst": [], "place": "any token would have earned the same"}
    assert designs["terminal"]["others"][0] == even
    assert [len(told["others"]) for told in list(designs.values())[:2]] == [4, 4]
    assert "others" not in designs["uniform"]


def test_other_tokens_are_told_of_short_responses(telling, monkeypatch):
    from rlsf_gym.explorer.question import Question

    monkeypatch.setattr("rlsf_gym.explorer.feedback.MAX_CANDIDATES", 3 * 257)
    question = functools.partial(Question, "It was ", boundary="open", designs=("potential",))
    long, short = (telling.answer(question(text))["designs"]["potential"] for text in ("baad", "bad"))
    assert long["others"] is None
    assert len(long["rewards"]) == 4
    assert len(short["others"]) == 3


@pytest.mark.parametrize("boundary", ["closed", "open"])
def test_where_other_tokens_cant_be_told_there_is_no_word_of_them(telling, boundary):
    from rlsf_gym.explorer.question import Question

    scorer = {"closed": "vader", "open": "plain"}[boundary]
    telling.scorers = (*telling.scorers, "plain")
    telling._scorers["plain"] = load_scorer(lambda texts: [text.count("a") / 100 for text in texts])
    question = Question(
        "It was ", "bad", scorer=scorer, boundary=boundary, designs=("potential", "broadcast")
    )
    for told in telling.answer(question)["designs"].values():
        assert told.keys() == {"rewards", "total", "texts"}


# What is refused


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff", "decode"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "the question must be an object, got []"),
        (b'{"text": 1}', "must have fields among prompt, response"),
        (b'{"prompt": 5}', "prompt must be a string, got 5"),
        (b'{"prompt": "\\ud800"}', "prompt: text must not hold lone surrogates"),
        (b'{"response": "a\\udfffb"}', "response: text must not hold lone surrogates"),
        (b'{"target": NaN}', "target must be a number, got nan"),
        (b'{"target": true}', "target must be a number, got True"),
        (b'{"objective": "target", "target": 2}', "target must be in [-1, 1], got 2"),
        (b'{"designs": "potential"}', "designs must be a list of strings"),
        (b'{"designs": [["potential"]]}', "designs must be a list of strings"),
        (b'{"designs": ["os:system"]}', "designs must be one of terminal, "),
        (b'{"scorer": "os:system"}', "scorer must be one of vader, knowledge"),
        (b'{"scorer": "transformer"}', "scorer transformer: needs a classifier"),
        (b'{"objective": "os:system"}', "objective must be one of positive, "),
        (b'{"boundary": "ajar"}', "boundary must be one of closed, open, got 'ajar'"),
    ],
)
def test_a_bad_question_is_400_in_one_line(server, body, message):
    reply = send(server, body)
    assert reply[0] == 400
    assert message in refusal(reply)


def test_a_text_of_too_many_tokens_is_400(server):
    from rlsf_gym.explorer.feedback import MAX_TOKENS

    for name in ("prompt", "response"):
        reply = send(server, json.dumps({name: "\x00" * (MAX_TOKENS + 1)}))
        assert reply[0] == 400
        assert refusal(reply) == f"{name} must have at most 5,120 tokens, got 5,121: shorten it"


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (415, {"Content_Type": "text/plain"}),
        (411, {"Transfer_Encoding": "chunked"}),
        (411, {"Content_Length": "-1"}),
        (413, {"Content_Length": "99999999"}),
        (413, {"Content_Length": "9" * 5000}),
        (404, {"path": "/other"}),
        (404, {"path": "/../../etc/passwd", "method": "GET"}),
        (501, {"method": "DELETE"}),
        (403, {"Host": "rebound.example:80"}),
        (403, {"Host": ""}),
        (403, {"Host": "rebound.example", "method": "GET", "path": "/"}),
        (403, {"Origin": "http://elsewhere.example"}),
        (403, {"Origin": "null"}),
    ],
)
def test_a_bad_request_is_refused_in_one_line(server, status, changes):
    reply = send(server, "{}", **changes)
    assert reply[0] == status
    assert refusal(reply)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (400, b"POST /feedback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{}"),
        (414, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    ],
)
def test_what_is_no_request_is_refused_in_one_line(server, status, sent):
    with socket.create_connection(server.server_address[:2], timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while chunk := connection.recv(1 << 16):
            reply += chunk
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert refusal((status, {}, body))


@pytest.mark.parametrize(
    "host", ["localhost:1", "127.0.0.1", "[::1]:8000", "[::1]", "192.168.0.7:80", "LOCALHOST"]
)
def test_this_machine_may_be_called_by_name_or_address(server, host):
    assert send(server, "{}", Host=host, Origin=f"http://{host}")[0] == 200


def test_a_failure_is_not_told_to_the_client(server, monkeypatch, capsys):
    def fail(plain):
        raise KeyError("secret.py")

    monkeypatch.setattr(server, "answer", fail)
    reply = send(server, "{}")
    assert reply[0] == 500
    assert "secret" not in refusal(reply)
    assert "secret.py" in capsys.readouterr().err


def test_the_headers_keep_others_out(server):
    status, headers, text = send(server, None, method="GET", path="/")
    assert (status, text) == (200, "<!doctype html>")
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


# What is given on the command line


def test_scorer_tokenizer_prompts_and_arguments_are_those_of_the_command_line(tmp_path, monkeypatch):
    from rlsf_gym.commands import explore
    from rlsf_gym.explorer.question import Question

    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_parts.py").write_text(
        "from rlsf_gym.scorers import VaderScorer\n"
        "def documented(but):\n    return VaderScorer(but)\n"
        "def halve(scores):\n    return scores / 2\n"
    )
    (tmp_path / "mine.csv").write_text("query\nOnce more\nNever again\n")
    domain = load_domain()
    options = explore.make_parser().parse_args(
        [
            *("--scorer", "my_parts:documented", "--scorer-kwargs", "but=documented", "--tokenizer", "bytes"),
            *("--objective", "my_parts:halve", "--prompts", "mine.csv", "--prompts-column", "query"),
            *("--env-kwargs", "verify=true", "--designs", "terminal"),
        ]
    )
    explorer = explore.make_explorer(options, explore.read_settings(options, domain), domain)
    offered = explorer.options()
    assert offered["prompts"] == ["Once more", "Never again"]
    assert offered["scorers"][-1]["name"] == "my_parts:documented"
    assert offered["objectives"][-1] == "my_parts:halve"
    picked = {"designs": ("terminal",), "scorer": "my_parts:documented", "objective": "my_parts:halve"}
    answer = explorer.answer(Question(response=" good", **picked))
    good = 1.9 / math.sqrt(1.9**2 + 15)
    assert len(answer["tokens"]) == 5  # bytes
    assert answer["score"] == pytest.approx(good)
    assert answer["utility"] == pytest.approx(good / 2)
    assert answer["designs"]["terminal"]["total"] == pytest.approx(good / 2)
    with pytest.raises(ValueError, match=r"scorer must be one of vader, .*documented, got 'os:system'"):
        explorer.answer_plain({"scorer": "os:system"})


def test_a_scorer_that_fails_is_told_by_its_flag(tmp_path, monkeypatch, capsys):
    from rlsf_gym.commands import explore

    monkeypatch.chdir(tmp_path)
    assert explore.main(["--scorer-kwargs", "butt=x", "--out", "x.html"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: scorer vader: --scorer-kwargs must fit scorer 'vader': it takes (but)")
    assert "(did you mean 'but'?)" in error
    assert list(tmp_path.iterdir()) == []


# The file


class Outline(HTMLParser):
    """Collects the tags with their attributes, and the text of scripts and styles."""

    def __init__(self, document):
        super().__init__()
        self.tags, self.inside, self.open = [], [], ""
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open in ("script", "style"):
            self.inside.append((self.tags[-1], data))


def explore(*arguments, **keywords):
    command = [sys.executable, "-m", "rlsf_gym", "explore", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **keywords)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    path = tmp_path_factory.mktemp("explore") / "page.html"
    done = explore(
        "--out",
        path,
        "--prompt",
        HOSTILE.replace("\x00", ""),
        "--response",
        f" good{HOSTILE[:8]} but",
        "--designs",
        "potential",
    )
    assert (done.returncode, done.stderr) == (0, "")
    return path


def test_the_file_is_self_contained(snapshot, explorer):
    document = snapshot.read_text(encoding="utf-8")
    outline = Outline(document)
    addresses = [
        value for _, attrs in outline.tags for name, value in attrs.items() if name in ("src", "href")
    ]
    assert addresses == ["data:,"]
    assert {
        name for _, attrs in outline.tags for name in attrs if name.startswith("on") or name == "style"
    } == set()
    (style,) = [text for (tag, _), text in outline.inside if tag == "style"]
    data, script = (text for (tag, _), text in outline.inside if tag == "script")
    assert "url(" not in style
    assert "@import" not in style
    assert set(re.findall(r"https?:[^\s\"]*", document)) == {
        "http://www.w3.org/2000/svg"
    }  # a name, never fetched
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", script)
    (policy,) = [
        attrs["content"] for _, attrs in outline.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    digests = [b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    held = json.loads(data)
    assert held["question"]["prompt"] == HOSTILE.replace("\x00", "")
    assert held["live"] is False
    assert set(held["answer"]["designs"]) == set(served(explorer))


def test_no_text_breaks_out_of_the_page():
    from rlsf_gym.explorer.page import embed

    text = embed({"<!--": HOSTILE + "\u2028</SCRIPT\ud800"})
    assert not set(text) & set("<>&\u2028\x00")
    assert json.loads(text) == {"<!--": HOSTILE + "\u2028</SCRIPT\ud800"}


# The command line


@pytest.mark.parametrize(
    ("status", "message", "arguments"),
    [
        (2, "expected a port", ["--port", "70000"]),
        (2, "expected a number from -1 to 1", ["--target", "2"]),
        (1, "designs must be one of terminal, ", ["--out", "x.html", "--designs", "potentail"]),
        (1, "scorer must be one of vader, ", ["--out", "x.html", "--scorer", "vadder"]),
        (1, "lone surrogates", ["--out", "x.html", "--prompt", b"\xff"]),
        (1, "missing/x.html: expected a file in a folder that is there", ["--out", "missing/x.html"]),
        (1, ".: expected the name of a file, got a folder", ["--out", "."]),
        (1, "must have at most 5,120 tokens", ["--port", "0", "--response", "\x01" * 5121]),
    ],
)
def test_wrong_arguments_are_said_in_one_line(status, message, arguments, tmp_path):
    command = [sys.executable, "-m", "rlsf_gym", "explore", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.whole
def test_it_serves_until_ctrl_c():
    command = [
        sys.executable,
        "-m",
        "rlsf_gym",
        "explore",
        "--port",
        "0",
        "--designs",
        "terminal",
        "examples.quickstart.custom_design:INSTALMENTS",
    ]
    heeds = functools.partial(
        signal.signal, signal.SIGINT, signal.SIG_DFL
    )  # a test in the background does not
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeds
    ) as process:
        url = process.stdout.readline().split()[0]
        try:
            with urllib.request.urlopen(url, timeout=20) as reply:
                held = json.loads(Outline(reply.read().decode()).inside[1][1])
            taken = explore("--port", url.rstrip("/").rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (130, "", "")
    assert list(held["answer"]["designs"]) == ["terminal", "examples.quickstart.custom_design:INSTALMENTS"]
    assert held["options"]["designs"][-1]["name"] == "examples.quickstart.custom_design:INSTALMENTS"
    assert "error" not in held["answer"]["designs"]["examples.quickstart.custom_design:INSTALMENTS"]
    assert taken.returncode == 1
    assert taken.stderr.startswith("error: ")
    assert taken.stderr.count("\n") == 1

import random
from collections import Counter
from itertools import repeat

import pytest
from faulty_server import ANSWER_TOKENS, CONTENTS, FAULTS, PROMPT_TOKENS, FaultyServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.client import Reply
from lanhar.interpretation.llm.errors import BudgetSpent, RequestFailed, RunStopped
from lanhar.interpretation.llm.settings import Price
from lanhar.interpretation.schema import Interpretation, json_schema

AN_ANSWER = PROMPT_TOKENS + ANSWER_TOKENS
PRICE = Price(input=1.0, output=2.0)
COST_USD = (PROMPT_TOKENS * 1.0 + ANSWER_TOKENS * 2.0) / 1e6


def test_a_good_answer_comes_back_with_all_that_is_known_about_it(faulty_server: FaultyServer, ask):
    (reply,) = ask(faulty_server.url, price=PRICE)
    assert Interpretation.model_validate_json(reply.text).strength.evidence[0].value == 1.25
    assert (reply.finish_reason, reply.model, reply.mode) == ("stop", "model-2026-01-01", "json_schema")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.retries) == (PROMPT_TOKENS, ANSWER_TOKENS, 0)
    assert reply.cost_usd == pytest.approx(COST_USD)


def test_the_request_carries_prompt_parameters_and_the_strict_schema(faulty_server: FaultyServer, ask):
    ask(faulty_server.url, max_answer_tokens=321, top_p=0.5, seed=7)
    body = faulty_server.requests[0].body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert {name: body[name] for name in ("model", "temperature", "max_tokens", "top_p", "seed")} == {
        "model": "m",
        "temperature": 0.2,
        "max_tokens": 321,
        "top_p": 0.5,
        "seed": 7,
    }
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"] == {"name": "interpretation", "strict": True, "schema": json_schema()}


@pytest.mark.parametrize("model", ["openai/m", "hosted_vllm/m", "lm_studio/m", "llamafile/m"])
def test_the_servers_of_this_machine_are_reached_without_a_key(faulty_server: FaultyServer, ask, monkeypatch, model):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (reply,) = ask(faulty_server.url, model=model, allow_remote=False)
    assert isinstance(reply, Reply)
    assert [seen.path for seen in faulty_server.requests] == ["/v1/chat/completions"]


@pytest.mark.parametrize("fault", CONTENTS)
def test_an_answer_is_an_answer_however_bad(faulty_server: FaultyServer, ask, fault):
    faulty_server.script.append(fault)
    budget = Budget()
    (reply,) = ask(faulty_server.url, budget=budget)
    assert isinstance(reply, Reply)
    assert len(faulty_server.requests) == 1
    assert budget.tokens == AN_ANSWER
    assert reply.finish_reason == {"length": "length", "refusal": "content_filter"}.get(fault, "stop")
    assert (reply.text == "") == (fault == "empty")


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        ("429", 4),
        ("429_retry_after", 4),
        ("500", 4),
        ("503", 4),
        ("reset", 4),
        ("stall", 4),
        ("drip", 4),
        ("truncated_body", 4),
        ("malformed_body", 3),
        ("no_choices", 3),
        ("error_body", 3),
        ("filtered", 1),
    ],
)
def test_what_may_come_right_is_repeated_a_limited_number_of_times(faulty_server: FaultyServer, ask, fault, tries):
    faulty_server.script.extend(repeat(fault, 20))
    budget = Budget()
    (end,) = ask(faulty_server.url, budget=budget, timeout_s=0.1 if fault in ("stall", "drip") else 5.0)
    assert isinstance(end, RequestFailed), end
    assert len(faulty_server.requests) == tries
    assert "\n" not in str(end)
    assert budget.tokens == faulty_server.tokens  # what was charged is counted, also when nobody can read it


@pytest.mark.parametrize(
    "fault", ["429", "500", "reset", "truncated_body", "malformed_body", "no_choices", "error_body"]
)
def test_what_comes_right_is_answered(faulty_server: FaultyServer, ask, fault):
    faulty_server.script.append(fault)
    budget = Budget()
    (reply,) = ask(faulty_server.url, budget=budget)
    assert reply.retries == 1
    assert budget.tokens == faulty_server.tokens


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unknown_model", "knows no model 'openai/m'"),
        ("bad_key", "refuses the key"),
        ("no_permission", "may not use this model"),
        ("no_quota", "may not spend more"),
        ("context", "prompt=compact"),
        ("redirect", "redirects to http://192.0.2.1"),
    ],
)
def test_what_cannot_come_right_stops_the_run_at_once(faulty_server: FaultyServer, ask, fault, words):
    faulty_server.script.append(fault)
    (end,) = ask(faulty_server.url)
    assert isinstance(end, RunStopped)
    assert words in str(end)
    assert "\n" not in str(end)
    assert len(faulty_server.requests) == 1


def test_nobody_at_the_address_stops_the_run_after_a_few_tries(ask):
    (end,) = ask("http://127.0.0.1:9/v1", max_retries=6)
    assert isinstance(end, RunStopped)
    assert "http://127.0.0.1:9/v1" in str(end)
    assert len(ask.time.slept) == 2


@pytest.mark.parametrize(
    ("refused", "mode"),
    [([], "json_schema"), (["json_schema"], "json_object"), (["json_schema", "json_object"], "text")],
)
def test_the_strictest_form_that_the_server_takes_is_found_once(faulty_server: FaultyServer, ask, refused, mode):
    faulty_server.refused_forms = frozenset(refused)
    replies = ask(faulty_server.url, requests=12, workers=6)
    assert {reply.mode for reply in replies} == {mode}
    assert len(faulty_server.requests) == 12 + len(refused)
    assert ("response_format" in faulty_server.requests[-1].body) == (mode != "text")


def test_a_form_that_was_named_is_not_replaced(faulty_server: FaultyServer, ask):
    faulty_server.refused_forms = frozenset({"json_schema"})
    (end,) = ask(faulty_server.url, structured="json_schema")
    assert isinstance(end, RunStopped)
    (reply,) = ask(faulty_server.url, structured="json_object")
    assert reply.mode == "json_object"


def test_prose_is_asked_for_without_any_form(faulty_server: FaultyServer, ask):
    (reply,) = ask(faulty_server.url, schema=False)
    assert reply.mode == "text"
    assert "response_format" not in faulty_server.requests[0].body


def test_a_refused_request_stops_the_run_only_if_nothing_was_answered_before(faulty_server: FaultyServer, ask):
    faulty_server.script.extend(["bad_request"] * 3)
    (end,) = ask(faulty_server.url)
    assert isinstance(end, RunStopped)
    faulty_server.script.extend(["", "bad_request", ""])
    ends = ask(faulty_server.url, requests=3, workers=1)
    assert [type(end) for end in ends] == [Reply, RequestFailed, Reply]


class WatchedBudget(Budget):
    """Notes when each request was sent."""

    def __init__(self, clock) -> None:
        super().__init__()
        self.clock, self.sent = clock, []

    def admit(self) -> None:
        super().admit()
        self.sent.append(self.clock())


def test_retry_after_pauses_every_request(faulty_server: FaultyServer, ask):
    faulty_server.script.extend(["", "429_retry_after"])
    budget = WatchedBudget(ask.time.clock)
    replies = ask(faulty_server.url, requests=6, budget=budget, workers=1)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert budget.sent[:2] == [0.0, 0.0]
    assert min(budget.sent[2:]) >= 7.0


def test_retry_after_is_capped(faulty_server: FaultyServer, ask):
    faulty_server.script.append("429_retry_after")
    ask(faulty_server.url, max_backoff_s=3.0)
    assert ask.time.now == pytest.approx(3.0)


def test_backoff_doubles_up_to_its_maximum(faulty_server: FaultyServer, ask):
    faulty_server.script.extend(repeat("503", 9))
    ask(faulty_server.url, max_retries=8, backoff_s=1.0, max_backoff_s=10.0)
    draw = random.Random(0)
    assert ask.time.slept == [draw.uniform(0, min(10.0, 2.0**retry)) for retry in range(8)]


def test_no_more_requests_than_allowed_are_in_flight(faulty_server: FaultyServer, ask):
    faulty_server.delay_s = 0.01
    ask(faulty_server.url, requests=24, workers=12, concurrency=3)
    assert faulty_server.most_in_flight == 3


def test_requests_and_tokens_a_minute_are_kept(faulty_server: FaultyServer, ask):
    ask(faulty_server.url, requests=11, workers=4, requests_per_minute=60)
    assert ask.time.now == pytest.approx(10.0)
    ask.time.now = 0.0
    ask(faulty_server.url, requests=11, workers=1, tokens_per_minute=60 * AN_ANSWER)
    assert ask.time.now == pytest.approx(10.0, rel=0.1)


def test_a_budget_in_tokens_ends_before_sending(faulty_server: FaultyServer, ask):
    budget = Budget(max_tokens=3 * AN_ANSWER)
    ends = ask(faulty_server.url, requests=10, budget=budget, workers=1)
    assert Counter(type(end) for end in ends) == {Reply: 3, BudgetSpent: 7}
    assert len(faulty_server.requests) == 3


def test_a_budget_in_usd_wants_a_price(faulty_server: FaultyServer, ask):
    with pytest.raises(LanharError, match=r"interpreter\.price"):
        ask(faulty_server.url, budget=Budget(max_cost_usd=1.0))
    assert faulty_server.requests == []
    budget = Budget(max_cost_usd=2.5 * COST_USD)
    ask(faulty_server.url, requests=9, budget=budget, workers=1, price=PRICE)
    assert budget.cost_usd == pytest.approx(3 * COST_USD)


def test_tokens_that_nobody_counted_are_unknown_but_use_up_the_budget(faulty_server: FaultyServer, ask):
    faulty_server.script.append("no_usage")
    budget = Budget()
    (reply,) = ask(faulty_server.url, budget=budget)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cost_usd) == (None, None, None)
    assert budget.tokens > 0
    assert (budget.cost_usd, budget.unpriced) == (0.0, 1)


MIXED = [fault for fault in FAULTS if fault not in ("stall", "drip", "redirect")]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from(["", *MIXED]), max_size=30),
    most=st.integers(1, 20),
    workers=st.integers(1, 8),
)
def test_under_any_mix_every_request_ends_and_the_budget_holds(
    faulty_server: FaultyServer, ask, faults: list[str], most: int, workers: int
):
    faulty_server.reset()
    faulty_server.script.extend(faults)
    budget = Budget(max_tokens=most * AN_ANSWER)
    ends = ask(faulty_server.url, requests=20, budget=budget, workers=workers, concurrency=workers)
    assert {type(end) for end in ends} <= {Reply, RequestFailed, RunStopped, BudgetSpent}
    counted = budget.tokens - AN_ANSWER * faulty_server.answers
    if "no_usage" not in faults:
        assert counted == 0
        assert faulty_server.answers <= most - 1 + workers
    assert sum(isinstance(end, Reply) for end in ends) <= faulty_server.answers


KEY = "sk-planted-0123456789abcdef"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in CONTENTS])
def test_a_key_stands_in_no_message(faulty_server: FaultyServer, ask, monkeypatch, caplog, capfd, fault):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    faulty_server.script.extend(repeat(fault, 9))
    (end,) = ask(faulty_server.url, max_retries=1, timeout_s=0.1)
    assert faulty_server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    written = capfd.readouterr()
    cause = getattr(end, "__cause__", None)
    for text in (str(end), repr(end), repr(cause), caplog.text, written.out, written.err):
        assert "planted" not in text


def test_a_missing_key_stops_before_anything_is_sent(monkeypatch, ask):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(RunStopped, match="OPENAI_API_KEY"):
        ask(None, model="openai/gpt-4o-mini")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    with pytest.raises(RunStopped, match="OPENAI_API_KEY"):
        ask(None, model="openai/gpt-4o-mini")


def test_an_unknown_provider_is_said_to_be_one(ask):
    with pytest.raises(LanharError, match="no provider"):
        ask(None, model="nonsense/m")


def test_with_allow_remote_false_no_redirect_or_proxy_leads_elsewhere(faulty_server: FaultyServer, ask, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    (reply,) = ask(faulty_server.url, allow_remote=False)
    assert isinstance(reply, Reply)
    faulty_server.script.append("redirect")
    (end,) = ask(faulty_server.url, allow_remote=False)
    assert isinstance(end, RunStopped)
    assert len(faulty_server.requests) == 2


def test_a_name_that_changes_its_meaning_leads_nowhere(ask, monkeypatch):
    monkeypatch.setattr("lanhar.interpretation.llm.addresses.is_loopback", lambda _: True)
    (end,) = ask("http://192.0.2.1:9/v1", allow_remote=False, model="hosted_vllm/m")
    assert isinstance(end, RunStopped)
    assert "192.0.2.1 is not on loopback" in str(end)

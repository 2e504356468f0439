import socket

import pytest

from lanhar.interpretation.llm.provider import count_tokens, load_litellm, price_of
from lanhar.interpretation.llm.settings import ModelSettings, Price


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_prices_are_per_million_tokens():
    table = load_litellm().model_cost["gpt-4o-mini"]
    price = price_of(ModelSettings("openai/gpt-4o-mini"))
    assert price == Price(table["input_cost_per_token"] * 1e6, table["output_cost_per_token"] * 1e6)
    assert 0.01 < price.input < price.output < 100
    assert price.cost_usd(2_000_000, 1_000_000) == pytest.approx(2 * price.input + price.output)


@pytest.mark.parametrize(
    ("model", "api_base"),
    [
        ("openai/no-such-model", None),
        ("ollama/llama3", None),
        ("hosted_vllm/gpt-4o-mini", "https://models.example/v1"),
        ("openai/gpt-4o-mini", "http://127.0.0.1:8000/v1"),
    ],
)
def test_an_unknown_price_is_none_and_never_zero(model, api_base):
    assert price_of(ModelSettings(model, api_base)) is None
    assert price_of(ModelSettings(model, api_base, price=Price(1, 2))) == Price(1, 2)


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "anthropic/claude-2", "groq/llama-3-8b", "ollama_chat/x"])
def test_tokens_are_counted_without_the_network(model):
    short = count_tokens(ModelSettings(model), [{"role": "user", "content": "one two three"}])
    long = count_tokens(ModelSettings(model), [{"role": "user", "content": "one two three " * 100}])
    assert 3 <= short < 20
    assert 300 <= long <= 420


def test_litellm_neither_logs_nor_repeats_nor_fetches(monkeypatch):
    litellm = load_litellm()
    assert litellm.suppress_debug_info
    assert not litellm.telemetry
    assert litellm.callbacks == litellm.success_callback == litellm.failure_callback == []
    assert litellm.num_retries is None

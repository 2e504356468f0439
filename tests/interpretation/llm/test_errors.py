import pytest

from lanhar.interpretation.llm.errors import redact
from lanhar.interpretation.llm.faults import retry_after_s


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-abc_DEF-123 refused", "key [key] refused"),
        ("Incorrect API key provided: sk-ab***xyz.", "Incorrect API key provided: [key]"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "Authorization: [key]"),
        ("GET /v1beta/models?key=abcdef&alt=json", "GET /v1beta/models?key=[key]&alt=json"),
        ("AIza" + "B" * 35, "[key]"),
        ("the risk-free ask-me desk-top word", "the risk-free ask-me desk-top word"),
    ],
)
def test_whatever_looks_like_a_key_is_removed(text, left):
    assert redact(text) == left


@pytest.mark.parametrize("name", ["GROQ_API_KEY", "HF_TOKEN", "AZURE_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"])
def test_secrets_of_the_environment_are_removed(monkeypatch, name):
    monkeypatch.setenv(name, "no-known-shape")
    assert redact("it was no-known-shape, twice: no-known-shape") == "it was [key], twice: [key]"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:30 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert retry_after_s(headers, now=60.0) == seconds

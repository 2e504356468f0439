import pytest

from lanhar.interpretation.llm.transport import Exchange


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ('{"usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}', (7, 3)),
        ('{"usage": {"completion_tokens": 3, "prompt_tokens": 7}, "choices": [{"mess', (7, 3)),
        ('{"usage":{"input_tokens":7,"cache_read_input_tokens":0,"output_tokens":3}}', (7, 3)),
        ('{"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3}}', (7, 3)),
        ('{"message": {"content": "x"}, "prompt_eval_count": 7, "eval_count": 3}', (7, 3)),
        ('{"usage": {"prompt_tokens": 7}}', (7, 0)),
        ('{"choices": [{"message": {"content": "{\\"prompt_tokens\\": 7, \\"completion_tokens\\": 3}"}}]}', None),
        ("", None),
    ],
)
def test_usage_is_read_from_any_provider_and_from_what_is_left_of_a_body(body, used):
    assert Exchange(body=bytearray(body.encode())).usage() == used


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "too much", "type": "x"}}', "too much"),
        ('{"error": "model not loaded"}', "model not loaded"),
        ('{"detail": "wrong"}', "wrong"),
        ('{"object": "error", "message": "wrong"}', "wrong"),
        ("<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        ("[1, 2", "[1, 2"),
        ("null", "None"),
    ],
)
def test_the_providers_own_words_are_found(body, message):
    assert Exchange(body=bytearray(body.encode())).message() == message

"""What a run asks of a language model."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["json_schema", "json_object", "text"]
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
"""How an answer's form is asked for, strictest first."""


@dataclass(frozen=True)
class Price:
    """What a model costs.

    Attributes:
        input: USD per million tokens of prompt.
        output: USD per million tokens of answer.
    """

    input: float
    output: float

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """USD for one answer."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / 1e6


@dataclass(frozen=True)
class ModelSettings:
    """A model, where it answers, and how hard it may be pushed.

    Attributes:
        model: litellm's name of it, such as `openai/gpt-4o-mini`, `ollama_chat/llama3.2` or `hosted_vllm/…`.
        api_base: address of the API; the provider's own where None.
        allow_remote: whether anything but loopback may be talked to.
        max_answer_tokens: longest answer.
        top_p: nucleus sampling, 0 to 1; the provider's default where None.
        seed: of the sampling, where the provider takes one.
        structured: how the form of an answer is asked for; `auto` takes the strictest that works.
        concurrency: requests in flight at once.
        requests_per_minute: most requests a minute; None: no limit.
        tokens_per_minute: most tokens a minute, prompts and answers; None: no limit.
        timeout_s: longest a request may take from sending to its last byte, seconds.
        max_retries: most repeats of a request.
        backoff_s: longest pause before the first repeat, seconds; it doubles with each.
        max_backoff_s: longest pause before any repeat, also one that the provider asks for, seconds.
        price: of the model, where litellm has none or another holds.
    """

    model: str
    api_base: str | None = None
    allow_remote: bool = True
    max_answer_tokens: int = 900
    top_p: float | None = None
    seed: int | None = None
    structured: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    concurrency: int = 8
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout_s: float = 120.0
    max_retries: int = 6
    backoff_s: float = 1.0
    max_backoff_s: float = 60.0
    price: Price | None = None

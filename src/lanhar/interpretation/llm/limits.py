"""How fast requests may leave."""

from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """Spreads an amount evenly over time: each reservation moves the next one back by its share of a minute.

    The virtual scheduling form of the generic cell rate algorithm (ITU-T I.371), without bursts.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._next = float("-inf")

    def reserve(self, amount: float, now: float) -> float:
        """The time at which this amount may go, seconds on the clock of `now`."""
        start = max(now, self._next)
        self._next = start + amount * self._seconds_each
        return start

    def correct(self, amount: float) -> None:
        """Add what was used beyond the reservation; negative gives back."""
        self._next += amount * self._seconds_each


class Limits:
    """Requests a minute, tokens a minute, and pauses that the provider asked for.

    Args:
        requests_per_minute: None: no limit.
        tokens_per_minute: None: no limit.
        clock: monotonic, seconds.
        sleep: waits that many seconds.
    """

    def __init__(
        self, requests_per_minute: float | None, tokens_per_minute: float | None, clock: Clock, sleep: Sleep
    ) -> None:
        self._requests = Pace(requests_per_minute)
        self._tokens = Pace(tokens_per_minute)
        self._clock, self._sleep = clock, sleep
        self._paused_until = float("-inf")

    async def wait(self, tokens: float) -> None:
        """Wait for this request's turn.

        Args:
            tokens: what it will probably use, prompt and answer.
        """
        now = self._clock()
        turn = max(self._requests.reserve(1, now), self._tokens.reserve(tokens, now))
        while (seconds := max(turn, self._paused_until) - self._clock()) > 0:
            await self._sleep(seconds)

    def correct(self, reserved: float, used: float) -> None:
        """Make the pace of tokens one of tokens used."""
        self._tokens.correct(used - reserved)

    def pause(self, seconds: float) -> None:
        """Let no request leave for this long."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)


class TokenEstimate:
    """What a request will probably use, learnt from the answers so far."""

    CHARACTERS_PER_TOKEN = 4  # English prose; numbers need more tokens, which the observed usage corrects

    def __init__(self, max_answer_tokens: int) -> None:
        self._answer = float(max_answer_tokens)
        self._guessed = 0.0
        self._observed = 0
        self._answers = 0

    def prompt(self, characters: int) -> float:
        """Tokens of a prompt of so many characters."""
        ratio = self._observed / self._guessed if self._guessed else 1.0
        return ratio * characters / self.CHARACTERS_PER_TOKEN

    @property
    def answer(self) -> float:
        """Tokens of an answer: the mean so far, the longest allowed before the first."""
        return self._answer

    def learn(self, characters: int, prompt_tokens: int, completion_tokens: int) -> None:
        """Take in what an answer used."""
        self._guessed += characters / self.CHARACTERS_PER_TOKEN
        self._observed += prompt_tokens
        self._answers += 1
        self._answer += (completion_tokens - self._answer) / self._answers

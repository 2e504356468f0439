"""What a run may spend."""

from lanhar.errors import LanharError
from lanhar.interpretation.llm.errors import BudgetSpent
from lanhar.interpretation.llm.settings import Price


class Budget:
    """Counts tokens and cost of every answer that was received, and refuses to send once a limit is reached.

    What was in flight when a limit was reached is still received and counted; by no more than that is one exceeded.

    Attributes:
        tokens: of prompts and answers so far; where a provider counts none, an estimate.
        cost_usd: of all answers so far whose price is known, USD.
        unpriced: answers whose price is unknown.
    """

    def __init__(self, max_cost_usd: float | None = None, max_tokens: int | None = None) -> None:
        self.max_cost_usd = max_cost_usd
        self.max_tokens = max_tokens
        self.tokens = 0
        self.cost_usd = 0.0
        self.unpriced = 0

    def check_price(self, price: Price | None, model: str) -> None:
        """Refuse a limit in USD for a model without a price.

        Raises:
            LanharError: the cost could not be counted.
        """
        if self.max_cost_usd is not None and price is None:
            raise LanharError(
                f"max_cost_usd={self.max_cost_usd:g} but the price of {model!r} is unknown; give interpreter.price "
                "(input and output, USD per million tokens) or use max_tokens"
            )

    def admit(self) -> None:
        """Call right before sending.

        Raises:
            BudgetSpent: a limit is reached.
        """
        if self.max_tokens is not None and self.tokens >= self.max_tokens:
            raise BudgetSpent(f"max_tokens={self.max_tokens} reached: {self.tokens} tokens used")
        if self.max_cost_usd is not None and self.cost_usd >= self.max_cost_usd:
            raise BudgetSpent(f"max_cost_usd={self.max_cost_usd:g} reached: {self.cost_usd:.4f} USD spent")

    def spend(self, tokens: int, cost_usd: float | None) -> None:
        """Count an answer, usable or not."""
        self.tokens += tokens
        self.cost_usd += cost_usd or 0.0
        self.unpriced += cost_usd is None

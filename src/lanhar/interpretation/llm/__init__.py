"""Language models behind one client: any provider by litellm's name of a model, or one that runs here."""

from lanhar.interpretation.llm.addresses import check_address
from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.client import Client, Reply, Request
from lanhar.interpretation.llm.errors import BudgetSpent, RequestFailed, RunStopped, redact
from lanhar.interpretation.llm.local import local_server
from lanhar.interpretation.llm.provider import count_tokens, price_of
from lanhar.interpretation.llm.settings import ModelSettings, Price

__all__ = [
    "Budget",
    "BudgetSpent",
    "Client",
    "ModelSettings",
    "Price",
    "Reply",
    "Request",
    "RequestFailed",
    "RunStopped",
    "check_address",
    "count_tokens",
    "local_server",
    "price_of",
    "redact",
]

"""The store of what language models wrote and what the filter said of it."""

from lanhar.interpretation.store.records import Attempt, InterpreterSummary, MergeCounts, Outcome, Record, Status
from lanhar.interpretation.store.store import Store

__all__ = ["Attempt", "InterpreterSummary", "MergeCounts", "Outcome", "Record", "Status", "Store"]

"""Running a job of interpretations: estimate, start what serves the model, write, count, say how to go on."""

import asyncio
import shlex
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from rich.table import Table

from lanhar.errors import LanharError
from lanhar.evaluation.interpretation_view import dollars
from lanhar.interpretation.judge import Judge
from lanhar.interpretation.llm.addresses import check_address
from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.client import Client
from lanhar.interpretation.llm.local import local_server
from lanhar.interpretation.llm.on_demand import OnDemand
from lanhar.interpretation.llm.provider import api_key, count_tokens, price_of
from lanhar.interpretation.llm.settings import ModelSettings
from lanhar.interpretation.regeneration import Job, RoundCount, State, Watch, Writer, attempt_key, task_key
from lanhar.interpretation.store import Store
from lanhar.interpretation.store.database import FILE
from lanhar.progress import live_counts
from lanhar.stages.interpreters import LanguageModel, judge_id, judge_settings

SAMPLED_PROMPTS = 50
"""Prompts whose tokens are counted for an estimate."""


def check_addresses(cfg: DictConfig, model: LanguageModel) -> None:
    """Find out before the long work that a model may not be asked, whether or not it will be.

    Raises:
        LanharError: its address is not allowed; the message says what to write.
    """
    for settings in _asked(cfg, model):
        check_address(settings)


def why_unusable(cfg: DictConfig, model: LanguageModel) -> LanharError | None:
    """What keeps a model from being asked: no key, or no price to hold a limit by; None where nothing does."""
    try:
        for settings in _asked(cfg, model):
            api_key(settings)
            Budget(cfg.max_cost_usd, cfg.max_tokens).check_price(price_of(settings), settings.model)
    except LanharError as error:
        return error
    return None


def _asked(cfg: DictConfig, model: LanguageModel) -> list[ModelSettings]:
    """The models that are asked elsewhere; a local one is started here and needs neither key nor address."""
    judges = [judge_settings(cfg)] if cfg.filter.judge is not None else []
    return judges if cfg.interpreter.name == "local" else [model.settings, *judges]


def has_written(store: Path, interpreter: str) -> bool:
    """Whether an interpreter was ever used with the store of a folder."""
    if not (store / FILE).is_file():
        return False
    with Store(store, create=False) as opened:
        return opened.settings_of(interpreter) is not None


def must_ask(job: Job, model: LanguageModel, store: Store) -> bool:
    """Whether any task has no answer yet. Where all have, old answers may do, judged anew if need be."""
    temperature = model.regeneration.temperature_of(0)
    keys = (attempt_key(job.interpreter, job.messages(i), temperature, 0) for i in range(len(job)))
    return not all(store.answered(key) for key in keys)


@dataclass(frozen=True)
class Estimate:
    """What a job would take, before anything is sent.

    Attributes:
        tasks: how many there are.
        answered: those that already have an accepted text in the store.
        prompt_tokens: of the first round's prompts that would be sent, about.
        answer_tokens: of their answers, at most.
        cost_usd: of both at most; None where the price is unknown.
        rounds: rounds there may be, the first included.
    """

    tasks: int
    answered: int
    prompt_tokens: int
    answer_tokens: int
    cost_usd: float | None
    rounds: int

    @property
    def lines(self) -> list[str]:
        """The estimate for a person."""
        todo = self.tasks - self.answered
        if not todo:
            return [f"{self.tasks:,} texts, all accepted in the store: nothing would be sent."]
        cost = "price unknown" if self.cost_usd is None else f"at most {dollars(self.cost_usd)}"
        return [
            f"{self.tasks:,} texts, {self.answered:,} of them accepted in the store, {todo:,} to write.",
            f"First round: about {self.prompt_tokens:,} prompt tokens, at most {self.answer_tokens:,} answer tokens; "
            f"{cost}.",
            f"Rejected texts are written again, up to {self.rounds - 1} times. Nothing was sent.",
        ]


def estimate(job: Job, model: LanguageModel, store: Store | None) -> Estimate:
    """What a job would take; sends nothing and, without a store, reads none."""
    tasks = [task_key(job.interpreter, job.messages(i)) for i in range(len(job))]
    known = store.outcomes(tasks, job.filter) if store is not None else {}
    todo = [i for i, task in enumerate(tasks) if task not in known or known[task].status != "accepted"]
    sampled = [todo[i] for i in np.linspace(0, len(todo) - 1, min(SAMPLED_PROMPTS, len(todo))).astype(int)]
    counts = [count_tokens(model.settings, job.messages(i)) for i in sampled]
    prompt_tokens = round(float(np.mean(counts)) * len(todo)) if counts else 0
    answer_tokens = model.settings.max_answer_tokens * len(todo)
    price = price_of(model.settings)
    cost = None if price is None else (prompt_tokens * price.input + answer_tokens * price.output) / 1e6
    rounds = model.regeneration.rounds + 1
    return Estimate(len(tasks), len(tasks) - len(todo), prompt_tokens, answer_tokens, cost, rounds)


@dataclass(frozen=True)
class Written:
    """What a run came to.

    Attributes:
        states: where every task ended.
        rounds: counts by round.
        stopped: why it stopped before the end; "" where it did not.
    """

    states: list[State]
    rounds: dict[int, RoundCount]
    stopped: str

    @property
    def status(self) -> Counter[str]:
        """Tasks by status."""
        return Counter(state.status for state in self.states)


def run_job(
    cfg: DictConfig, model: LanguageModel, store: Store, make_job: Callable[[Judge | None], Job], what: str
) -> Written:
    """Write all texts of a job.

    Args:
        cfg: the config `interpret`.
        model: who writes.
        store: where answers are kept.
        make_job: builds the job around the judge, if there is one.
        what: the job's name for the progress display.

    Raises:
        LanharError: the model cannot be used; what was answered is in the store.
    """
    budget = Budget(cfg.max_cost_usd, cfg.max_tokens)
    return asyncio.run(_run(cfg, model, store, make_job, budget, what))


@asynccontextmanager
async def _client(cfg: DictConfig, settings: ModelSettings, budget: Budget) -> AsyncIterator[Client]:
    with _served(cfg, settings) as served:
        async with Client(served, budget) as client:
            yield client


@contextmanager
def _served(cfg: DictConfig, settings: ModelSettings) -> Iterator[ModelSettings]:
    """The settings of a model that answers; a local one is started, and ended afterwards."""
    if cfg.interpreter.name != "local":
        yield settings
        return
    file = Path(cfg.interpreter.model_file) if cfg.interpreter.model_file else None
    context = int(cfg.interpreter.context_tokens) * settings.concurrency
    with local_server(file, context, cfg.interpreter.threads, settings.concurrency) as address:
        yield replace(settings, api_base=address)


async def _run(
    cfg: DictConfig,
    model: LanguageModel,
    store: Store,
    make_job: Callable[[Judge | None], Job],
    budget: Budget,
    what: str,
) -> Written:
    watch = Watch()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, _interrupted, watch)
    async with AsyncExitStack() as opened:
        client = await opened.enter_async_context(OnDemand(lambda: _client(cfg, model.settings, budget)))
        judge = None
        if cfg.filter.judge is not None:
            settings = judge_settings(cfg)
            judging = await opened.enter_async_context(OnDemand(lambda: Client(settings, budget)))
            judge = Judge(judge_id(cfg), judging, store)
        job = make_job(judge)
        writer = Writer(job, client, store, model.regeneration, watch)
        with live_counts(what, lambda: _shown(writer, watch, budget), len(job)) as watch.changed:
            await writer.run(model.settings.concurrency)
    return Written(writer.states, watch.rounds, watch.stopping)


def _interrupted(watch: Watch) -> None:
    """The first Ctrl-C lets what is in flight finish; the second ends the program."""
    watch.stop("interrupted")
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def _shown(writer: Writer, watch: Watch, budget: Budget) -> dict[str, Any]:
    status = Counter(state.status for state in writer.states)
    return {
        "accepted": status["accepted"],
        "rejected": status["rejected"],
        "failed": status["failed"],
        "round": max(watch.rounds, default=0) + 1,
        "tokens": budget.tokens,
        "cost": cost_words(budget.cost_usd, budget.unpriced, sum(count.asked for count in watch.rounds.values())),
    }


def rounds_table(written: Written) -> Table:
    """What each round came to, and where the tasks ended."""
    table = Table(caption=_ended(written), caption_justify="left")
    for name in ("round", "accepted", "rejected", "failed", "asked now", "tokens", "cost"):
        table.add_column(name, justify="right")
    for number, count in sorted(written.rounds.items()):
        table.add_row(
            str(number + 1),
            *(f"{value:,}" for value in (count.accepted, count.rejected, count.failed, count.asked, count.tokens)),
            cost_words(count.cost_usd, count.unpriced, count.asked),
        )
    return table


def cost_words(known_usd: float, unpriced: int, answers: int) -> str:
    """A cost in which some answers may have no known price."""
    if not unpriced:
        return dollars(known_usd)
    return "unknown" if unpriced == answers else f"{dollars(known_usd)} + {unpriced:,} unknown"


def _ended(written: Written) -> str:
    status = written.status
    parts = [f"{status[name]:,} {name}" for name in ("accepted", "rejected", "failed")]
    waiting = [f"{status['pending']:,} not written"] if status["pending"] else []
    lines = [f"In the end: {', '.join(parts + waiting)}."]
    for number, count in sorted(written.rounds.items()):
        reasons = ", ".join(f"{code} {found:,}" for code, found in count.reasons.most_common(6))
        lines += [f"Rejected in round {number + 1} for: {reasons}"] if reasons else []
    failures = Counter(s.reasons[0].detail for s in written.states if s.status == "failed")
    return "\n".join(lines + [f"Failed {count:,} times: {detail}" for detail, count in failures.most_common(3)])


def next_command() -> str:
    """The command that was given, to be given again."""
    words = [word for word in sys.argv[1:] if not word.startswith(("max_cost_usd=", "max_tokens="))]
    return f"  python -m lanhar.interpret {shlex.join(words)}"

"""The table of what context across windows is worth."""

import pandas as pd

from lanhar.evaluation.tables import markdown_table, mean_and_deviation, method_title

CONTEXTS = {
    "alone": "alone",
    "causal": "causal",
    "offline": "offline",
    "causal_shared": "causal, shared",
    "offline_shared": "offline, shared",
}
CONDITIONS = ("protocol", "windows", "label_space", "hop_s", "bout_s")


def context_table(frame: pd.DataFrame) -> str:
    """Markdown: macro F1, then accuracy and weighted F1, of each pair and method alone and with context.

    Args:
        frame: rows of `lanhar.stages.context.run_context`.

    Returns:
        Mean ± deviation over seeds, or with one seed the score and its interval.
    """
    shared = [f"{name.replace('_', ' ')} {', '.join(map(str, frame[name].unique()))}" for name in CONDITIONS]
    seeds = ", ".join(map(str, sorted(frame["seed"].unique())))
    lines = [f"{' · '.join(shared)} · seeds {seeds}; mean ± standard deviation over seeds, [low, high] with one.\n"]
    for which, scored in frame.groupby("scored", sort=False):
        lines.append(f"Windows scored: {which} ({scored['n_windows'].max():,}). Macro F1:\n")
        lines.append(_table(scored, ("macro_f1",)))
        lines.append("Accuracy / weighted F1:\n")
        lines.append(_table(scored, ("accuracy", "weighted_f1")))
    return "\n".join(lines)


def _table(frame: pd.DataFrame, scores: tuple[str, ...]) -> str:
    rows = []
    for (source, target, method), own in frame.groupby(["source", "target", "method"], sort=False):
        contexts = {context: own[own["context"] == context] for context in CONTEXTS}
        cells = [" / ".join(_cell(runs, score) for score in scores) for runs in contexts.values()]
        rows.append([f"{source} → {target}", method_title(str(method)), *cells])
    return markdown_table(["source → target", "method", *CONTEXTS.values()], rows, text_columns=2)


def _cell(runs: pd.DataFrame, score: str) -> str:
    text = mean_and_deviation(runs[score].mean(), runs[score].std())
    if len(runs) == 1 and f"{score}_low" in runs and not runs[f"{score}_low"].isna().any():
        text += f" [{runs[f'{score}_low'].iloc[0]:.2f}, {runs[f'{score}_high'].iloc[0]:.2f}]".replace("0.", ".")
    return text

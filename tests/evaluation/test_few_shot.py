import itertools
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lanhar.errors import LanharError
from lanhar.evaluation.few_shot import choose_setting, curve, curve_cells, draw_support, moved_bank, support_subjects
from lanhar.evaluation.few_shot_figure import plot_curves

SUBJECTS = np.repeat([f"s{i}" for i in range(10)], 30)
LABELS = np.tile(np.repeat([0, 1, 2], 10), 10)


def test_support_is_a_share_of_the_subjects_and_changes_with_the_seed() -> None:
    names = [support_subjects(SUBJECTS, LABELS, 0.2, 10, seed) for seed in range(5)]
    assert {len(own) for own in names} == {2}
    assert len({tuple(own) for own in names}) > 1
    assert names[0] == support_subjects(SUBJECTS, LABELS, 0.2, 10, 0)


def test_more_subjects_give_windows_where_two_hold_too_few() -> None:
    assert len(support_subjects(SUBJECTS, LABELS, 0.2, 35, 0)) == 4
    with pytest.raises(LanharError, match=r"shots=\[1,5\]"):
        support_subjects(SUBJECTS, LABELS, 0.2, 95, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 9))
def test_a_draw_takes_k_windows_of_each_activity_from_the_support_and_grows(seed: int, draw: int) -> None:
    support = np.flatnonzero(np.isin(SUBJECTS, support_subjects(SUBJECTS, LABELS, 0.2, 10, seed)))
    one, five, ten = (draw_support(LABELS, support, k, seed, draw) for k in (1, 5, 10))
    assert set(one) < set(five) < set(ten) <= set(support)
    assert np.bincount(LABELS[five]).tolist() == [5, 5, 5]
    assert len(draw_support(LABELS, support, 0, seed, draw)) == 0
    assert set(draw_support(LABELS, support, 5, seed, draw + 1)) != set(five)


@pytest.fixture
def shifted() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A bank of three, and windows that lie about it, two of the activities leaning towards each other."""
    torch.manual_seed(0)
    bank = F.normalize(torch.randn(3, 16), dim=-1)
    labels = torch.arange(300) % 3
    centres = bank.clone()
    centres[0] = 0.35 * bank[0] + 0.65 * bank[1]
    embeddings = F.normalize(centres[labels] + 0.1 * torch.randn(300, 16), dim=-1)
    return bank, embeddings, labels


def accuracy(bank: torch.Tensor, embeddings: torch.Tensor, labels: torch.Tensor) -> float:
    return float(((embeddings @ bank.T).argmax(dim=1) == labels).float().mean())


def test_without_windows_the_bank_is_the_texts(shifted) -> None:
    bank, embeddings, labels = shifted
    assert torch.equal(moved_bank(bank, embeddings[:0], labels[:0], 1.0), bank)
    assert torch.allclose(moved_bank(bank, embeddings[:9], labels[:9], 1e6), bank, atol=1e-4)


def test_labelled_windows_help_and_permuted_labels_do_harm(shifted) -> None:
    bank, embeddings, labels = shifted
    held = slice(30, None)
    before = accuracy(bank, embeddings[held], labels[held])
    right = moved_bank(bank, embeddings[:30], labels[:30], 0.3)
    wrong = moved_bank(bank, embeddings[:30], (labels[:30] + 1) % 3, 0.3)
    assert accuracy(right, embeddings[held], labels[held]) > before + 0.1
    assert accuracy(wrong, embeddings[held], labels[held]) < before - 0.1
    assert torch.allclose(right.norm(dim=-1), torch.ones(3), atol=1e-5)


def test_the_move_is_the_least_squares_one(shifted) -> None:
    bank, embeddings, labels = (x[:12] if len(x) > 12 else x for x in shifted)
    stiffness = 0.5
    wanted = (bank @ bank.T)[labels] - embeddings @ bank.T
    rows = torch.cat([embeddings, stiffness**0.5 * torch.eye(16)])
    move = torch.linalg.lstsq(rows, torch.cat([wanted, torch.zeros(16, 3)])).solution
    expected = F.normalize(bank + move.T, dim=-1)
    assert torch.allclose(moved_bank(bank, embeddings, labels, stiffness), expected, atol=1e-5)


def scores_of_runs(best: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Scores of three settings on every pair; each pair likes one of them."""
    rows = [
        {
            "run": run, "source": source, "target": target, "setting": setting, "k": k, "seed": 0, "method": "lanhar",
            "macro_f1": 1.0 - abs(setting - liked), "accuracy": 0.5, "weighted_f1": 0.5, "draw": draw,
            "windows": "long", "label_space": "four", "trained_protocol": "source_only", "n_windows": 100,
        }
        for run, ((source, target), liked) in enumerate(best.items())
        for setting, k, draw in itertools.product((0.1, 0.2, 0.3), (0, 1), (0, 1))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_settings_come_from_runs_in_which_the_target_plays_no_part() -> None:
    pairs = {("uci", "motionsense"): 0.3, ("uschad", "uci"): 0.3, ("uschad", "motionsense"): 0.1}
    rows = scores_of_runs(pairs | {("motionsense", "uschad"): 0.1})
    # For the target uci only runs without uci count: the last two.
    assert choose_setting(rows, 1, 0.3) == (0.1, 2)
    # Whatever runs on uschad say, those for the target uschad do not listen to them.
    assert choose_setting(rows, 3, 0.1) == (0.3, 1)
    rows.loc[rows["target"] == "uschad", "macro_f1"] *= -100
    assert choose_setting(rows, 3, 0.1) == (0.3, 1)


def test_with_one_run_or_other_conditions_the_default_serves() -> None:
    rows = scores_of_runs({("uci", "motionsense"): 0.3, ("uci", "uschad"): 0.2})
    assert choose_setting(rows[rows["run"] == 0], 0, 0.1) == (0.1, 0)
    rows.loc[rows["run"] == 1, "windows"] = "short"
    assert choose_setting(rows, 0, 0.1) == (0.1, 0)
    # The source of another run may not be the target either.
    assert choose_setting(scores_of_runs({("uci", "motionsense"): 0.3, ("motionsense", "uci"): 0.2}), 0, 0.1)[1] == 0


def test_the_curve_is_a_mean_over_draws_and_is_drawn_whole(tmp_path: Path) -> None:
    rows = scores_of_runs({("uci", "motionsense"): 0.3, ("uci", "uschad"): 0.2, ("uci", "hhar"): 0.2, ("x", "y"): 0.1})
    rows = rows[rows["setting"] == 0.2].copy()
    rows["macro_f1"] = np.where(rows["draw"] == 0, 0.4, 0.6)
    frame = curve(rows)
    assert frame["macro_f1_mean"].tolist() == pytest.approx([0.5] * len(frame))
    assert frame["macro_f1_std"].tolist() == pytest.approx([np.sqrt(0.02)] * len(frame))
    header, cells = curve_cells(frame)
    assert header[-2:] == ["k = 0", "k = 1"]
    assert cells[0] == ["uci", "hhar", "0", "lanhar", "0.500 ± 0.141", "0.500 ± 0.141"]
    assert cells[-1] == ["mean", "", "", "lanhar", "0.500", "0.500"]
    image = matplotlib.image.imread(plot_curves(frame, tmp_path / "curve.png", "Protocol few_shot"))[..., :3]
    assert all((edge == 1).all() for edge in (image[0], image[-1], image[:, 0], image[:, -1]))
    assert (image < 1).any()

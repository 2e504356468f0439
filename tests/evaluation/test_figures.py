import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from sklearn.decomposition import PCA

from lanhar.activities import LabelSpace
from lanhar.errors import LanharError
from lanhar.evaluation.figures import plot_confusion, plot_embedding, plot_methods, principal_plane
from lanhar.evaluation.tables import sweep_frame

Make = Callable[..., dict[str, Any]]
TITLES = LabelSpace(("walk", "still", "stairs_up", "stairs_down")).titles
LONG_TITLE = "uci+uschad → motionsense · protocol transductive · four · long windows (6 s) · seed 0"


def margins_are_white(path: Path) -> bool:
    """Nothing is cut: the outermost pixels hold no ink."""
    image = matplotlib.image.imread(path)[..., :3]
    edges = (image[0], image[-1], image[:, 0], image[:, -1])
    return all((edge == 1).all() for edge in edges) and bool((image < 1).any())


def test_principal_plane_agrees_with_scikit_learn_and_has_fixed_signs() -> None:
    points = np.random.default_rng(0).normal(size=(80, 12)) * np.arange(1, 13)
    plane, variance = principal_plane(points)
    reference = PCA(2, svd_solver="full").fit(points)
    assert np.abs(plane) == pytest.approx(np.abs(reference.transform(points)))
    assert variance == pytest.approx(reference.explained_variance_ratio_)
    mirrored, _ = principal_plane(-points)
    assert mirrored == pytest.approx(-plane)


@pytest.mark.parametrize("C", [2, 4])
def test_confusion_is_drawn_whole(tmp_path: Path, C: int) -> None:
    counts = np.random.default_rng(0).integers(0, 9000, (C, C))
    counts[1] = 0
    path = plot_confusion(counts, TITLES[:C], LONG_TITLE, tmp_path / "new" / "confusion.png")
    assert margins_are_white(path)


def test_confusion_colours_are_shares_of_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    imshow = Axes.imshow
    monkeypatch.setattr(Axes, "imshow", lambda self, x, **k: drawn.append(x) or imshow(self, x, **k))
    plot_confusion([[3000, 1000, 0], [0, 0, 0], [1, 0, 4]], TITLES[:3], "", tmp_path / "c.png")
    assert drawn[0] == pytest.approx(np.array([[0.75, 0.25, 0], [0, 0, 0], [0.2, 0, 0.8]]))


def test_embedding_is_drawn_whole_and_the_same_every_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    windows, truth = rng.normal(size=(2500, 16)), rng.integers(0, 3, 2500)
    prototypes = np.repeat(rng.normal(size=(1, 16)), 4, axis=0)
    paths = [tmp_path / "1.png", tmp_path / "2.png"]
    one, two = (plot_embedding(windows, truth, prototypes, TITLES, LONG_TITLE, path) for path in paths)
    assert margins_are_white(one)
    assert one.read_bytes() == two.read_bytes()


def test_methods_are_drawn_for_one_setting_at_a_time(tmp_path: Path, make_report: Make) -> None:
    runs = [make_report(seed=s, target=[t]) for s in (0, 1) for t in ("motionsense", "uschad")]
    assert margins_are_white(plot_methods(sweep_frame(runs), tmp_path / "methods.png", title=LONG_TITLE))
    mixed = sweep_frame([*runs, make_report(protocol="transductive")])
    with pytest.raises(LanharError, match="lanhar has several rows for uci → motionsense"):
        plot_methods(mixed, tmp_path / "mixed.png")


def test_pyplot_is_not_touched(tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    plot_confusion(np.eye(2, dtype=int), TITLES[:2], "", tmp_path / "c.png")
    assert before or "matplotlib.pyplot" not in sys.modules

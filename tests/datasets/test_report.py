from rich.console import Console

from lanhar.datasets.report import comparison, summary
from lanhar.datasets.uci import UCI


def printed(renderable) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_summary_tells_subjects_seconds_what_was_left_out_and_the_terms(fake, tmp_path):
    dataset = UCI(fake("uci").write(tmp_path, users=2, seconds=5.0), tmp_path / "cache")
    list(dataset.recordings())
    text = printed(summary(dataset))
    assert "2 subjects, 12 recordings, 60 s" in text
    assert "│ walk        │ walking           │      10 │" in text
    assert "unlabelled, between activities │ 1,200" in text
    assert "commercial use is prohibited" in text
    assert "Neurocomputing" in text


def test_the_comparison_says_what_differs(fake, tmp_path):
    dataset = UCI(fake("uci").write(tmp_path, users=30, seconds=0.1), tmp_path / "cache")
    lines = printed(comparison(dataset.verify())).splitlines()
    rows = {line.split("│")[1].strip(): line for line in lines if "│" in line}
    assert "agrees" in rows["subjects"]
    assert "DIFFERS" in rows["samples"]
    assert "1,122,772" in rows["samples"]

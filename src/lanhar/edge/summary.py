"""A bundle in a few lines for the terminal."""

from pathlib import Path

from lanhar.edge.bundle import read_bundle


def summary(folder: Path) -> str:
    """Files with their sizes, how exactly the graphs agree, and the metrics before and after quantisation."""
    content = read_bundle(folder).manifest
    parity, metrics = content["parity"], content["metrics"]
    lines = [f"{name:<24} {(folder / name).stat().st_size / 1e6:8.2f} MB" for name in content["files"]]
    lines.append(
        f"{parity['windows']:,} real windows: fp32 within {parity['fp32_difference']:.1g} of the trained encoder, "
        f"int8 names the same activity for {parity['int8_same_activity']:.1%}"
    )
    before, after = metrics["before_quantisation"], metrics["after_quantisation"]
    changes = [f"{name.replace('_', ' ')} {before[name]:.3f} → {after[name]:.3f}" for name in ("accuracy", "macro_f1")]
    tested = f"{' + '.join(metrics['tested_on'])}, {metrics['protocol']}, {metrics['windows']:,} windows"
    lines.append(f"{tested}, before → after quantisation: {', '.join(changes)}")
    if (share := metrics["unknown_share"]) is not None:
        lines.append(f"That is with an answer for every window; the device says `unknown` for {share:.1%} of them")
    return "\n".join(lines)

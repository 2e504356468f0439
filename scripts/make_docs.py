"""Write the pages that are made from code and configs: docs/{features,datasets,configuration}.md, the README's table.

python scripts/make_docs.py
"""

import re
from pathlib import Path

from lanhar.cli import config_dir
from lanhar.datasets import cards
from lanhar.signals import table

ROOT = Path(__file__).resolve().parents[1]
TABLE = re.compile(r"(<!-- datasets: scripts/make_docs.py -->\n).*?(<!-- /datasets -->)", re.DOTALL)
# Groups whose options differ in little but a name: listed, and one of them shown.
ALIKE = {"dataset": "recordings", "source": "recordings", "target": "recordings", "experiment": "quickstart"}
# The commands that one needs first stand first.
FIRST = ("train", "prepare", "interpret")


def configuration(conf: Path) -> str:
    """The page docs/configuration.md: every config file with its comments, group by group.

    Args:
        conf: the folder of configs.
    """
    lines = [
        "# Configuration",
        "",
        "Written by `scripts/make_docs.py` from the files in `conf/`; edit those, not this page. Every group is one",
        "decision: `group=option` on the command line swaps the whole of it, `group.key=value` changes one value, and",
        "`python -m lanhar.train --help` shows the lot. Groups under `# @package _global_` put their keys at the top:",
        "`data_dir=...`, not `paths.data_dir=...`. A folder of your own with the same layout adds options and",
        "experiments: `python -m lanhar.train --config-dir my_conf +experiment=mine`.",
        "",
    ]
    for name in [*FIRST, *sorted({path.stem for path in conf.glob("*.yaml")} - set(FIRST))]:
        lines += _file(conf / f"{name}.yaml", f"`python -m lanhar.{name}`")
    for group in sorted(path for path in conf.iterdir() if path.is_dir()):
        options = sorted(path.relative_to(group).with_suffix("").as_posix() for path in group.rglob("*.yaml"))
        lines += [f"## `{group.name}`", "", f"Options: {', '.join(f'`{option}`' for option in options)}.", ""]
        for option in [ALIKE[group.name]] if group.name in ALIKE else options:
            lines += _file(group / f"{option}.yaml", f"`{group.name}={option}`", level=3)
    return "\n".join(lines).rstrip() + "\n"


def _file(path: Path, title: str, level: int = 2) -> list[str]:
    return [f"{'#' * level} {title}", "", "```yaml", path.read_text(encoding="utf-8").rstrip(), "```", ""]


def readme(text: str) -> str:
    """README.md with the table of datasets made anew."""
    return TABLE.sub(lambda found: f"{found[1]}{cards.table()}{found[2]}", text)


def main() -> None:
    """Write all pages."""
    pages = {"features": table.markdown(), "datasets": cards.markdown(), "configuration": configuration(config_dir())}
    for name, text in pages.items():
        (ROOT / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    page = ROOT / "README.md"
    page.write_text(readme(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

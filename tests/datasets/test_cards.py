"""The tables that people read are the data cards that the readers use."""

from pathlib import Path

from lanhar.datasets.cards import PUBLIC, markdown, table

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_datasets_is_the_data_cards():
    assert (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8") == markdown(), (
        "write docs/datasets.md anew from lanhar.datasets.cards.markdown()"
    )


def test_the_readme_shows_the_table_of_the_data_cards():
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8"), (
        "paste lanhar.datasets.cards.table() into README.md"
    )


def test_every_public_dataset_has_a_line_with_its_terms_and_a_card():
    lines = table().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == list(PUBLIC)
    assert all(len(line.split("|")) == 9 for line in lines), "a card's text breaks the table"
    assert "Any commercial use is prohibited" in lines[PUBLIC.index("uci")]
    for name in PUBLIC:
        assert f"\n## `{name}`: " in markdown()

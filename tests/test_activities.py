import pytest

from lanhar.activities import REGISTRY, LabelSpace, activity
from lanhar.errors import LanharError

FOUR = LabelSpace(("walk", "still", "stairs_up", "stairs_down"), {"still": ("sit", "stand")})


def test_merged_activities_share_the_index_of_what_they_are_merged_into():
    assert FOUR.indices(["walk", "sit", "stand", "still", "stairs_up", "stairs_down", "jog"]) == [0, 1, 1, 1, 2, 3, -1]


def test_an_activity_can_have_only_one_place():
    with pytest.raises(LanharError, match="sit"):
        LabelSpace(("walk", "sit", "still"), {"still": ("sit", "stand")})


def test_a_misspelled_activity_is_told_its_neighbour():
    with pytest.raises(LanharError, match="stairs_up"):
        activity("stair_up")


def test_a_merge_into_an_activity_outside_the_space_is_refused():
    with pytest.raises(LanharError, match="not among its"):
        LabelSpace(("walk", "sit"), {"still": ("stand",)})


def test_every_registry_name_is_its_own_key_and_has_words():
    for name, entry in REGISTRY.items():
        assert entry.name == name
        assert entry.words

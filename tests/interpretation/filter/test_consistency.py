from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.interpretation.filter.claims import read_claims
from lanhar.interpretation.filter.consistency import DERIVED, ConsistencyRule, holds, measure
from lanhar.interpretation.filter.grammar import FORMS, load_grammar
from lanhar.interpretation.filter.statements import Claim, Comparison
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.parse import parse_interpretation
from lanhar.interpretation.rules import Detail, RulesInterpreter
from lanhar.interpretation.schema import FIELDS, Interpretation, Section
from lanhar.signals.table import BY_NAME, FEATURES, HEADINGS, PROMPT_FEATURES, Heading

# Round numbers of a brisk movement of a phone in a pocket, and of a phone on a table.
MOVING = dict.fromkeys([feature.name for feature in PROMPT_FEATURES], 0.0) | {
    "acc_vertical_rms": 3.2,
    "acc_horizontal_rms": 2.4,
    "acc_z_std": 3.2,
    "acc_x_std": 1.2,
    "acc_y_std": 2.1,
    "acc_x_p2p": 6.0,
    "acc_y_p2p": 11.0,
    "acc_vertical_share": 0.64,
    "gyro_mag_rms": 1.2,
    "gyro_x_rms": 0.5,
    "gyro_y_rms": 0.4,
    "gyro_z_rms": 1.0,
    "gyro_x_energy_share": 0.2,
    "gyro_y_energy_share": 0.1,
    "gyro_z_energy_share": 0.7,
    "acc_dominant_hz": 1.9,
    "acc_step_hz": 1.9,
    "gyro_step_hz": 1.9,
    "acc_rhythm_strength": 0.85,
    "acc_beat_mean_s": 0.53,
    "acc_beat_std_s": 0.02,
    "acc_beat_cv": 0.04,
    "acc_jerk_rms": 200.0,
    "acc_jerk_p95": 400.0,
    "acc_low_high_ratio": 0.4,
    "acc_harmonic_ratio": 0.3,
    "acc_tilt_drift_deg": 0.8,
    "gravity_y": -0.98,
    "gyro_z_net_angle_deg": 120.0,
    "sync_phase_consistency": 0.85,
    "sync_correlation": 0.6,
    "impact_median": 9.0,
    "impact_p95": 12.0,
}
RESTING = dict.fromkeys(MOVING, 0.0) | {
    "acc_vertical_rms": 0.03,
    "acc_horizontal_rms": 0.08,
    "acc_z_std": 0.03,
    "acc_x_std": 0.06,
    "acc_y_std": 0.05,
    "acc_vertical_share": 0.12,
    "gyro_mag_rms": 0.02,
    "gyro_x_energy_share": 0.4,
    "gyro_y_energy_share": 0.3,
    "gyro_z_energy_share": 0.3,
    "acc_rhythm_strength": 0.03,
    "acc_jerk_rms": 4.0,
    "acc_jerk_p95": 8.0,
    "acc_low_high_ratio": 0.1,
    "acc_tilt_drift_deg": 0.2,
    "gravity_z": 0.99,
    "sync_phase_consistency": 0.05,
    "sync_correlation": 0.02,
}

LOOSE = MOVING | {"sync_phase_consistency": 0.2, "sync_correlation": 0.15, "gyro_z_net_angle_deg": 5.0}


def _check(heading: Heading, conclusion: str, features: dict[str, float]) -> list[Reason]:
    sections = {key: Section(conclusion="see the numbers") for key in FIELDS.values()}
    sections[FIELDS[heading]] = Section(conclusion=conclusion)
    return list(ConsistencyRule().check(Answer("", Interpretation(**sections)), features))


# Hand-written: heading, what is false of the moving and true of the resting phone, and the other way round.
TWINS: list[tuple[Heading, str, str]] = [
    ("Strength", "The device is practically at rest.", "The device is in vigorous motion."),
    ("Strength", "There is no movement to speak of.", "Movement is anything but weak."),
    ("Strength", "Vertical and horizontal accelerations are tiny.", "Strong vertical and strong lateral acceleration."),
    ("Strength", "Overall, a feeble signal with negligible rotation.", "Overall, a powerful signal, wide rotation."),
    ("Strength", "The rotation is hardly noticeable.", "The rotation is considerable."),
    ("Strength", "Nothing moves.", "Not a calm window: the movement is forceful."),
    ("Axis dominance", "Horizontal movement clearly dominates.", "The energy is mostly vertical."),
    ("Axis dominance", "The vertical RMS is smaller than the horizontal RMS.", "Vertical outweighs horizontal motion."),
    ("Axis dominance", "The motion is horizontal.", "The vertical axis prevails."),
    ("Rhythm", "No rhythm can be made out.", "A clear, steady rhythm."),
    ("Rhythm", "The signal lacks any periodicity.", "Strongly periodic."),
    ("Rhythm", "The repetition is poor and erratic.", "Repetition is excellent, like clockwork."),
    ("Shape", "A smooth, flat curve with little jerk.", "A jagged curve, the jerk is high."),
    ("Posture / drift", "The device lies flat, face up.", "The phone is upright."),
    ("Posture / drift", "There is no turning.", "A marked turn about the vertical takes place."),
    ("Gyro-acc sync", "The two sensors are unrelated.", "Rotation and acceleration are tightly coupled."),
    ("Gyro-acc sync", "Phase consistency is very low.", "The sensors move in lockstep."),
    ("Vertical impact", "No impacts were found.", "Heavy contacts."),
    ("Vertical impact", "Impacts are barely perceptible.", "The impacts are hard."),
]


@pytest.mark.parametrize(("heading", "rests", "moves"), TWINS)
def test_a_flipped_conclusion_is_rejected_and_the_true_one_is_not(heading: Heading, rests: str, moves: str) -> None:
    assert _check(heading, rests, MOVING)
    assert _check(heading, moves, RESTING)
    assert not _check(heading, rests, RESTING)
    assert not _check(heading, moves, MOVING)


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Strength", "Neither weak nor violent."),
        ("Strength", "Moderate to strong movement, far above those of gentle motion."),
        ("Strength", "Vertical movement is larger than horizontal movement; low-frequency noise plays no role."),
        ("Strength", "Only minor noise, and gravity of about 9.8 m/s² as a small constant offset."),
        ("Axis dominance", "The horizontal mean is small, gravity is on the vertical axis."),
        ("Axis dominance", "About 36 % of the energy is horizontal, the smaller part."),
        ("Axis dominance", "Rotation is mainly about the vertical axis, hardly about y."),
        ("Rhythm", "The rhythm is regular, with little variation between beats."),
        ("Rhythm", "There is little doubt about the repetition; no irregularity is visible."),
        ("Shape", "High frequencies outweigh low frequencies, so it is far from smooth."),
        ("Posture / drift", "Tilt changes by just 0.8°; no drift worth mentioning."),
        ("Gyro-acc sync", "The lag is small, and the step rates do not differ."),
        ("Vertical impact", "Neither light nor negligible, and alike from step to step."),
    ],
)
def test_negations_comparisons_and_asides_are_understood(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, MOVING) == []


@pytest.mark.parametrize(
    ("heading", "conclusion", "code"),
    [
        ("Strength", "At rest.", "contradicts_strength"),
        ("Axis dominance", "Sideways movement prevails.", "contradicts_axis"),
        ("Axis dominance", "Rotation is mainly about the y axis.", "contradicts_axis"),
        ("Axis dominance", "Along x it is stronger than along y.", "contradicts_axis"),
        ("Rhythm", "Irregular.", "contradicts_rhythm"),
        ("Shape", "Low frequencies prevail over high frequencies.", "contradicts_shape"),
        ("Posture / drift", "The tilt is highly unstable.", "contradicts_posture"),
        ("Posture / drift", "It turns right.", "contradicts_posture"),
        ("Gyro-acc sync", "The step rates differ.", "contradicts_sync"),
        ("Vertical impact", "Absent.", "contradicts_impact"),
    ],
)
def test_reasons_carry_the_code_the_heading_and_what_was_measured(heading: Heading, conclusion: str, code: str) -> None:
    (reason,) = _check(heading, conclusion, MOVING)
    assert (reason.rule, reason.code) == ("consistency", code)
    assert reason.detail.startswith(f"{heading}: ")
    assert any(name in reason.detail for name in MOVING)


@pytest.mark.parametrize("detail", ["compact", "full"])
def test_texts_of_rules_are_never_rejected(detail: Detail, real: Any) -> None:
    columns = [feature.name for feature in FEATURES]
    texts = RulesInterpreter(detail).interpret(real.features, columns)
    for text, row in zip(texts, real.features.tolist(), strict=True):
        features = dict(zip(columns, row, strict=True))
        assert not ConsistencyRule().check(Answer(text, parse_interpretation(text)), features)


def test_a_larger_slack_judges_less() -> None:
    answer = Answer("", Interpretation(**{key: Section(conclusion="weak impacts") for key in FIELDS.values()}))
    assert ConsistencyRule().check(answer, MOVING)
    assert not ConsistencyRule(slack=3.0).check(answer, MOVING)


def test_an_answer_that_could_not_be_taken_apart_is_left_to_form() -> None:
    assert not ConsistencyRule().check(Answer("at rest", None, "no headings"), MOVING)


def test_the_grammar_knows_only_topics_and_measures_that_there_are() -> None:
    grammar = load_grammar()
    for topic in grammar.topics.values():
        assert set(topic.shows) <= set(BY_NAME)
        for limits in topic.ranges.values():
            for name, (low, high) in limits.items():
                assert low < high or (low, high) == (1.0, 1.0)
                assert isinstance(measure(name, MOVING), float)
    assert set(grammar.headings) == set(HEADINGS)
    assert set(grammar.homes.values()) <= set(grammar.topics)
    measures = {name for rows in grammar.comparisons.values() for names in rows.values() for name in names}
    assert measures <= set(DERIVED) | set(BY_NAME)


def test_claims_are_said_of_the_nearest_subject() -> None:
    grammar = load_grammar()
    found = list(read_claims("Strong rotation, while the sway is faint.", "Strength", grammar))
    assert [(claim.topic, claim.classes) for claim in found if isinstance(claim, Claim)] == [
        ("rotation", ("strong",)),
        ("horizontal", ("weak",)),
    ]


def test_comparisons_name_both_sides() -> None:
    (found,) = read_claims("Horizontal RMS is lower than vertical RMS.", "Strength", load_grammar())
    assert isinstance(found, Comparison)
    assert (found.sensor, found.larger, found.smaller) == ("acc", ("vertical",), "horizontal")


@given(st.text(max_size=300), st.sampled_from(HEADINGS))
def test_any_text_can_be_read(text: str, heading: Heading) -> None:
    for claim in read_claims(text, heading, load_grammar()):
        assert claim.clause


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Strength", "Not even a faint movement is present; nothing more than noise."),
        ("Strength", "The wide range is due to single disturbances."),
        ("Axis dominance", "Each direction goes through one cycle per second, no axis differs meaningfully."),
        ("Rhythm", "No step rate could be established and the autocorrelation is low."),
        ("Rhythm", "Neither sensor shows any periodic component."),
        ("Rhythm", "The autocorrelation is too low to speak of a regular rhythm."),
        ("Rhythm", "Whether there is a rhythm cannot be said."),
        ("Shape", "The rotation crosses zero about the vertical just 3.5 times per second."),
        ("Posture / drift", "Most of the small turn is in one direction, and gravity falls on the z axis."),
        ("Posture / drift", "The screen tips slightly away from the sky."),
        ("Gyro-acc sync", "Both peak at nearly the same time, but the coupling is loose."),
        ("Vertical impact", "Nothing lands hard; the few peaks are far weaker still."),
    ],
)
def test_turns_of_phrase_are_no_false_claims_of_a_resting_phone(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, RESTING) == []


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Strength", "The device is tossed about."),
        ("Axis dominance", "Vertical outweighs horizontal."),
        ("Rhythm", "A beat one could set a clock by."),
        ("Rhythm", "Neither sensor leaves any doubt: strongly repeated."),
        ("Shape", "Choppy, hammering, full of jagged edges."),
        ("Posture / drift", "A pose that keeps rolling over."),
        ("Posture / drift", "The device keeps veering round."),
        ("Posture / drift", "An attitude in continual change."),
        ("Posture / drift", "The screen points downward."),
        ("Gyro-acc sync", "The two march in step."),
        ("Vertical impact", "Pounding blows."),
    ],
)
def test_the_other_extreme_is_caught_in_many_words(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, RESTING)


def test_reasons_quote_the_words_as_they_were_written() -> None:
    (reason,) = _check("Rhythm", "With a Tempo of 1.9 Hz, UNEVEN beats.", MOVING)
    assert 'Tempo of 1.9 Hz, UNEVEN beats"' in reason.detail


def test_a_heading_leaves_what_is_said_of_other_topics_alone() -> None:
    assert _check("Vertical impact", "The sensors move in lockstep and the posture is unstable.", RESTING) == []


@pytest.mark.parametrize(
    ("kind", "word", "forms"),
    [
        ("v", "slip", {"slip", "slips", "slipped", "slipping"}),
        ("v", "slide", {"slide", "slides", "slided", "sliding"}),
        ("v", "wander", {"wander", "wanders", "wandered", "wandering"}),
        ("v", "carry", {"carry", "carries", "carried", "carrying"}),
        ("v", "lurch", {"lurch", "lurches", "lurched", "lurching"}),
        ("v", "sway", {"sway", "sways", "swayed", "swaying"}),
        ("a", "jerky", {"jerky", "jerkily", "jerkiness"}),
        ("a", "erratic", {"erratic", "erratically", "erraticness"}),
        ("a", "gentle", {"gentle", "gently", "gentleness"}),
        ("a", "loose", {"loose", "loosely", "looseness"}),
        ("n", "spike", {"spike", "spikes"}),
    ],
)
def test_forms_of_words_follow_the_rules_of_spelling(kind: str, word: str, forms: set[str]) -> None:
    assert set(FORMS[kind](word)) == forms


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Gyro-acc sync", "No synchronization between gyroscope and accelerometer can be observed."),
        ("Gyro-acc sync", "With no movement, the two sensors are unrelated."),
        ("Gyro-acc sync", "A strong coupling is absent."),
        ("Rhythm", "A rhythm is absent, in what is a constant signal."),
        ("Posture / drift", "A slight drift of a few degrees and a negligible change of heading."),
        ("Posture / drift", "The heading stays about the same, and the tilt is stable."),
        ("Vertical impact", "No impacts stand out."),
    ],
)
def test_what_is_said_to_be_missing_is_not_said_to_be_there(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, RESTING) == []


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Posture / drift", "A large and steady turn to the left."),
        ("Gyro-acc sync", "The step rates found by the two sensors are the same."),
        ("Gyro-acc sync", "Rotation and acceleration are locked, although the correlation is only moderate."),
        ("Shape", "Jagged, and high frequencies prevail."),
        ("Axis dominance", "The vertical holds most of the energy, and z is the main axis of rotation."),
        ("Vertical impact", "Hard impacts, and some are even harder."),
    ],
)
def test_each_word_is_said_of_its_own_subject(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, MOVING) == []


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Strength", "Horizontal acceleration is slightly larger than vertical acceleration."),
        ("Strength", "Vertical acceleration falls short of horizontal acceleration."),
        ("Axis dominance", "Rotation centres on the x axis."),
        ("Rhythm", "Brisk, uneven beats."),
        ("Shape", "Rounded, and high frequencies prevail."),
        ("Shape", "More energy at low frequencies."),
        ("Posture / drift", "The tilt changes constantly."),
        ("Posture / drift", "Despite a turn to the right, the tilt is stable."),
        ("Gyro-acc sync", "Quite independent sensors."),
    ],
)
def test_one_conclusion_turned_into_its_opposite_is_rejected(heading: Heading, conclusion: str) -> None:
    assert _check(heading, conclusion, MOVING)


@pytest.mark.parametrize(
    ("heading", "conclusion", "measured"),
    [
        ("Gyro-acc sync", "Despite the clear rhythm in the acceleration, the link with rotation is loose.", LOOSE),
        ("Gyro-acc sync", "Although the rhythm is clear, the two sensors are barely related.", LOOSE),
        ("Gyro-acc sync", "Though both movement and rotation are strong, they have little in common.", LOOSE),
        ("Posture / drift", "Despite the vivid rotation no net change of heading results.", LOOSE),
        ("Posture / drift", "Although rotation is vigorous, the heading is kept.", LOOSE),
        ("Vertical impact", "While rotation is slight, the peaks are heavy.", MOVING),
        ("Rhythm", "The autocorrelation of 0.03 rules out any periodic component.", RESTING),
        ("Rhythm", "An even beat of almost two per second (about 114 per minute).", MOVING),
        ("Strength", "Rotation is modest; the horizontal part, though faint, is twice as large.", RESTING),
        ("Strength", "A strong vertical part is ahead of an already vigorous horizontal one.", MOVING),
        ("Axis dominance", "The rotation is split between x and z, and the y axis plays only a minor role.", MOVING),
        ("Axis dominance", "Most of the rotation is about the vertical, the rest mostly about x.", MOVING),
        ("Axis dominance", "The vertical dominates the rotation, x and z turning most, y contributing little.", MOVING),
        ("Axis dominance", "One horizontal direction is clearly preferred over the other.", MOVING),
        ("Vertical impact", "The upper ones are about a third above the typical one.", MOVING),
        ("Gyro-acc sync", "Correlated sensors, which differ by next to nothing in rate.", MOVING),
        ("Gyro-acc sync", "The phases are coupled well above chance.", MOVING),
        ("Posture / drift", "Turns to the left and right are wide, although the total turning is larger.", MOVING),
        ("Strength", "Nothing about this movement is gentle.", MOVING),
        ("Vertical impact", "Not a single impact is present.", RESTING),
    ],
)
def test_what_is_granted_or_said_of_something_else_is_no_claim(
    heading: Heading, conclusion: str, measured: dict[str, float]
) -> None:
    assert not _check(heading, conclusion, measured)


@pytest.mark.parametrize(
    ("heading", "conclusion", "measured"),
    [
        ("Gyro-acc sync", "Despite the clear rhythm, the sensors are tightly coupled.", LOOSE),
        ("Posture / drift", "Despite the vivid rotation no net change of heading results.", MOVING),
        ("Rhythm", "The autocorrelation rules out any periodic component.", MOVING),
        ("Strength", "The horizontal part is ahead of the vertical one.", MOVING),
        ("Gyro-acc sync", "Rotation is motionless, and both sensors are tightly coupled.", LOOSE),
    ],
)
def test_what_a_concession_belongs_to_is_still_judged(
    heading: Heading, conclusion: str, measured: dict[str, float]
) -> None:
    assert _check(heading, conclusion, measured)


@pytest.mark.parametrize(
    ("heading", "text", "unread"),
    [
        ("Gyro-acc sync", "The sensors are only loosely related in phase.", ("phase", "coupled")),
        ("Gyro-acc sync", "There is nothing for the acceleration to be in step with.", ("sync", "coupled")),
        ("Strength", "Nothing here suggests a device at rest.", ("movement", "still")),
        ("Rhythm", "The tempo is neither fast nor slow.", ("tempo", "slow")),
        ("Rhythm", "Its regularity is only fair.", ("rhythm", "regular")),
        ("Rhythm", "It follows that there is no reliable rhythm.", ("rhythm", "coupled")),
        ("Posture / drift", "The tilt is not fixed but sways.", ("tilt", "stable")),
        ("Posture / drift", "The net turn is small compared with the total rotation.", ("turning", "weak")),
    ],
)
def test_idioms_are_not_taken_for_claims(heading, text, unread):
    said = [one for one in read_claims(text, heading, load_grammar()) if isinstance(one, Claim)]
    assert unread not in [(one.topic, name) for one in said for name in one.classes]


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        ("The impacts are weak.", 0),
        ("Weak impacts.", 0),
        ("Impacts throughout weak.", 1),
        ("Weak zigzagging.", 2),
    ],
)
def test_a_claim_counts_what_speaks_for_a_misreading(text, doubts):
    (claim,) = read_claims(text, "Vertical impact", load_grammar())
    assert isinstance(claim, Claim) and claim.doubts == doubts


def test_what_may_be_misread_must_be_false_by_a_wider_margin():
    soft = MOVING | {"impact_median": 6.9, "impact_p95": 9.0}
    assert _check("Vertical impact", "The impacts are weak.", soft)
    assert not _check("Vertical impact", "Weak zigzagging.", soft)
    assert _check("Vertical impact", "Weak zigzagging.", MOVING | {"impact_median": 12.0})


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [({"gravity_z": (-1.0, -0.15)}, -0.12, -0.05), ({"gravity_z": (0.15, 1.0)}, 0.12, 0.05)],
)
def test_slack_widens_limits_on_either_side_of_zero(limits, inside, outside):
    assert holds(limits, {"gravity_z": inside}, 1.5) and not holds(limits, {"gravity_z": inside}, 1.0)
    assert not holds(limits, {"gravity_z": outside}, 1.5)


def test_a_fixed_heading_is_false_of_a_turn_and_a_steady_turn_is_not():
    assert _check("Posture / drift", "The device keeps exactly the same heading.", MOVING)
    assert _check("Posture / drift", "The heading, however, remains as it was.", MOVING)
    assert not _check("Posture / drift", "The turning is steady.", MOVING)


@pytest.mark.parametrize(
    ("text", "larger"),
    [
        ("Vertical, share 0.92.", ("vertical",)),
        ("The little energy present is vertical.", ("vertical",)),
        ("The rotation goes about the vertical.", ("vertical",)),
        ("The energy is nearly even, with a marginal edge for the horizontal plane.", ("horizontal",)),
    ],
)
def test_directions_that_are_only_named_are_compared(text, larger):
    said = read_claims(text, "Axis dominance", load_grammar())
    assert larger in [one.larger for one in said if isinstance(one, Comparison)]


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Axis dominance", "No axis prevails: the rotation is greatest about x, y and z alike."),
        ("Axis dominance", "Of all axes z has the largest energy."),
        ("Axis dominance", "Rotation is led by z, with more than half of its energy about z."),
        ("Axis dominance", "The z axis rules the rotation so clearly that the others can be neglected."),
        ("Strength", "There is practically no difference between vertical and horizontal."),
        ("Strength", "The two directions differ by little."),
        ("Gyro-acc sync", "There is no disorder that could have a delay."),
        ("Vertical impact", "The impacts are heavy and vary only a little in height."),
        ("Posture / drift", "It circles to the left; most of the turning is swinging that cancels out."),
        ("Posture / drift", "A pronounced turn to the left remains after all swinging is balanced out."),
    ],
)
def test_what_is_compared_or_denied_in_part_is_no_false_claim_of_a_moving_phone(heading: Heading, conclusion: str):
    assert not _check(heading, conclusion, MOVING)


def test_a_denied_subject_after_a_conjunction_denies_its_verb():
    assert not _check("Rhythm", "It is impossible to name a tempo, since no peak recurs.", RESTING)


def test_what_is_not_perfect_may_be_good_and_what_differs_slightly_may_be_equal():
    assert not _check("Posture / drift", "The attitude is not perfectly constant.", MOVING)
    assert _check("Posture / drift", "The attitude is not constant.", MOVING)
    assert _check("Vertical impact", "The impacts vary.", MOVING | {"impact_p95": 9.2})
    assert not _check("Vertical impact", "The impacts vary slightly.", MOVING | {"impact_p95": 9.2})


@pytest.mark.parametrize(
    ("heading", "conclusion"),
    [
        ("Strength", "The vertical acceleration is so faint that it barely leaves the noise floor."),
        ("Axis dominance", "The movement is plainly horizontal."),
        ("Shape", "A clean wave with two tall humps per period."),
        ("Gyro-acc sync", "Correlation and phase show two signals that hardly correlate."),
    ],
)
def test_a_falsehood_behind_a_consequence_or_an_adverb_is_found(heading: Heading, conclusion: str):
    assert _check(heading, conclusion, MOVING | {"acc_harmonic_ratio": 0.02, "acc_vertical_share": 0.8})


def test_axes_of_an_unnamed_sensor_are_false_only_if_they_are_for_both():
    swapped = {"acc_x_std": 2.4, "acc_y_std": 0.9, "acc_x_p2p": 12.0, "acc_y_p2p": 4.0}
    assert not _check("Axis dominance", "The energy is greatest in z.", MOVING)
    assert _check("Axis dominance", "The energy is greatest in y.", MOVING | swapped)


SWINGING = MOVING | {"gyro_z_net_angle_deg": 4.0, "gyro_z_abs_angle_deg": 260.0}
ONE_WAY = MOVING | {"gyro_z_net_angle_deg": 120.0, "gyro_z_abs_angle_deg": 126.0}
BALANCED = MOVING | {"acc_vertical_share": 0.5, "acc_vertical_rms": 2.6, "acc_horizontal_rms": 2.6}
UPWARDS = MOVING | {"acc_vertical_share": 0.92, "acc_vertical_rms": 3.2, "acc_horizontal_rms": 0.9}
OWN_RATE = LOOSE | {"gyro_step_hz": 0.0, "sync_step_difference_hz": 1.9}
ALONE = LOOSE | {"sync_phase_consistency": 0.65, "sync_correlation": 0.2}
LAGGING = MOVING | {"sync_lag_s": 0.12}

# What is so, beside a window of which it is false.
READ_ALIKE = [
    # A negation and what it reaches
    ("Strength", "The device is motionless, with neither acceleration beyond noise nor rotation.", RESTING, MOVING),
    ("Strength", "There is neither movement nor rotation.", RESTING, MOVING),
    ("Strength", "Neither acceleration nor rotation rises above the noise.", RESTING, MOVING),
    ("Rhythm", "No rhythm exists and nothing repeats.", RESTING, MOVING),
    ("Posture / drift", "It swings about the vertical without changing its straight heading.", SWINGING, ONE_WAY),
    ("Posture / drift", "The heading does not leave its straight line.", SWINGING, ONE_WAY),
    ("Vertical impact", "No impact rises above the noise.", RESTING, MOVING),
    ("Vertical impact", "There is no vertical peak above the mean.", RESTING, MOVING),
    # Parts of the whole
    ("Axis dominance", "Hardly any of the acceleration is horizontal.", UPWARDS, BALANCED | {"acc_vertical_rms": 1.0}),
    ("Axis dominance", "Neither direction dominates the acceleration.", BALANCED, UPWARDS),
    ("Axis dominance", "The acceleration favours neither the vertical nor the horizontal.", BALANCED, UPWARDS),
    ("Axis dominance", "Acceleration is split about evenly between the directions.", BALANCED, UPWARDS),
    (
        "Axis dominance",
        "Movement is mostly vertical, y carrying most of the horizontal part.",
        MOVING,
        RESTING | {"acc_y_std": 0.01},
    ),
    (
        "Axis dominance",
        "Rotation is mostly about the vertical axis, with x taking up most of what remains.",
        MOVING,
        MOVING | {"gyro_x_energy_share": 0.05, "gyro_y_energy_share": 0.25, "gyro_x_rms": 0.2, "gyro_y_rms": 0.6},
    ),
    # Turning one way, or to and fro
    ("Posture / drift", "It turns to the left with hardly any swinging back.", ONE_WAY, SWINGING),
    ("Posture / drift", "It turns to the left, all of its rotation going the same way.", ONE_WAY, SWINGING),
    ("Posture / drift", "A lot of turning about the vertical cancels out.", SWINGING, ONE_WAY),
    ("Posture / drift", "It swings to and fro, and the heading stays straight.", SWINGING, ONE_WAY),
    # What alone is agreed on
    ("Gyro-acc sync", "The sensors agree on the step rate.", LOOSE, OWN_RATE),
    ("Gyro-acc sync", "They are coupled in phase, but weakly correlated.", ALONE, MOVING | {"sync_correlation": 0.9}),
    ("Gyro-acc sync", "The two sensors are only loosely related.", LOOSE, MOVING),
    (
        "Gyro-acc sync",
        "Rotation is coupled to the acceleration but lags behind it.",
        LAGGING,
        MOVING | {"sync_lag_s": -0.1},
    ),
    # Nouns that an amount stands before
    ("Rhythm", "One beat follows the other with hardly any deviation.", MOVING, MOVING | {"acc_beat_cv": 0.5}),
    ("Shape", "Changes are rounded and weak, without any sharp edges.", RESTING, MOVING),
    ("Gyro-acc sync", "The two sensors have no common rhythm.", LOOSE, MOVING),
]


@pytest.mark.parametrize(("heading", "conclusion", "true_of", "false_of"), READ_ALIKE)
def test_a_kind_of_sentence_is_read_in_both_directions(heading, conclusion, true_of, false_of):
    assert _check(heading, conclusion, true_of) == []
    assert _check(heading, conclusion, false_of) != []


@pytest.mark.parametrize(
    ("heading", "conclusion", "measured"),
    [
        ("Gyro-acc sync", "The rotation has no step rate that could match.", OWN_RATE),
        ("Gyro-acc sync", "There is no rate to agree with.", OWN_RATE),
        (
            "Gyro-acc sync",
            "The rotation follows the acceleration only partially.",
            LOOSE | {"sync_phase_consistency": 0.4},
        ),
        (
            "Vertical impact",
            "Impacts are soft, and all of them are about equally strong.",
            MOVING | {"impact_median": 4.0, "impact_p95": 4.4},
        ),
        (
            "Vertical impact",
            "Impacts are faint, none of which stands out.",
            MOVING | {"impact_median": 2.0, "impact_p95": 4.0},
        ),
        ("Strength", "There is at most a faint horizontal stir.", RESTING),
        (
            "Strength",
            "Horizontal movement is at least as strong as the gentle vertical movement.",
            RESTING | {"acc_vertical_rms": 1.0, "acc_horizontal_rms": 1.1},
        ),
        (
            "Posture / drift",
            "Most of the turning cancels out, leaving a turn to the left.",
            ONE_WAY | {"gyro_z_abs_angle_deg": 500.0},
        ),
        ("Rhythm", "A dominant frequency exists, but it is not repeated.", RESTING | {"acc_dominant_hz": 2.3}),
        ("Rhythm", "The repetition is clear though not tight.", MOVING | {"acc_rhythm_strength": 0.6}),
        ("Rhythm", "The repetition is clear, with beats that are not quite even.", MOVING | {"acc_beat_cv": 0.21}),
        ("Vertical impact", "Impacts are firm, none being much harder than the others.", MOVING | {"impact_p95": 9.4}),
    ],
)
def test_what_is_not_so_or_only_in_part_is_no_claim(heading, conclusion, measured):
    assert _check(heading, conclusion, measured) == []

"""The page's modules do what the Python runtime does, on real, random and awkward input."""

import io
import json

import numpy as np
import pytest
from browser_rows import DECODE, encoded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.edge.bundle import TOKENIZER, Preprocessing
from lanhar.edge.labels import LabelEncoder
from lanhar.edge.runtime import Recogniser, load
from lanhar.edge.samples import Unusable, uniform_window
from lanhar.edge.tables import read_samples
from lanhar.errors import LanharError
from lanhar.interpretation.labels import label_interpretations

# A browser on two cores takes minutes.
pytestmark = pytest.mark.slow

SETTINGS = Preprocessing(50.0, 300, 1.0, (20.0, 500.0))
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
# Adding 0.0 makes 0 of -0.
floats = (st.floats(-1e9, 1e9) | st.integers(-4000, 4000).map(lambda n: n / 8)).map(lambda x: x + 0.0)


@given(st.lists(floats, min_size=50, max_size=50))
@few
def test_numbers_are_rounded_and_written_alike(lab, values):
    found = lab.evaluate(
        """async (values) => {
          const { fixed, general, roundHalfEven } = await import("/js/numbers.js");
          return values.map((x) => [fixed(x, 0), fixed(x, 1), fixed(x, 3), general(x), roundHalfEven(x)]);
        }""",
        values,
    )
    for value, (whole, tenths, thousandths, short, nearest) in zip(values, found, strict=True):
        assert [whole, tenths, thousandths] == [f"{value:.0f}", f"{value:.1f}", f"{value:.3f}"]
        assert (short, nearest) == (f"{value:g}", round(value))


def window_in_browser(lab, rows, start_s):
    return lab.evaluate(
        f"""async ([rows, startS]) => {{
          const {{ readSettings, uniformWindow, Unusable }} = await import("/js/samples.js");
          const settings = readSettings(await (await fetch("/bundle/preprocessing.json")).json());
          try {{
            return Array.from(uniformWindow(({DECODE})(rows), startS, settings));
          }} catch (error) {{
            if (error instanceof Unusable) return error.message;
            throw error;
          }}
        }}""",
        [encoded(rows), start_s],
    )


@st.composite
def awkward_rows(draw):
    """Eight seconds of movement at any rate, jittered, with lost and doubled samples, sensors apart or gone."""
    rate_hz = draw(st.sampled_from([12.0, 20.0, 30.0, 49.6, 50.0, 50.4, 59.9, 60.0, 100.0, 104.0, 200.0, 480.0, 700.0]))
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    time_s = np.arange(round(8 * rate_hz)) / rate_hz
    time_s = np.sort(time_s + generator.normal(size=len(time_s)) * draw(st.sampled_from([0, 0.1, 0.4])) / rate_hz)
    samples = np.cumsum(generator.normal(size=(len(time_s), 6)), axis=0) / 10
    rows = np.column_stack([time_s, samples])
    rows = rows[generator.random(len(rows)) >= draw(st.sampled_from([0, 0.02, 0.3]))]
    rows = np.repeat(rows, generator.choice([1, 2], size=len(rows), p=[0.95, 0.05]), axis=0)
    missing = draw(st.sampled_from(["none", "apart", "no gyro", "few", "hole"]))
    if missing == "apart":
        rows[::2, 1:4], rows[1::2, 4:] = np.nan, np.nan
    elif missing == "no gyro":
        rows[:, 4:] = np.nan
    elif missing == "few":
        rows[generator.random(len(rows)) < 0.01, 2] = np.inf
    elif missing == "hole":
        rows = rows[(rows[:, 0] < 3) | (rows[:, 0] > draw(st.sampled_from([3.05, 3.25, 4.75])))]
    return rows


@given(awkward_rows(), st.sampled_from([0.5, 1.0, 2.5]))
@settings(few, max_examples=60)
def test_windows_are_cut_and_resampled_alike(lab, rows, start_s):
    found = window_in_browser(lab, rows, start_s)
    try:
        expected = uniform_window(rows, start_s, SETTINGS)
    except Unusable as error:
        assert found == str(error)
        return
    assert not isinstance(found, str), found
    np.testing.assert_allclose(np.reshape(found, (300, 6)), expected, rtol=1e-5, atol=1e-5)


STREAMS = {
    "as it came": lambda rows, g: rows,
    "at 60 Hz, as phones deliver": lambda rows, g: at_rate(rows, 60.0),
    "at 100 Hz": lambda rows, g: at_rate(rows, 100.0),
    "at 25 Hz": lambda rows, g: at_rate(rows, 25.0),
    "at 10 Hz": lambda rows, g: rows[::5],
    "late, doubled and out of order": lambda rows, g: disordered(rows, g),
    "with lost samples": lambda rows, g: rows[g.random(len(rows)) > 0.05],
    "with a gap": lambda rows, g: shifted(rows, 1000, 3.0),
    "with an hour's pause": lambda rows, g: shifted(rows, 1000, 3600.0),
    "set back": lambda rows, g: np.concatenate([rows[:900] + np.eye(7)[0] * 1e6, rows[900:]]),
    "with wild time stamps": lambda rows, g: with_values(rows, slice(700, 703), 0, [1e9, np.nan, -1e8]),
    "in nanoseconds since 1970": lambda rows, g: np.column_stack([rows[:, 0] * 1e9 + 1.8e18, rows[:, 1:]]),
    "in milliseconds": lambda rows, g: rows * [1000, 1, 1, 1, 1, 1, 1],
    "all at one time": lambda rows, g: rows * [0, 1, 1, 1, 1, 1, 1],
    "backwards": lambda rows, g: rows[::-1],
    "in g": lambda rows, g: rows / [1, 9.80665, 9.80665, 9.80665, 1, 1, 1],
    "in degrees": lambda rows, g: rows * [1, 1, 1, 1, 57.3, 57.3, 57.3],
    "without gravity": lambda rows, g: rows - [0, *rows[:, 1:4].mean(axis=0), 0, 0, 0],
    "without a gyroscope": lambda rows, g: with_values(rows, slice(None), slice(4, 7), np.nan),
    "with a gyroscope of zeros": lambda rows, g: with_values(rows, slice(None), slice(4, 7), 0.0),
    "with a stuck accelerometer": lambda rows, g: with_values(rows, slice(500, 1500), slice(1, 4), [0.1, 9.7, 0.2]),
    "at the end of the range": lambda rows, g: np.column_stack([rows[:, 0], rows[:, 1:].clip(-9.0, 15.5)]),
    "with missing values": lambda rows, g: with_values(rows, slice(800, 840), slice(1, 3), np.nan),
    "with infinite values": lambda rows, g: with_values(rows, slice(800, 802), 5, np.inf),
}


def at_rate(rows, rate_hz):
    time_s = np.arange(0, rows[-1, 0], 1 / rate_hz)
    return np.column_stack([time_s, *(np.interp(time_s, rows[:, 0], column) for column in rows.T[1:])])


def disordered(rows, generator):
    arrival = rows[:, 0] + generator.uniform(0, 0.4, len(rows))
    arrival[0] = 0
    order = np.argsort(np.concatenate([arrival, arrival[100:200] + 0.1]))
    return np.concatenate([rows, rows[100:200]])[order]


def shifted(rows, index, seconds):
    rows = rows.copy()
    rows[index:, 0] += seconds
    return rows


def with_values(rows, which, columns, values):
    rows = rows.copy()
    rows[which, columns] = values
    return rows


@pytest.fixture(scope="module")
def recognised(lab):
    """Predictions of the page for rows in blocks: (time, activity, confidence, reason) each."""

    def run(rows, block, smoothing):
        return lab.evaluate(
            f"""async ([rows, block, smoothing]) => {{
              const {{ load }} = await import("/js/bundle.js");
              const {{ Recogniser }} = await import("/js/recogniser.js");
              globalThis.loaded ??= await load(() => {{}});
              const recogniser = new Recogniser(loaded.embed, loaded.bundle, {{ smoothing }});
              rows = ({DECODE})(rows);
              const calls = [];
              for (let n = 0; n < rows.length; n += block) calls.push(recogniser.push(rows.slice(n, n + block)));
              const found = [...(await Promise.all(calls)).flat(), ...(await recogniser.finish())];
              const plain = found.map((p) => [p.timeS, p.activity, p.confidence, p.reason]);
              return [plain, recogniser.stream.ignored];
            }}""",
            [encoded(rows), block, smoothing],
        )

    return run


@pytest.mark.parametrize("name", STREAMS)
def test_streams_give_the_same_predictions_and_reasons(full_bundle, recognised, recording, name):
    generator = np.random.default_rng(0)
    rows = STREAMS[name](np.column_stack(recording), generator)
    block = int(generator.choice([1, 7, 64, 256])) if len(rows) < 5000 else 256
    smoothing = float(generator.choice([0.0, 0.6]))
    recogniser = Recogniser(load(full_bundle), smoothing=smoothing)
    expected = []
    for start in range(0, len(rows), block):
        expected += recogniser.push(rows[start : start + block, 0], rows[start : start + block, 1:])
    expected += recogniser.finish()
    found, ignored = recognised(rows, block, smoothing)
    assert len(expected) >= 3
    assert [p[1] for p in found] == [p.activity for p in expected]
    assert [p[3] for p in found] == [p.reason for p in expected]
    np.testing.assert_allclose([p[0] for p in found], [p.time_s for p in expected], rtol=1e-12)
    np.testing.assert_allclose([p[2] for p in found], [p.confidence for p in expected], atol=1e-3)
    assert ignored == recogniser.ignored


AWKWARD = [
    "rope skipping",
    "Stärke: 2–3.5 m/s², naïve café, ÉCLAIR, İstanbul ΣΊΣΥΦΟΣ straße",
    "跑步 and ランニング, 달리기",
    "a\u200bzero\u00a0width\ttab\nline\u2028separator\ufeffmark\x00null\x07bell\ufffd",
    "emoji 🏃‍♀️ and 🤸🏽 and flags 🇫🇮",
    "a [MASK] and a [SEP] and [cls] and [UNK]s",
    "don't!? (e.g.) #hash_tag ~80% <b>&amp; $5 `code` ^x |y| «quoted» … — ¿qué?",
    "x" * 101 + " " + "y" * 100,
    "antidisestablishmentarianism unbelievablyquickfootedness " * 20,
    "e\u0301 \u0915\u094d\u0937 \u0e01\u0e33 \u05e9\u05b8 \u0635\u0651",
    "ﬁne ½ ² Ⅷ ＦＵＬＬ width",
    "  ",
]


@pytest.fixture(scope="module")
def tokenised(lab):
    return lambda texts: lab.evaluate(
        """async (texts) => {
          const { Tokenizer } = await import("/js/tokenizer.js");
          globalThis.tokenizer ??= new Tokenizer(await (await fetch("/bundle/tokenizer.json")).json());
          return texts.map((text) => tokenizer.encode(text));
        }""",
        texts,
    )


@pytest.fixture(scope="module")
def tokenizer(full_bundle):
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(full_bundle / TOKENIZER))


def test_descriptions_and_awkward_texts_become_the_same_tokens(tokenised, tokenizer):
    texts = AWKWARD + [text for name in ("walk", "jog", "sit") for text in label_interpretations(name)]
    assert tokenised(texts) == [tokenizer.encode(text).ids for text in texts]


def letters(first, last):
    return st.characters(codec="utf-8", min_codepoint=first, max_codepoint=last, exclude_categories=["Cn"])


# Of scripts that came into Unicode of late some marks are not known alike.
texts = st.text(letters(0, 0x5FF) | letters(0x1E00, 0x2BFF) | letters(0x3000, 0x9FFF) | letters(0x1F300, 0x1F64F))


@given(st.lists(texts, min_size=20, max_size=20))
@few
def test_random_texts_become_the_same_tokens(tokenised, tokenizer, texts):
    assert tokenised(texts) == [tokenizer.encode(text).ids for text in texts]


def test_words_are_embedded_alike(lab, full_bundle):
    texts = [*label_interpretations("walk")[:2], *label_interpretations("jog")[:2], *AWKWARD[:6]]
    found = lab.evaluate(
        """async (texts) => {
          const { load } = await import("/js/bundle.js");
          globalThis.loaded ??= await load(() => {});
          return Promise.all(texts.map(async (text) => Array.from(await loaded.words(text))));
        }""",
        texts,
    )
    encoder = LabelEncoder(full_bundle)
    cosines = [np.dot(one, encoder.embed(text)) for one, text in zip(found, texts, strict=True)]
    np.testing.assert_allclose(cosines, 1, atol=1e-3)


TABLES = [
    "time,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z\n0,1,2,3,4,5,6\n\n0.02,,2,nan,-inf,5e-1,.5\r\n",
    '\ufefftime_ms, Accelerometer X,"accel y",accel-z,rotationRate.x,rotationRate.y,wz,note\n20,1,2,3,4,5,6,"a, b"\n',
    "time_ns,az,ay,ax,gz,gy,gx\n1.8e18,1,2,3,4,5\n",
    "time,velocity\n1,2\n",
    "x,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z\n",
    "",
    "time,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z\n0,1,2,3,4,5,6\n1,0x10,2,3,4,5,6\n",
]


@pytest.mark.parametrize("text", TABLES)
def test_tables_are_read_alike(lab, text):
    found = lab.evaluate(
        """async (text) => {
          const { readSamples } = await import("/js/table.js");
          try {
            return readSamples(text, "x.csv");
          } catch (error) {
            return error.message;
          }
        }""",
        text,
    )
    try:
        blocks = list(read_samples(io.StringIO(text), "x.csv"))
    except LanharError as error:
        assert found == str(error)
        return
    expected = np.concatenate([np.column_stack(block) for block in blocks])
    np.testing.assert_allclose(np.array(json.loads(json.dumps(found)), dtype=float), expected)

"""The page in a real browser: what a person sees, what leaves the phone, and what works without the server."""

import csv
import io
import json
import re
import socket

import numpy as np
import pytest
from browser_rows import DECODE, encoded

from lanhar.activities import REGISTRY
from lanhar.edge.labels import LabelEncoder
from lanhar.edge.runtime import Recogniser, load
from lanhar.edge.tables import write_header, write_predictions

# A browser on two cores takes minutes.
pytestmark = pytest.mark.slow

WORDS = "Strength: strong bounce 4-6 m/s²\nRhythm: quick, even jumps in place\nVertical impact: hard landings"
READY = "html[data-ready]"
IPHONE = """
  DeviceMotionEvent.requestPermission = async () => globalThis.answer ?? "granted";
  DeviceOrientationEvent.requestPermission = async () => "granted";
"""


def opened(context, address):
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(READY)
    return page


def replayed(page, recording, tmp_path):
    """Replay a recording as CSV, and what `Save timeline` gives."""
    path = tmp_path / "recording.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"])
        writer.writerows([time, *map(float, sample)] for time, sample in zip(*recording, strict=True))
    page.set_input_files("#file", path)
    page.wait_for_selector("#status:has-text('windows of recording.csv')")
    return saved(page)


def saved(page):
    with page.expect_download() as download:
        page.click("#save")
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


def in_python(recogniser, times, samples, block=256):
    """The timeline of the same samples by the Python runtime, as `lanhar.predict` writes it."""
    found = []
    for start in range(0, len(times), block):
        found += recogniser.push(times[start : start + block], samples[start : start + block])
    file = io.StringIO()
    write_header(file)
    write_predictions(file, found + recogniser.finish())
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def require_same(found, expected, shift_s=0.0):
    assert len(found) == len(expected) > 3
    for one, other in zip(found, expected, strict=True):
        assert float(one["time_s"]) + shift_s == pytest.approx(float(other["time_s"]), abs=1e-3)
        assert (one["activity"], one["reason"]) == (other["activity"], other["reason"])
        for column in ("confidence", "second_confidence", "third_confidence"):
            if other[column]:
                assert float(one[column]) == pytest.approx(float(other[column]), abs=1e-3)


def test_a_replayed_recording_gives_what_python_gives_and_nothing_leaves(
    site, full_bundle, context, recording, tmp_path
):
    errors: list[str] = []
    asked: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(site.address)
    page.wait_for_selector(READY)
    assert not errors
    context.on("request", lambda request: asked.append(request.url))
    before = len(site.requests)
    found = replayed(page, recording, tmp_path)
    require_same(found, in_python(Recogniser(load(full_bundle)), *recording))
    assert len({row["activity"] for row in found}) > 2
    assert page.inner_text("#activity") == found[-1]["activity"].replace("jog", "jogging")
    assert "Strength" not in page.inner_text("#nearest")
    assert "some text" in page.inner_text("#nearest")
    assert [url for url in asked if not url.startswith("blob:")] == []
    assert site.requests[before:] == []
    assert not errors


def test_a_new_activity_in_words_appears_and_counts(site, full_bundle, context, recording, tmp_path):
    page = opened(context, site.address)
    before = len(site.requests)
    page.click("#add")
    page.fill("#name", "rope skipping")
    page.fill("#text", WORDS)
    page.screenshot(path=tmp_path / "dialog.png")
    page.click("#confirm")
    page.wait_for_selector("#labels li:has-text('rope skipping')")
    assert not page.is_visible("#new")
    recogniser = Recogniser(load(full_bundle))
    recogniser.add_label("rope skipping", LabelEncoder(full_bundle).embed(WORDS))
    require_same(replayed(page, recording, tmp_path), in_python(recogniser, *recording))
    page.click("#labels li:has-text('walk') button")
    recogniser.reset()
    recogniser.remove_label("walk")
    require_same(replayed(page, recording, tmp_path), in_python(recogniser, *recording))
    assert site.requests[before:] == []


def typed(page, name="rope skipping"):
    page.click("#add")
    page.fill("#name", name)
    page.fill("#text", WORDS)
    page.click("#confirm")
    page.wait_for_selector(f"#labels li:has-text('{name}')")


def listed(page):
    return page.locator("#labels .title").all_inner_texts()


def test_a_typed_activity_is_there_and_counts_when_the_page_is_loaded_anew(
    site, full_bundle, context, recording, tmp_path
):
    page = opened(context, site.address)
    typed(page, "hopping")
    typed(page)
    page.click("#labels li:has-text('hopping') button")
    page.click("#labels li:has-text('walk') button")
    before = len(site.requests)
    page.reload()
    page.wait_for_selector(READY)
    assert listed(page) == [REGISTRY[name].title for name in load(full_bundle).bundle.labels.names] + ["rope skipping"]
    # The service worker asks whether it is the newest, and nothing else is asked.
    assert set(site.requests[before:]) <= {"/service_worker.js"}
    recogniser = Recogniser(load(full_bundle))
    recogniser.add_label("rope skipping", LabelEncoder(full_bundle).embed(WORDS))
    require_same(replayed(page, recording, tmp_path), in_python(recogniser, *recording))
    page.click("#labels li:has-text('rope skipping') button")
    page.reload()
    page.wait_for_selector(READY)
    assert "rope skipping" not in listed(page)
    assert page.evaluate("localStorage.length") == 0


def test_a_typed_activity_belongs_to_the_bundle_that_embedded_it(full_bundle, changed, serving, site, context):
    with serving(full_bundle) as first:
        page = opened(context, first.address)
        typed(page)
    with serving(changed(temperature=1.0), port=first.port) as second:
        page.goto(second.address)
        page.wait_for_function("localStorage.length === 1")
        page.wait_for_selector(READY)
        page.wait_for_function("document.querySelector('#labels').children.length === 6")
    with serving(full_bundle, port=first.port):
        page.goto(first.address)
        page.wait_for_selector("#labels li:has-text('rope skipping')")


@pytest.mark.parametrize(
    "storage",
    [
        "localStorage.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }",
        "Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('', 'SecurityError') } })",
    ],
)
def test_a_browser_that_keeps_nothing_still_takes_a_label(site, context, storage):
    context.add_init_script(f"Storage.prototype.setItem = null; {storage}")
    page = opened(context, site.address)
    typed(page)
    page.wait_for_selector("#status:has-text('this browser keeps nothing')")


@pytest.mark.parametrize(
    "kept", ["{", "null", "7", '[{"name": 1}]', '[{"name": "a", "text": "b", "embedding": [null]}]']
)
def test_kept_labels_that_cannot_be_read_are_left_out(lab, kept):
    found = lab.evaluate(
        """async (kept) => {
          const { TypedLabels } = await import("/js/typed.js");
          const labels = new TypedLabels("bundle");
          localStorage.setItem(labels.key, kept);
          const before = labels.all();
          labels.add({ name: "hop", text: "jumps", embedding: Float32Array.of(0.1, 0.2) });
          const after = labels.all();
          labels.remove("hop");
          return [before, after.map(({ name, embedding }) => [name, embedding[0] === Math.fround(0.1)]), labels.all()];
        }""",
        kept,
    )
    assert found == [[], [["hop", True]], []]


def test_a_rule_for_unknown_is_kept(changed, serving, site, context, recording, tmp_path):
    folder = changed(unknown={"score": "cosine", "above": 0.02}, unknown_threshold=0.5)
    with serving(folder) as strict:
        page = opened(context, strict.address)
        found = replayed(page, recording, tmp_path)
    require_same(found, in_python(Recogniser(load(folder)), *recording))
    assert 0 < sum(row["activity"] == "unknown" for row in found) < len(found)
    assert any("unlike the training windows" in row["reason"] for row in found)


def test_the_nearest_words_are_those_of_the_activity_that_is_named(site, context, recording, tmp_path):
    page = opened(context, site.address)
    page.click("#add")
    page.fill("#name", "rope skipping")
    page.fill("#text", WORDS)
    page.click("#confirm")
    page.wait_for_selector("#labels li:has-text('rope skipping')")
    for _ in range(6):
        page.click("#labels li:first-child button")
    replayed(page, recording, tmp_path)
    assert page.inner_text("#activity") == "rope skipping"
    assert page.locator("#nearest dt").all_inner_texts() == ["Strength", "Rhythm", "Vertical impact"]
    assert page.locator("#nearest dd").first.inner_text() == "strong bounce 4-6 m/s²"


def test_the_browser_refuses_every_request_once_the_page_is_loaded(site, context):
    page = opened(context, site.address)
    before = len(site.requests)
    refused = page.evaluate(
        """async () => {
          const tries = {
            fetch: () => fetch("/serving.json?acc_x=9.81"),
            elsewhere: () => fetch("http://127.0.0.1:9/?acc_x=9.81", { mode: "no-cors" }),
            xhr: () => new Promise((resolve, reject) => {
              const request = new XMLHttpRequest();
              Object.assign(request, { onload: resolve, onerror: reject });
              request.open("POST", "/serving.json");
              request.send("9.81");
            }),
            image: () => new Promise((resolve, reject) => {
              Object.assign(new Image(), { onload: resolve, onerror: reject, src: "/icon.svg?9.81" });
            }),
            socket: () => new Promise((resolve, reject) => {
              const socket = new WebSocket(location.href.replace("http", "ws"));
              Object.assign(socket, { onopen: resolve, onerror: reject });
            }),
            script: () => import("/js/numbers.js?9.81"),
            worker: () => new Promise((resolve, reject) => {
              Object.assign(new Worker("/js/numbers.js?9.81"), { onmessage: resolve, onerror: reject });
            }),
            frame: () => new Promise((resolve, reject) => {
              document.addEventListener("securitypolicyviolation", reject, { once: true });
              document.body.append(Object.assign(document.createElement("iframe"), { src: "/?9.81", onload: resolve }));
            }),
          };
          const passed = [];
          for (const [name, attempt] of Object.entries(tries)) {
            try {
              await attempt();
              passed.push(name);
            } catch {}
          }
          navigator.sendBeacon("/serving.json", "9.81");
          return passed;
        }"""
    )
    assert refused == []
    assert site.requests[before:] == []


def test_it_works_without_its_server(full_bundle, serving, site, context, recording, tmp_path):
    with serving(full_bundle) as going:
        page = opened(context, going.address)
        assert page.get_attribute("html", "data-ready") == "offline"
    # A server that never answers, as from another network, and then no network at all.
    with socket.create_server(("127.0.0.1", going.port)):
        page.reload()
        page.wait_for_selector(READY)
    context.set_offline(True)
    page.reload()
    page.wait_for_selector(READY)
    require_same(replayed(page, recording, tmp_path), in_python(Recogniser(load(full_bundle)), *recording))
    page.click("#add")
    page.fill("#name", "rope skipping")
    page.fill("#text", WORDS)
    page.click("#confirm")
    page.wait_for_selector("#labels li:has-text('rope skipping')")


def test_another_bundle_at_the_same_address_is_what_the_next_visit_shows(full_bundle, changed, serving, site, context):
    with serving(full_bundle) as first:
        opened(context, first.address).close()
    run = {"source": ["a new place"]}
    metrics = {"after_quantisation": {"accuracy": 0.5}, "tested_on": ["another"], "protocol": "source_only"}
    with serving(changed(run=run, metrics=metrics), port=first.port) as second:
        page = context.new_page()
        page.goto(second.address)
        page.wait_for_selector("#origin:has-text('a new place')", state="attached")


DISPATCH = f"""([rows, sign, orientation]) => {{
  const degrees = 180 / Math.PI;
  for (const [time, x, y, z, alpha, beta, gamma] of ({DECODE})(rows)) {{
    if (orientation) {{
      const [u, v, w] = [x, y, z].map((value) => value / Math.hypot(x, y, z));
      const angles = {{ beta: degrees * Math.atan2(v, Math.hypot(u, w)), gamma: degrees * Math.atan2(-u, w) }};
      dispatchEvent(Object.assign(new Event("deviceorientation"), angles));
    }}
    const event = Object.assign(new Event("devicemotion"), {{
      accelerationIncludingGravity: {{ x: sign * x, y: sign * y, z: sign * z }},
      rotationRate: {{ alpha: degrees * alpha, beta: degrees * beta, gamma: degrees * gamma }},
    }});
    Object.defineProperty(event, "timeStamp", {{ value: 1000 * time }});
    dispatchEvent(event);
  }}
}}"""


def moved(page, recording, sign, orientation=False):
    """Start the sensors, send events as a phone does, stop, and what `Save timeline` gives."""
    page.click("#start")
    page.wait_for_selector("#start:has-text('Stop')")
    page.evaluate(DISPATCH, [encoded(np.column_stack(recording)), sign, orientation])
    page.click("#start")
    page.wait_for_selector("#start:has-text('Start')")
    return saved(page)


def at_60_hz(recording):
    times = np.arange(0, recording[0][-1], 1 / 60) + 12.0
    return times, np.column_stack([np.interp(times - 12.0, recording[0], column) for column in recording[1].T])


@pytest.mark.parametrize(("phone", "sign"), [("android", 1), ("iphone", -1)])
def test_motion_of_either_sign_is_recognised_as_in_python(site, full_bundle, context, recording, phone, sign):
    if phone == "iphone":
        context.add_init_script(IPHONE)
    page = opened(context, site.address)
    samples = at_60_hz(recording)
    found = moved(page, samples, sign)
    require_same(found, in_python(Recogniser(load(full_bundle)), *samples, block=1))
    assert len({row["activity"] for row in found}) > 2


def test_a_sign_that_was_guessed_wrong_is_corrected_by_where_up_is(site, full_bundle, context, recording):
    page = opened(context, site.address)
    samples = at_60_hz(recording)
    found = moved(page, samples, -1, orientation=True)
    # What was read before the sign was known is forgotten.
    begun = float(found[0]["time_s"]) - 6
    kept = samples[0] >= begun - 1e-9
    assert begun < 14
    require_same(found, in_python(Recogniser(load(full_bundle)), samples[0][kept], samples[1][kept], block=1))


@pytest.mark.parametrize(
    ("phone", "sign", "orientation", "turns"),
    [("android", 1, False, 0), ("android", -1, True, 1), ("iphone", -1, False, 0), ("iphone", -1, True, 0),
     ("iphone", 1, True, 1)],
)  # fmt: skip
def test_rows_have_the_encoders_sign_whatever_the_phone_has(lab, recording, phone, sign, orientation, turns):
    # Asked of the rows: the encoder turns a window upright, and so hardly sees a wrong sign.
    rows = np.column_stack(recording)[:300]
    found = lab.evaluate(
        f"""async ([rows, sign, orientation, iphone]) => {{
          const {{ Motion }} = await import("/js/motion.js");
          delete DeviceMotionEvent.requestPermission;
          if (iphone) DeviceMotionEvent.requestPermission = async () => "granted";
          const found = [];
          let turns = 0;
          const motion = new Motion((row) => found.push(row), () => (turns += 1));
          ({DISPATCH})([rows, sign, orientation]);
          motion.stop();
          dispatchEvent(Object.assign(new Event("devicemotion"), {{ rotationRate: {{ alpha: 1 }} }}));
          return [found, turns];
        }}""",
        [encoded(rows), sign, orientation, phone == "iphone"],
    )
    assert found[1] == turns
    assert len(found[0]) == 300
    np.testing.assert_allclose(found[0][100:], rows[100:], atol=1e-9)


def test_units_and_axes_of_a_motion_event(lab):
    rows = lab.evaluate(
        """async () => {
          const { rowOf } = await import("/js/motion.js");
          const rotationRate = { alpha: 180, beta: 90, gamma: -180 };
          const accelerationIncludingGravity = { x: 1, y: 2, z: -9.81 };
          const event = { timeStamp: 2500, accelerationIncludingGravity, rotationRate };
          return [rowOf(event, 1), rowOf(event, -1), rowOf({ ...event, rotationRate: null }, 1)];
        }"""
    )
    np.testing.assert_allclose(rows[0], [2.5, 1, 2, -9.81, np.pi, np.pi / 2, -np.pi])
    np.testing.assert_allclose(rows[1], [2.5, -1, -2, 9.81, np.pi, np.pi / 2, -np.pi])
    assert np.isnan(rows[2][4:]).all()


def test_sensors_that_were_not_allowed_are_named(site, context):
    context.add_init_script(IPHONE + 'globalThis.answer = "denied";')
    page = opened(context, site.address)
    page.click("#start")
    page.wait_for_selector("#status.wrong:has-text('not allowed')")
    assert page.inner_text("#start") == "Start"


def test_a_computer_without_sensors_is_told_so(site, context):
    context.clock.install()
    page = opened(context, site.address)
    page.click("#start")
    page.evaluate("dispatchEvent(Object.assign(new Event('devicemotion'), { rotationRate: { alpha: null } }))")
    context.clock.fast_forward(5000)
    page.wait_for_selector("#status.wrong:has-text('No motion')")


def test_a_phone_that_opens_it_over_http_is_told_that_motion_needs_https(site, chromium):
    browser = chromium("--host-resolver-rules=MAP phone.test 127.0.0.1")
    page = opened(browser.new_context(), f"http://phone.test:{site.port}/")
    assert page.get_attribute("html", "data-ready") == "online"
    page.click("#start")
    page.wait_for_selector("#status.wrong:has-text('https=true')")
    browser.close()


def test_over_https_with_a_certificate_that_is_trusted_it_works_offline(full_bundle, serving, site, chromium, tmp_path):
    import base64
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    with serving(full_bundle, certificates=tmp_path) as secure:
        key = x509.load_pem_x509_certificate((tmp_path / "certificate.pem").read_bytes()).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
        browser = chromium(f"--ignore-certificate-errors-spki-list={pin}")
        page = opened(browser.new_context(), secure.address)
        assert secure.address.startswith("https://")
        assert page.get_attribute("html", "data-ready") == "offline"
    page.reload()
    page.wait_for_selector(READY)
    browser.close()


def test_a_file_that_is_no_recording_costs_one_line(site, context, tmp_path):
    page = opened(context, site.address)
    (tmp_path / "wrong.csv").write_text("time,acc_x\n1,2\n")
    page.set_input_files("#file", tmp_path / "wrong.csv")
    page.wait_for_selector("#status.wrong:has-text('no column acc_y')")
    assert page.is_enabled("#start") and page.is_enabled("#replay")


def test_everything_fits_a_small_phone(site, context):
    page = opened(context, site.address)
    page.set_viewport_size({"width": 320, "height": 568})
    for shown in (["start", "replay", "add"], ["start", "pocket", "add"]):
        if "pocket" in shown:
            page.click("#start")
            page.wait_for_selector("#pocket:visible")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert [button.get_attribute("id") for button in page.locator("nav button:visible").all()] == shown
        for name in shown:
            box = page.locator(f"#{name}").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 320 and box["height"] >= 44


def test_a_phone_in_the_pocket_takes_no_touch_until_it_is_held(site, context):
    context.clock.install()
    page = opened(context, site.address)
    page.click("#start")
    page.click("#pocket")
    page.mouse.move(100, 400)
    page.mouse.down()
    context.clock.run_for(500)
    page.mouse.up()
    context.clock.run_for(5000)
    assert page.is_visible("#cover")
    page.mouse.down()
    context.clock.run_for(2500)
    assert not page.is_visible("#cover")


def test_nothing_of_the_page_is_inline_or_from_elsewhere(site):
    from lanhar.edge.page.resources import STATIC

    markup = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", markup)
    own = [path for path in STATIC.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    foreign = {path.name: re.findall(r"https?://\S+", path.read_text()) for path in own}
    assert not any(foreign.values()), json.dumps(foreign)

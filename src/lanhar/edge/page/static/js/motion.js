// A phone's sensors through DeviceMotion, as rows of samples in the units, axes and sign that the encoder takes.
// Browsers give acceleration in m/s² and rotation in degrees a second, alpha about x, beta about y and gamma about z.
// iOS has the opposite sign of acceleration: face-up at rest it reads -9.81 on z.

const RADIANS = Math.PI / 180;
/** So many more votes for one sign than for the other settle it. */
const VOTES = 15;

/** Only the browsers of iOS and iPadOS ask by a call. */
const asksByCall = () => typeof globalThis.DeviceMotionEvent?.requestPermission === "function";

/** Ask for the sensors; to be called while a tap is handled. Throws an Error that says why there are none. */
export async function askPermission() {
  if (!globalThis.isSecureContext) {
    throw new Error("A browser gives motion only over https: start lanhar.serve with https=true.");
  }
  if (!globalThis.DeviceMotionEvent) throw new Error("This browser has no motion sensors.");
  if (!asksByCall()) return;
  // Both within the tap; without the orientation the sign stays as guessed.
  const orientation = globalThis.DeviceOrientationEvent?.requestPermission?.().catch(() => {});
  const answer = await DeviceMotionEvent.requestPermission();
  await orientation;
  if (answer !== "granted") {
    throw new Error("The sensors were not allowed. Reload the page and tap Allow, or look in the browser's settings.");
  }
}

/** Which sign the acceleration has: 1 as on Android, -1 as on iOS. A guess that the phone's orientation corrects. */
export class Sign {
  constructor() {
    this.value = asksByCall() ? -1 : 1;
    this.votes = 0;
  }

  /** Compare an acceleration, as it came, with where up is by the orientation's angles; whether the sign changed. */
  vote({ x, y, z }, { beta, gamma }) {
    if (Math.abs(this.votes) === VOTES || !Number.isFinite(beta) || !Number.isFinite(gamma)) return false;
    const [b, g] = [beta * RADIANS, gamma * RADIANS];
    const size = Math.hypot(x, y, z);
    const along = (-Math.cos(b) * Math.sin(g) * x + Math.sin(b) * y + Math.cos(b) * Math.cos(g) * z) / size;
    // Shaken or falling, a phone does not show where up is.
    if (!(size > 7 && size < 13 && Math.abs(along) > 0.7)) return false;
    this.votes += Math.sign(along);
    if (Math.abs(this.votes) < VOTES || Math.sign(this.votes) === this.value) return false;
    this.value = Math.sign(this.votes);
    return true;
  }
}

/** A row of one event (see samples.js); a sensor that is not there gives NaN. */
export function rowOf(event, sign) {
  const acceleration = event.accelerationIncludingGravity ?? {};
  const rotation = event.rotationRate ?? {};
  return [
    event.timeStamp / 1000,
    ...[acceleration.x, acceleration.y, acceleration.z].map((value) => sign * (value ?? NaN)),
    ...[rotation.alpha, rotation.beta, rotation.gamma].map((value) => RADIANS * (value ?? NaN)),
  ];
}

/** Listens until it is stopped; `onRow(row)` for each sample, `onTurn()` where the sign was guessed wrong. */
export class Motion {
  constructor(onRow, onTurn) {
    Object.assign(this, { onRow, onTurn });
    this.sign = new Sign();
    this.orientation = {};
    this.heard = 0;
    this.moved = (event) => this.take(event);
    this.turned = (event) => (this.orientation = event);
    this.listen("addEventListener");
  }

  take(event) {
    // A computer without sensors sends one event with nothing in it.
    if (event.accelerationIncludingGravity?.x == null && event.rotationRate?.alpha == null) return;
    this.heard += 1;
    const acceleration = event.accelerationIncludingGravity;
    if (acceleration && this.sign.vote(acceleration, this.orientation)) this.onTurn();
    this.onRow(rowOf(event, this.sign.value));
  }

  stop() {
    this.listen("removeEventListener");
  }

  listen(how) {
    globalThis[how]("devicemotion", this.moved);
    globalThis[how]("deviceorientation", this.turned);
  }
}

// What makes the page work without its server, and what keeps samples on the phone.

/** How long the server may take to say whether the files are still the newest. */
const ASK_MS = 2000;

/** Install the service worker, which keeps all files, and wait until they are there; null, or why it cannot be. */
export async function keepOffline() {
  if (!navigator.serviceWorker) return "offline use needs https, or this computer's own browser";
  try {
    const registration = await navigator.serviceWorker.register("service_worker.js");
    // Away from the server an answer may take minutes, and nobody has to wait for it.
    await Promise.race([registration.update().catch(() => {}), new Promise((resolve) => setTimeout(resolve, ASK_MS))]);
    const next = registration.installing ?? registration.waiting;
    const hadOne = Boolean(navigator.serviceWorker.controller);
    if (next) await activated(next);
    // The files on screen are an older version's, such as another bundle's.
    if (next && hadOne) return await new Promise(() => location.reload());
    return null;
  } catch {
    return "offline use needs a certificate that this phone trusts";
  }
}

function activated(worker) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("not installed"));
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

/** From here on the browser itself refuses every request of this page: a policy can be added to, never taken back. */
export function lockConnections() {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "default-src 'none'; script-src 'wasm-unsafe-eval'; form-action 'none'; base-uri 'none'";
  document.head.append(policy);
}

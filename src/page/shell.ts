/** The service worker that keeps the page itself: started once the page stands, and talked to from here alone. */
import type { FromShell, Kept, ToShell } from "../../workers/protocol/shell.ts";

/** What happens to the page's own files, as it happens. */
export interface ShellEvents {
  /** This version is kept whole: it opens without a network. */
  kept(): void;
  /** A newer version is here, and waits. */
  newer(): void;
  /** Another version has taken over, by this tab's wish or another's. */
  takenOver(): void;
  /** An English sentence: why a file, or all of them, could not be kept. */
  notKept(reason: string): void;
}

/** How often a page that stays open looks for a newer version. */
const LOOK_MS = 3_600_000;

/** Who answered for this page as it opened: its version. Another tab may have a newer one take over before this page listens. */
const atOpen = globalThis.navigator?.serviceWorker?.controller ?? null;

let registration: ServiceWorkerRegistration | undefined;

/** Resolves when the page has nothing to do: what it was opened for goes first. */
const idle = (): Promise<void> =>
  new Promise((resolve) => {
    // Safari has no idle callback.
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: 10_000 });
    else setTimeout(resolve, 2000);
  });

async function lookForNewer(found: ServiceWorkerRegistration): Promise<void> {
  if (!navigator.onLine) return;
  try {
    await found.update();
  } catch (error) {
    // A server that does not answer is asked again later; the page has all that it needs.
    console.info("No newer version was looked for:", error);
  }
}

/**
 * Starts the service worker, and tells what comes of it. Resolves to false where there is none: a development server, an address without
 * TLS, a browser that keeps nothing. Throws what the browser says when it refuses.
 */
export async function startShell(events: ShellEvents): Promise<boolean> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return false;
  await idle();
  const { serviceWorker } = navigator;
  // A page that nobody answered for is taken over by the first version, which is its own.
  let mine = atOpen;
  const look = (): void => {
    const { controller } = serviceWorker;
    if (mine && controller !== mine) events.takenOver();
    mine ??= controller;
  };
  serviceWorker.addEventListener("controllerchange", look);
  look();
  serviceWorker.addEventListener("message", ({ data }: MessageEvent<FromShell>) => events.notKept(data.reason));
  const found = await serviceWorker.register(new URL("sw.js", document.baseURI), { updateViaCache: "none" });
  registration = found;
  const follow = (worker: ServiceWorker | null): void => {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "activated") events.kept();
      if (worker.state === "installed" && found.active) events.newer();
    });
  };
  found.addEventListener("updatefound", () => follow(found.installing));
  follow(found.installing);
  if (found.waiting && found.active) events.newer();
  if (found.active?.state === "activated") events.kept();
  say({ type: "opened" });
  if (!atOpen) void keepUnder(...fetchedSoFar());
  setInterval(() => void lookForNewer(found), LOOK_MS);
  return true;
}

function say(word: ToShell, worker = registration?.active, ports: Transferable[] = []): void {
  worker?.postMessage(word, ports);
}

/** Has the version that waits serve every tab; `takenOver` follows. */
export const takeOver = (): void => say({ type: "take-over" }, registration?.waiting);

/** Keeps all files of the site whose paths begin so, as "demo/", once there is a version that keeps. */
export async function keepUnder(...under: string[]): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const { active } = await navigator.serviceWorker.ready;
  say({ type: "keep", under }, active);
}

/** What this page has fetched of its site before anybody kept it: the pictures of its example. */
function fetchedSoFar(): string[] {
  const { href } = new URL(".", document.baseURI);
  const all = performance.getEntriesByType("resource").map(({ name }) => name);
  return all.filter((name) => name.startsWith(href)).map((name) => name.slice(href.length));
}

/** What is kept of the version that serves this page; undefined where there is none yet. */
export function keptNow(): Promise<Kept | undefined> {
  const active = registration?.active;
  if (!active) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<Kept>) => resolve(data);
    say({ type: "kept" }, active, [port2]);
  });
}

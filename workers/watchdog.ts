/**
 * A call into a worker that may die: Comlink never rejects a call whose worker is gone, and a parser that spins on a
 * hostile file answers nothing. So the call is raced with the worker's `error` and `messageerror` events and with silence.
 */
import { TabTuneError } from "./errors.ts";

/** What is needed of a Worker. */
export interface WorkerLike {
  addEventListener(type: "error" | "messageerror", listener: (event: Event) => void): void;
  removeEventListener(type: "error" | "messageerror", listener: (event: Event) => void): void;
  terminate(): void;
}

export interface WatchdogOptions {
  /** Milliseconds without a sign of life after which the worker counts as dead. */
  silenceMs: number;
  /** What the worker was doing, for the message: "reading the data". */
  task?: string;
}

/**
 * Who waits for a worker's answers races them with `died`, which rejects when the worker is gone, or was ended. `reasonOf` tells of an error
 * by its message ("" where the worker's script never came), and of a message that cannot be read by undefined.
 */
export function mortal(
  worker: WorkerLike,
  reasonOf: (message: string | undefined) => TabTuneError,
): { died: Promise<never>; end(reason: TabTuneError): void } {
  let reject: (reason: TabTuneError) => void;
  const died = new Promise<never>((_, r) => {
    reject = r;
  });
  died.catch(() => {});
  const end = (reason: TabTuneError): void => {
    worker.terminate();
    reject(reason);
  };
  worker.addEventListener("error", (event) => end(reasonOf("message" in event ? String(event.message) : "")));
  worker.addEventListener("messageerror", () => end(reasonOf(undefined)));
  return { died, end };
}

/** Silence is counted in this many ticks: after sleep or a frozen tab only one tick comes late, which must not kill. */
const TICKS = 4;

/**
 * Result of `call`, which gets a function to call on every progress message (through Comlink.proxy it may be handed
 * to the worker). On an error event or silence the worker is terminated and the promise rejects with TabTuneError
 * "worker-died"; a rejection of the call itself passes through and leaves the worker alive.
 */
export function withWatchdog<T>(
  worker: WorkerLike,
  call: (alive: () => void) => Promise<T>,
  options: WatchdogOptions,
): Promise<T> {
  const { silenceMs, task = "its work" } = options;
  return new Promise<T>((resolve, reject) => {
    let silentTicks = 0;
    let settled = false;
    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearInterval(timer);
      worker.removeEventListener("error", onError);
      worker.removeEventListener("messageerror", onError);
      finish();
    };
    const die = (why: string) =>
      settle(() => {
        worker.terminate();
        reject(
          new TabTuneError(
            "worker-died",
            `The worker stopped during ${task}: ${why}.`,
            "Try again; if it happens with the same files, one of them is damaged: leave it out.",
            "Runs and models that are saved are not touched.",
          ),
        );
      });
    const onError = (event: Event) => {
      // Otherwise the error of a worker's worker goes on to the page, which ends them both.
      event.preventDefault();
      die("message" in event && event.message ? String(event.message) : `it sent the event ${event.type}`);
    };
    const timer = setInterval(() => {
      silentTicks += 1;
      if (silentTicks >= TICKS) die(`no sign of life for ${silenceMs / 1000} s`);
    }, silenceMs / TICKS);

    worker.addEventListener("error", onError);
    worker.addEventListener("messageerror", onError);
    const alive = () => {
      silentTicks = -1; // the tick under way is not a whole one: never less than silenceMs
    };
    // `call` may also throw before it returns a promise.
    new Promise<T>((started) => started(call(alive))).then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

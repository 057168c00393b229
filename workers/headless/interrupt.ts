/**
 * Ctrl-C and its like. A command that can stop in good order is asked to; any other stops at once, and so does one that is asked a second
 * time. What is half written is taken away either way.
 */
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { TabTuneError } from "../errors.ts";

/** As shells have them: 128 and the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** Of a program whose reader has gone, as `head` does. */
const READER_GONE = 141;
type Signal = keyof typeof EXIT_CODES;
const signals = Object.keys(EXIT_CODES) as Signal[];

/** One press may come several times: to a terminal's whole group, and once more by npm and by the process that began this one. */
const SAME_PRESS_MS = 500;

/** Files and folders that are no whole output yet. */
const parts = new Set<string>();
let orderly: { asked(): void } | undefined;
let first: { signal: Signal; at: number } | undefined;
let watchesReader = false;

/** Writes under another name first, which is gone when it fails or is stopped. */
export async function asPart<T>(part: string, work: () => Promise<T>): Promise<T> {
  parts.add(part);
  try {
    return await work();
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  } finally {
    parts.delete(part);
  }
}

function stopAtOnce(exitCode: number): never {
  for (const part of parts) rmSync(part, { recursive: true, force: true });
  process.exit(exitCode);
}

/**
 * Listens while a command runs. `tellStopped` says that it was stopped at once. Returns what ends the listening, and gives the exit code of
 * a command that was asked to stop.
 */
export function listenForSignals(tellStopped: () => void): { exitCode(): number | undefined; dispose(): void } {
  first = undefined;
  const onSignal = (signal: Signal): void => {
    if (first && performance.now() - first.at < SAME_PRESS_MS) return;
    const again = first !== undefined;
    first ??= { signal, at: performance.now() };
    if (orderly && !again) orderly.asked();
    else {
      tellStopped();
      stopAtOnce(EXIT_CODES[signal]);
    }
  };
  const listeners = signals.map((signal) => [signal, () => onSignal(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  if (!watchesReader) {
    watchesReader = true;
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") stopAtOnce(READER_GONE);
      throw error;
    });
  }
  return {
    exitCode: () => first && EXIT_CODES[first.signal],
    dispose: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

export interface Stop {
  readonly asked: boolean;
  dispose(): void;
}

/** From here to `dispose` the first signal only asks to stop, by `asked` and `onAsk`. */
export function stopInOrder(onAsk: () => void = () => {}): Stop {
  const dispose = (): void => {
    orderly = undefined;
  };
  const stop = { asked: false, dispose };
  orderly = {
    asked: () => {
      stop.asked = true;
      onAsk();
    },
  };
  return stop;
}

/** The command ends as it was asked to. */
export const stopped = (message: string, remedy: string, safe = ""): TabTuneError =>
  new TabTuneError("cancelled", message, remedy, safe);

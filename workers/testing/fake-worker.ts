/** A worker without a program, whose events a test sends. */
import { vi } from "vitest";
import type { WorkerLike } from "../watchdog.ts";

export interface FakeWorker extends WorkerLike {
  /** Listeners that are attached. */
  listeners(): number;
  emit(event: Event): void;
  terminate: ReturnType<typeof vi.fn<() => void>>;
}

export function fakeWorker(): FakeWorker {
  const target = new EventTarget();
  let count = 0;
  return {
    addEventListener: (type, listener) => {
      count += 1;
      target.addEventListener(type, listener);
    },
    removeEventListener: (type, listener) => {
      count -= 1;
      target.removeEventListener(type, listener);
    },
    terminate: vi.fn<() => void>(),
    listeners: () => count,
    emit: (event) => target.dispatchEvent(event),
  };
}

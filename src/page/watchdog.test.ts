import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type WorkerLike, withWatchdog } from "./watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function fakeWorker() {
  const target = new EventTarget();
  const listeners = { count: 0 };
  const worker = {
    addEventListener: (type: string, listener: (event: Event) => void) => {
      listeners.count += 1;
      target.addEventListener(type, listener);
    },
    removeEventListener: (type: string, listener: (event: Event) => void) => {
      listeners.count -= 1;
      target.removeEventListener(type, listener);
    },
    terminate: vi.fn<() => void>(),
  } satisfies WorkerLike;
  return { worker, listeners, emit: (event: Event) => target.dispatchEvent(event) };
}

const never = () => new Promise<never>(() => undefined);

test("hands the result on and cleans up", async () => {
  const { worker, listeners } = fakeWorker();
  expect(await withWatchdog(worker, async () => 42, { silenceMs: 1000 })).toBe(42);
  expect([listeners.count, worker.terminate.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test.each([
  ["a rejected call", async () => Promise.reject(new Error("no"))],
  [
    "a call that throws",
    () => {
      throw new Error("no");
    },
  ],
])("%s passes through; the worker lives", async (_, call) => {
  const { worker, listeners } = fakeWorker();
  await expect(withWatchdog<never>(worker, call, { silenceMs: 1000 })).rejects.toThrow("no");
  expect([listeners.count, worker.terminate.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test("silence kills, a sign of life puts it off", async () => {
  const { worker, listeners } = fakeWorker();
  let alive: () => void = () => undefined;
  const result = withWatchdog(
    worker,
    (sign) => {
      alive = sign;
      return never();
    },
    { silenceMs: 1000, task: "reading the data" },
  );
  const failed = expect(result).rejects.toMatchObject({
    code: "worker-died",
    message: expect.stringContaining("reading the data: no sign of life for 1 s"),
  });
  await vi.advanceTimersByTimeAsync(900);
  alive();
  await vi.advanceTimersByTimeAsync(900);
  expect(worker.terminate).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  await failed;
  expect([worker.terminate.mock.calls.length, listeners.count, vi.getTimerCount()]).toEqual([1, 0, 0]);
});

test("one late tick, as after sleep, does not kill", async () => {
  const { worker } = fakeWorker();
  const result = withWatchdog(worker, () => new Promise((resolve) => setTimeout(() => resolve("done"), 900)), {
    silenceMs: 1000,
  });
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(900);
  expect(await result).toBe("done");
});

test.each<[Event, string]>([
  [Object.assign(new Event("error"), { message: "out of memory" }), "out of memory"],
  [new Event("error"), "the event error"],
  [new Event("messageerror"), "the event messageerror"],
])("a worker's own event rejects", async (event, words) => {
  const { worker, emit } = fakeWorker();
  const failed = expect(withWatchdog(worker, never, { silenceMs: 1000 })).rejects.toMatchObject({
    code: "worker-died",
    message: expect.stringContaining(words),
  });
  emit(event);
  await failed;
  expect(worker.terminate).toHaveBeenCalledOnce();
});

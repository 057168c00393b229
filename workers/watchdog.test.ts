import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TabTuneError } from "./errors.ts";
import { fakeWorker } from "./testing/fake-worker.ts";
import { mortal, withWatchdog } from "./watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => undefined);

test("hands the result on and cleans up", async () => {
  const worker = fakeWorker();
  expect(await withWatchdog(worker, async () => 42, { silenceMs: 1000 })).toBe(42);
  expect([worker.listeners(), worker.terminate.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
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
  const worker = fakeWorker();
  await expect(withWatchdog<never>(worker, call, { silenceMs: 1000 })).rejects.toThrow("no");
  expect([worker.listeners(), worker.terminate.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test("silence kills, a sign of life puts it off", async () => {
  const worker = fakeWorker();
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
  expect([worker.terminate.mock.calls.length, worker.listeners(), vi.getTimerCount()]).toEqual([1, 0, 0]);
});

test("one late tick, as after sleep, does not kill", async () => {
  const worker = fakeWorker();
  const result = withWatchdog(worker, () => new Promise((resolve) => setTimeout(() => resolve("done"), 900)), {
    silenceMs: 1000,
  });
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(900);
  expect(await result).toBe("done");
});

test.each<[Event, string]>([
  [Object.assign(new Event("error", { cancelable: true }), { message: "out of memory" }), "out of memory"],
  [new Event("error", { cancelable: true }), "the event error"],
  [new Event("messageerror"), "the event messageerror"],
])("a worker's own event rejects, and goes no further", async (event, words) => {
  const worker = fakeWorker();
  const failed = expect(withWatchdog(worker, never, { silenceMs: 1000 })).rejects.toMatchObject({
    code: "worker-died",
    message: expect.stringContaining(words),
  });
  worker.emit(event);
  await failed;
  expect(worker.terminate).toHaveBeenCalledOnce();
  expect(event.defaultPrevented).toBe(event.cancelable);
});

test.each([
  ["an error with its words", "error", { message: "boom" }, "boom"],
  ["a script that never came", "error", {}, ""],
  ["a message that cannot be read", "messageerror", {}, undefined],
] as const)("%s is the end of a worker", async (_, type, facts, message) => {
  const worker = fakeWorker();
  const told: (string | undefined)[] = [];
  const { died } = mortal(worker, (words) => {
    told.push(words);
    return new TabTuneError("worker-died", "gone", "");
  });
  worker.emit(Object.assign(new Event(type), facts));
  await expect(died).rejects.toThrow("gone");
  expect([told, worker.terminate.mock.calls.length]).toEqual([[message], 1]);
});

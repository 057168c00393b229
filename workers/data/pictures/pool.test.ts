import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { type FakeWorker, fakeWorker } from "../../testing/fake-worker.ts";
import type { PreparedImage } from "./format.ts";
import { openPicturePool, threadsFor } from "./pool.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Job {
  thread: number;
  bytes: Uint8Array;
  resolve(image: PreparedImage): void;
  reject(error: unknown): void;
}

const image: PreparedImage = { height: 1, width: 1, tiles: 1, tokens: 4, pixels: new Uint8Array(3) };
const picture = (n: number): Uint8Array => Uint8Array.of(n);

/** A pool of threads that do what the test says. */
function poolOf(size: number) {
  const workers: FakeWorker[] = [];
  const jobs: Job[] = [];
  const pool = openPicturePool(size, async () => {
    const worker = fakeWorker();
    const thread = workers.push(worker) - 1;
    const prepare = (bytes: Uint8Array) =>
      new Promise<PreparedImage>((resolve, reject) => jobs.push({ thread, bytes, resolve, reject }));
    return { worker, prepare };
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return { pool, workers, jobs, settle };
}

test("threads are started as pictures need them, and each has one picture at a time", async () => {
  const { pool, workers, jobs, settle } = poolOf(2);
  const first = pool.prepare(picture(0));
  await settle();
  jobs[0]!.resolve(image);
  expect(await first).toBe(image);
  const next = [1, 2, 3].map((n) => pool.prepare(picture(n)));
  await settle();
  expect(workers).toHaveLength(2);
  expect(jobs.map(({ thread, bytes }) => [thread, bytes[0]])).toEqual([
    [0, 0],
    [0, 1],
    [1, 2],
  ]);
  jobs[2]!.resolve(image);
  await settle();
  expect(jobs[3]).toMatchObject({ thread: 1, bytes: picture(3) });
  jobs[1]!.resolve(image);
  jobs[3]!.resolve(image);
  expect(await Promise.all(next)).toEqual([image, image, image]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a fault of the picture is a TabTuneError again, and the thread goes on", async () => {
  const { pool, workers, jobs, settle } = poolOf(1);
  const report = { code: "image-too-large", message: "The picture is too large.", remedy: "Scale it down.", safe: "" };
  const failed = expect(pool.prepare(picture(0))).rejects.toMatchObject(report);
  const other = pool.prepare(picture(1));
  await settle();
  jobs[0]!.reject(report);
  await failed;
  await settle();
  jobs[1]!.resolve(image);
  await other;
  expect(workers).toHaveLength(1);
  expect(workers[0]!.terminate).not.toHaveBeenCalled();
});

const outOfMemory = Object.assign(new Event("error"), { message: "out of memory" });
test.each<[string, (worker: FakeWorker) => unknown, string]>([
  ["hangs", () => vi.advanceTimersByTimeAsync(15_000), "no sign of life for 15 s"],
  ["dies", (worker) => worker.emit(outOfMemory), "out of memory"],
])("a picture over which a thread %s costs that picture: the thread is replaced", async (_, fault, words) => {
  const { pool, workers, jobs, settle } = poolOf(1);
  const lost = pool.prepare(picture(0)).catch((error) => error);
  const other = pool.prepare(picture(1));
  await settle();
  await fault(workers[0]!);
  const error = await lost;
  await settle();
  expect(error).toBeInstanceOf(TabTuneError);
  expect(error).toMatchObject({ code: "bad-image", message: expect.stringContaining(words) });
  expect(workers[0]!.terminate).toHaveBeenCalledOnce();
  expect(jobs[1]).toMatchObject({ thread: 1, bytes: picture(1) });
  jobs[1]!.resolve(image);
  expect(await other).toBe(image);
});

test("a thread that cannot be started is no fault of the picture, and the next picture tries again", async () => {
  const open = vi.fn<() => Promise<never>>(async () => {
    throw new TabTuneError("internal", "It is not there.", "Reload the page.");
  });
  const pool = openPicturePool(1, open);
  await expect(pool.prepare(picture(0))).rejects.toMatchObject({ code: "internal" });
  await expect(pool.prepare(picture(1))).rejects.toMatchObject({ code: "internal" });
  expect(open).toHaveBeenCalledTimes(2);
});

test("a pool that is disposed of ends idle threads at once, the others after their picture, and takes no more", async () => {
  const { pool, workers, jobs, settle } = poolOf(2);
  const [first, second] = [pool.prepare(picture(0)), pool.prepare(picture(1))];
  await settle();
  jobs[0]!.resolve(image);
  await first;
  pool.dispose();
  expect(workers.map(({ terminate }) => terminate.mock.calls.length)).toEqual([1, 0]);
  jobs[1]!.resolve(image);
  expect(await second).toBe(image);
  expect(workers.map(({ terminate }) => terminate.mock.calls.length)).toEqual([1, 1]);
  await expect(pool.prepare(picture(2))).rejects.toMatchObject({ code: "cancelled" });
  expect(workers).toHaveLength(2);
});

test("a picture that waits for a thread is not begun once the pool is disposed of", async () => {
  const { pool, workers, jobs, settle } = poolOf(1);
  const first = pool.prepare(picture(0));
  const second = expect(pool.prepare(picture(1))).rejects.toMatchObject({ code: "cancelled" });
  await settle();
  pool.dispose();
  jobs[0]!.resolve(image);
  expect(await first).toBe(image);
  await second;
  expect(jobs).toHaveLength(1);
  expect(workers[0]!.terminate).toHaveBeenCalledOnce();
});

test.each([
  [1, 2],
  [2, 2],
  [4, 3],
  [64, 8],
])("%i cores: %i threads", (cores, threads) => {
  expect(threadsFor(cores)).toBe(threads);
});

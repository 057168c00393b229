import { afterEach, expect, test, vi } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { type FakeWorker, fakeWorker } from "../../testing/fake-worker.ts";
import { formatOf } from "../../testing/formats.ts";
import { fromBase64 } from "../../testing/pictures.ts";
import pictures from "./fixtures/pictures.json" with { type: "json" };
import { openPicturePool } from "./pool.ts";
import { prepareImage } from "./prepare-image.ts";
import { servePictures, startPictures } from "./thread.ts";

const format = formatOf("llava", { size: 32, crop_size: 32 }, { tile: 32, patch: 16 });
const photo = fromBase64(pictures.decoded.find(({ name }) => name === "photo-420.jpg")!.file);
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  vi.useRealTimers();
});

/** Both ends of what lies between two threads; here they are one. */
function channel(): MessageChannel {
  const between = new MessageChannel();
  ports.push(between.port1, between.port2);
  return between;
}

/** A pool whose thread answers as `formatOf` of the spec says. */
function pool(worker: FakeWorker, spec: string) {
  const { port1, port2 } = channel();
  servePictures((given: string) => {
    if (given !== "llava") throw new TabTuneError("unsupported-model", `Not ${given}.`, "Use another.");
    return format;
  }, port1);
  return openPicturePool(1, () => startPictures(worker, port2, spec));
}

test("pixels come as from this thread, and the caller keeps its bytes", async () => {
  // A piece of an archive: only the picture may go.
  const archive = new Uint8Array(photo.length + 20);
  archive.set(photo, 7);
  const bytes = archive.subarray(7, 7 + photo.length);
  const worker = fakeWorker();
  expect(await pool(worker, "llava").prepare(bytes)).toEqual(await prepareImage(photo, format));
  expect(archive.length).toBe(photo.length + 20);
  expect(worker.listeners()).toBe(0);
});

test("a broken picture is refused with its own words", async () => {
  const expected = await prepareImage(photo.slice(0, 300), format).catch((error) => error);
  expect(expected).toBeInstanceOf(TabTuneError);
  const { code, message, remedy } = expected;
  const failed = pool(fakeWorker(), "llava").prepare(photo.slice(0, 300));
  await expect(failed).rejects.toMatchObject({ code, message, remedy });
  await expect(failed).rejects.toBeInstanceOf(TabTuneError);
});

test("what the model's files cannot do is told when the thread starts", async () => {
  const worker = fakeWorker();
  await expect(pool(worker, "no-llava").prepare(photo)).rejects.toMatchObject({ code: "unsupported-model" });
  expect(worker.terminate).toHaveBeenCalledOnce();
});

test("a program that is not there is told as such", async () => {
  const worker = fakeWorker();
  const { port2 } = channel();
  const started = startPictures(worker, port2, "llava").catch((error) => error);
  worker.emit(new Event("error"));
  expect(await started).toMatchObject({ code: "internal", message: expect.stringContaining("could not be started") });
  expect(worker.terminate).toHaveBeenCalled();
});

/** Threads of Node that prepare pictures for a command. */
import { availableParallelism } from "node:os";
import { type TransferListItem, Worker } from "node:worker_threads";
import {
  openPicturePool,
  type PicturePool,
  type PictureThread,
  picturesHere,
  threadsFor,
} from "../data/pictures/pool.ts";
import { startPictures } from "../data/pictures/thread.ts";
import { type PictureSpec, pictureFormatOf, pictureSpecOf } from "../models/picture-format.ts";
import type { WorkerLike } from "../watchdog.ts";

/** A thread takes half a second to start, which is as long as this many pictures take without one. */
const FEW = 64;

/** Prepares the first pictures in this thread, and what comes then in several. */
export function openPictureThreads(spec: PictureSpec): PicturePool {
  const here = picturesHere(pictureFormatOf(spec));
  const threads = openPicturePool(threadsFor(availableParallelism()), () => openThread(spec));
  let pictures = 0;
  return { ...threads, prepare: (bytes, several) => (pictures++ < FEW ? here : threads).prepare(bytes, several) };
}

/** This program once more, as a thread: scripts/run-ts.mjs with the sources, scripts/main.mjs of a bundle. */
export function openThread(spec: PictureSpec): Promise<PictureThread> {
  // A port of its own speaks as Comlink does; the thread's does not.
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(process.argv[1]!, {
    argv: ["/workers/picture-thread.ts"],
    workerData: port2,
    transferList: [port2 as unknown as TransferListItem],
  });
  return startPictures(watched(thread), port1, pictureSpecOf(spec));
}

/** A thread of Node with the events of a Web Worker. */
function watched(thread: Worker): WorkerLike {
  const target = new EventTarget();
  thread.on("error", ({ message }) => target.dispatchEvent(Object.assign(new Event("error"), { message })));
  thread.on("messageerror", () => target.dispatchEvent(new Event("messageerror")));
  return {
    addEventListener: (type, listener) => target.addEventListener(type, listener),
    removeEventListener: (type, listener) => target.removeEventListener(type, listener),
    terminate: () => void thread.terminate(),
  };
}

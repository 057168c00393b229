/** picture.worker.ts for Node: a thread of the command line that decodes and crops pictures (headless/picture-threads.ts). */
import { workerData } from "node:worker_threads";
import { servePictures } from "./data/pictures/thread.ts";
import { pictureFormatOf } from "./models/picture-format.ts";

/** Ends with the thread. */
export function main(): Promise<never> {
  servePictures(pictureFormatOf, workerData);
  return new Promise(() => {});
}

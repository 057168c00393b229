/** What the page says of its workers when one dies or hangs, and before what they say. */
import type { ErrorCode } from "../../../workers/errors.ts";

type Worker = "engine" | "reader" | "hub";

const names = { engine: "training engine", reader: "data reader", hub: "part that talks to the hub" };

export const workers = {
  /** What kind of trouble a worker's sentence tells of. The sentence itself is English, so English needs none. */
  kind: (_code: ErrorCode): string => "",
  stopped: (worker: Worker, why: string) => `The ${names[worker]} stopped working: ${why}`,
  unread: (worker: Worker) => `The ${names[worker]} stopped working: a message could not be read.`,
  missing: (worker: Worker) =>
    `The ${names[worker]} could not be started: its program is not where this page looks for it.`,
  partGone: "A part of the page could not be fetched: it is not where this page looks for it, or there is no network.",
  reload: "Reload the page: there is probably a newer version.",
  again: "Try again.",
  untouched: "Saved runs are untouched.",
  silent: "The training engine has not answered for a minute.",
  loadAgain: "Load the model again, then press Resume run.",
  saved: "Everything up to the last checkpoint is saved.",
  withheld: "The GPU crashed twice in a row, and the browser gives it to no page for about two minutes.",
  withheldWait:
    "Reload the page (F5): then the browser gives it back at once, and the run goes on by itself. If you wait instead, this page asks every 10 seconds and goes on as soon as it can.",
  withheldStill: "The browser has not given the GPU back for three minutes.",
  restart: "Close all windows of the browser, open this page again and press Resume run.",
  wentOn: "The GPU was gone for a while; the run went on by itself from its last checkpoint.",
  reading: "reading the files",
  leaveOut: (place: string) => `Leave out what comes after ${place}, and drop the rest again.`,
  otherFiles: "Try other files.",
  cancelled: "Reading was cancelled.",
  dropAgain: "Drop the files again when you like.",
};

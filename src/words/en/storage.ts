/** What this browser keeps. */
import { runs as countRuns } from "./count.ts";

export const storage = {
  title: "Storage",
  used: (used: string, quota: string) => `${used} used of the ${quota} that this browser allows.`,
  keeps: "What this browser keeps",
  why: "So that nothing is fetched or worked out twice, and a run outlives its tab. It is only here, on this computer.",
  looking: "Looking at what is kept.",
  table: "Stored",
  columns: { what: "What", size: "Size", remove: "Delete" },
  kinds: { model: "Model", data: "Data", ranges: "Data set", run: "Run", votes: "Votes", answers: "Answers" },
  remove: (label: string) => `Delete ${label}`,
  sure: (label: string, size: string) => `Delete ${label} (${size}) from this browser?`,
  busy: "Something is being deleted or mended.",
  loading: "A model is being loaded: wait for it, or stop it.",
  nothing: "Nothing yet. Models, data and runs will be listed here, each with its size, and each can be deleted.",
  mayGo:
    "When the disk gets full, a browser may clear what pages keep, without asking: models would be fetched again, but runs and adapters would be lost.",
  persist: "Keep my data",
  /** The browser has cleared them by itself. */
  gone: {
    what: (runs: number, day: string) => `On ${day} this browser kept ${countRuns(runs)}; now there is nothing.`,
    remedy:
      "Browsers clear what pages keep when the disk gets full, or when their own database breaks: free disk space, and press Keep my data under Storage.",
    safe: "Adapters that were downloaded or pushed are not touched.",
  },
  check: {
    press: "Check storage",
    again: "Check again",
    why: "Reads all that is kept, and finds what a bad disk or a crash has changed.",
    going: "Reading what is kept",
    progress: (done: string, of: string) => `${done} of ${of} entries and files.`,
    sound: (n: string) => `${n} entries and files were read: all of them are what was written.`,
    found: (n: string, damaged: string) => `${n} entries and files were read; damaged: ${damaged}.`,
    table: "Damaged",
    columns: { what: "What is damaged", follows: "What follows", mend: "Mend" },
    /** Beside those that are listed. */
    kinds: { changes: "Corrected rows", kernels: "Test of the kernels", unknown: "Unknown" },
    /** What a button does: a part goes and is made again where it can be; or all of it goes. */
    mend: "Repair",
    remove: "Delete",
    mendLabel: (label: string, place: string) => `Repair ${label}: ${place}`,
    removeLabel: (label: string, place: string) => `Delete ${label}: ${place}`,
    sure: (label: string, follows: string) => `Delete ${label}? ${follows}`,
  },
};

/** The page itself as it lies in this browser, and a newer version of it that waits. */
import { create } from "zustand";
import { jobLock, runLock } from "../../workers/engine/storage-names.ts";
import { wordsOf } from "../../workers/errors.ts";
import type { Kept } from "../../workers/protocol/shell.ts";
import { keepUnder, keptNow, startShell, takeOver } from "../page/shell.ts";
import { useApply } from "./apply.ts";
import { useChat } from "./chat.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { isRunning } from "./run-state.ts";
import { useTraining } from "./training.ts";

/** What a reload would cut off. */
export type Work = "run" | "answers" | "loading" | "reading" | "other tab";

interface ShellStore {
  /** Undefined until it is known, and null where nothing can be kept here. */
  kept: Kept | null | undefined;
  /** Why something of the page is not kept; "" otherwise. */
  problem: string;
  /** A newer version waits, or serves this page's next reload already because another tab wanted it. */
  newer: "waits" | "in use" | undefined;
  /** A tab holds the lock of a run or a job. */
  tabWorks: boolean;
  /** To be called once, when the page can be used. */
  begin(): Promise<void>;
  /** Counts what is kept by now. */
  refresh(): Promise<void>;
  /** The demo was loaded: it is kept whole. */
  keepDemo(): Promise<void>;
  /** Reloads the page in the newer version; does nothing while a tab works, and waits for one that has just ended. */
  reload(): Promise<void>;
}

/** How often other tabs are looked at while a version waits. */
const TABS_MS = 2000;

/** A run or a job goes on in some tab of this browser. */
async function someTabWorks(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name = "" }) => name.startsWith(runLock("")) || name.startsWith(jobLock("")));
}

/** A worker lets go of its lock a moment after it has told that its run has ended: so long at most. */
const RELEASE_MS = 5000;
const LOOK_MS = 100;

export const useShell = create<ShellStore>((set, get) => {
  /** This tab wants the newer version. */
  let wanted = false;
  const lookAtTabs = async (): Promise<void> => set({ tabWorks: await someTabWorks() });
  const tellNewer = (newer: "waits" | "in use"): void => {
    if (!get().newer) setInterval(() => void lookAtTabs(), TABS_MS);
    set({ newer });
    void lookAtTabs();
  };
  return {
    kept: undefined,
    problem: "",
    newer: undefined,
    tabWorks: false,
    async begin() {
      try {
        const started = await startShell({
          kept: () => void get().refresh(),
          newer: () => tellNewer("waits"),
          takenOver: () => (wanted ? location.reload() : tellNewer("in use")),
          notKept: (problem) => set({ problem }),
        });
        if (!started) set({ kept: null });
      } catch (error) {
        set({ kept: null, problem: wordsOf(error) });
      }
    },
    async refresh() {
      const kept = await keptNow();
      if (kept) set({ kept });
    },
    keepDemo: () => keepUnder("demo/"),
    async reload() {
      if (workOf() !== undefined) return;
      for (let waited = 0; waited < RELEASE_MS && (await someTabWorks()); waited += LOOK_MS)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await lookAtTabs();
      if (get().tabWorks || workOf() !== undefined) return;
      wanted = true;
      if (get().newer === "in use") location.reload();
      else takeOver();
    },
  };
});

/** What goes on in this tab that a reload would cut off. */
function workOf(): Work | undefined {
  if (isRunning(useTraining.getState().state)) return "run";
  if (useApply.getState().going || useChat.getState().busy) return "answers";
  if (useModel.getState().progress) return "loading";
  return useDataset.getState().progress ? "reading" : undefined;
}

/** What a reload would cut off, here or in another tab; undefined: nothing. */
export function useWork(): Work | undefined {
  const running = useTraining((s) => isRunning(s.state));
  const job = useApply((s) => s.going !== undefined);
  const answering = useChat((s) => s.busy);
  const loading = useModel((s) => s.progress !== undefined);
  const reading = useDataset((s) => s.progress !== undefined);
  const elsewhere = useShell((s) => s.tabWorks);
  if (running) return "run";
  if (job || answering) return "answers";
  if (loading) return "loading";
  if (reading) return "reading";
  return elsewhere ? "other tab" : undefined;
}

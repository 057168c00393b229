/** What the next run begins with: new matrices, or the adapter of a saved run. */
import { create } from "zustand";
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** Keys of a recipe that say what an adapter is; a run that begins with one has its values. */
const KEYS = ["lora_r", "lora_alpha", "use_rslora", "target_modules", "modules_to_save"] as const;

interface BeginningStore {
  /** Undefined: new matrices. */
  run: RunSummary | undefined;
  /** Which of its adapters; without it the one that the run ends with. */
  which: "best" | undefined;
  beginWith(run: RunSummary | undefined, which?: "best"): void;
}

export const useBeginning = create<BeginningStore>((set) => ({
  run: undefined,
  which: undefined,
  beginWith: (run, which) => set({ run, which }),
}));

/** The keys of a recipe that are the adapter's, in Hugging Face names; none where the run begins with new matrices. */
export function adapterKeys(run: Pick<RunSummary, "recipe"> | undefined): Record<string, unknown> {
  return run ? Object.fromEntries(KEYS.map((key) => [key, run.recipe[key]])) : {};
}

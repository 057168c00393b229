/** What a run would take by each answer to "how careful with memory", so that people choose by bytes. */
import { create } from "zustand";
import type { PlanInfo } from "../../workers/protocol/engine.ts";
import { parseRecipe } from "../../workers/recipe.ts";
import { type Care, careChoices, hasAll } from "../../workers/training/advice/choices.ts";
import type { PlannedData } from "../../workers/training/plan.ts";
import { engine } from "../page/workers.ts";

interface CarePlansStore {
  /** The recipe that the plans are of. */
  fields: Record<string, unknown> | undefined;
  plans: Partial<Record<Care, PlanInfo>>;
  /** `own`: the plan of `fields` itself, which need not be made again. Rejects as a plan does. */
  refresh(fields: Record<string, unknown>, data: PlannedData | undefined, own: PlanInfo): Promise<void>;
}

export const useCarePlans = create<CarePlansStore>((set, get) => ({
  fields: undefined,
  plans: {},
  async refresh(fields, data, own) {
    set({ fields });
    const plans: Partial<Record<Care, PlanInfo>> = {};
    for (const { name, sets } of careChoices(parseRecipe(fields)).choices) {
      plans[name] = hasAll(fields, sets) ? own : await engine((api) => api.plan({ ...fields, ...sets }, data));
      // Another recipe is planned by now.
      if (get().fields !== fields) return;
    }
    set({ plans });
  },
}));

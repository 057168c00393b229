/** Whether somebody is here for the first time: nothing is loaded, chosen or kept. */
import { useDataset } from "../stores/dataset.ts";
import { useDemo } from "../stores/demo.ts";
import { useModel } from "../stores/model.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";

/** The welcome stays while the demo is on its way to its run. */
export function useFirstVisit(): boolean {
  const doing = useDemo((s) => s.doing);
  const untouched = useModel((s) => s.info === undefined && s.progress === undefined);
  const noData = useDataset((s) => s.info === undefined && s.waiting === undefined);
  const noRuns = useRuns((s) => s.runs.length === 0);
  const idle = useTraining((s) => s.state === "idle");
  return doing ? idle : untouched && noData && noRuns && idle;
}

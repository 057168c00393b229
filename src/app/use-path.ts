/** The path of the page as its stores are now. */
import { type Place, useApp } from "../page/store.ts";
import { sourceLabel } from "../parts/files.ts";
import { useColumns } from "../stores/columns.ts";
import { useDataset } from "../stores/dataset.ts";
import { useHubData } from "../stores/hub-data.ts";
import { useModel } from "../stores/model.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import type { PathState } from "./path.ts";

export function usePath(): PathState {
  const info = useModel((s) => s.info);
  const fraction = useModel((s) => s.progress?.fraction);
  const offered = useModel((s) => s.preview !== undefined);
  const data = useDataset((s) => s.info);
  const waiting = useDataset((s) => s.waiting);
  const rowsRead = useDataset((s) => s.progress?.rows);
  const question = useDataset((s) => s.question !== undefined);
  const failedDrop = useDataset((s) => s.failed !== undefined);
  const look = useColumns((s) => s.look !== undefined);
  const offer = useHubData((s) => s.offer !== undefined);
  const state = useTraining((s) => s.state);
  const step = useTraining((s) => s.step);
  const maxSteps = useTraining((s) => s.maxSteps);
  const runs = useRuns((s) => s.runs);
  const errors = useApp((s) => s.errors);
  return {
    model: info?.label,
    loading: fraction === undefined ? undefined : { share: fraction },
    offered,
    data: data && { label: data.label, rows: data.rows },
    waiting: waiting && sourceLabel(waiting),
    // A table's columns are asked for where its rows could not be read without.
    asked: question || offer || (failedDrop && !data && look),
    preparing: rowsRead === undefined ? undefined : { rows: rowsRead },
    run: { state, step, maxSteps },
    runs: runs.length,
    interrupted: runs.filter(({ status }) => status === "interrupted").length,
    failed: new Set(Object.keys(errors).filter((place) => errors[place as Place] !== undefined)),
  };
}

/** What follows from what, across panels. */

import { type Remembered, remember } from "../page/remembered.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { useStorage } from "../stores/storage.ts";
import { useTraining } from "../stores/training.ts";

type Kept = NonNullable<NonNullable<Remembered["model"]>["source"]>;

/** Choices are kept for the next visit, and rows that are deleted are no longer shown. To be called once, when the page opens. */
export function wire(): void {
  useModel.subscribe((state, before) => {
    const { info, source, loading } = state;
    if (!info || info === before.info) return;
    const kept: Kept = source.kind === "hub" ? { kind: "hub", name: source.name } : { kind: source.kind };
    remember({ model: { source: kept, label: info.label, loading } });
  });
  useDataset.subscribe((state, before) => {
    const { info, source } = state;
    const model = useModel.getState().info;
    if (!info || info === before.info || !model) return;
    const { id, label, rows } = info;
    remember({ data: { id, label, rows, sample: source?.kind === "sample", preparation: model.preparation.id } });
  });
  useStorage.subscribe(({ removed }, before) => {
    const { info, forget } = useDataset.getState();
    if (removed === before.removed || removed?.kind !== "data" || removed.key !== info?.id) return;
    forget(`The rows of ${info.label} were deleted.`);
  });
  useTraining.subscribe((state, before) => {
    const { preset, fields, touched } = state;
    if (fields !== before.fields) remember({ recipe: touched ? { preset, fields } : undefined });
  });
}

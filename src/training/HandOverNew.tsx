/** Where a recipe does not fit this GPU: the same run for a server's. */
import { ServerFolder } from "../parts/ServerFolder.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { useDataset } from "../stores/dataset.ts";
import { useHandOver } from "../stores/hand-over.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

export function HandOverNew() {
  const { of, busy, told, notes } = useHandOver();
  const data = useDataset((s) => (s.source ? s.info : undefined));
  const { make } = useHandOver.getState();
  const say = words().runs.handOver;
  const own = of === "new";
  const press = (): void => {
    const { run, which } = useBeginning.getState();
    if (data)
      void make({ recipe: useTraining.getState().fields, datasetId: data.id, from: run?.id, which }, "training");
  };
  return (
    <div>
      <p className="detail">{say.instead}</p>
      <ServerFolder
        obstacle={busy ? say.busy : data ? "" : say.noData}
        told={own ? told : ""}
        notes={own ? notes : []}
        onPress={press}
      />
    </div>
  );
}

/** What somebody sees who comes for the first time: what this is, and two doors. It goes when there is a model or a run. */
import { goTo } from "../page/address.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { useDataset } from "../stores/dataset.ts";
import { useDemo } from "../stores/demo.ts";
import { useModel } from "../stores/model.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

/** Shows the buttons that take pictures, and gives the first of them the focus. */
async function showDoorForPictures(): Promise<void> {
  await goTo("data");
  document.querySelector<HTMLButtonElement>('[data-place="data"] button')?.focus({ preventScroll: true });
}

export function Welcome() {
  const capability = useApp((s) => s.capability);
  const doing = useDemo((s) => s.doing);
  const untouched = useModel((s) => s.info === undefined && s.progress === undefined);
  const noData = useDataset((s) => s.info === undefined && s.waiting === undefined);
  const noRuns = useRuns((s) => s.runs.length === 0);
  const idle = useTraining((s) => s.state === "idle");
  const isFirst = untouched && noData && noRuns && idle;
  if (doing ? !idle : !isFirst) return null;
  const say = words().welcome;
  const reason = capability?.usable ? "" : capability ? say.cannot : say.looking;
  // No region: its name would be another that speaks of a model.
  return (
    <div className="welcome">
      <h2>{say.title}</h2>
      <p>{say.what}</p>
      <div className="row centred">
        <Action kind="primary" reason={doing ? say.demoGoes : reason} onPress={() => void useDemo.getState().begin()}>
          {say.demo}
        </Action>
        <Action onPress={() => void showDoorForPictures()}>{say.pictures}</Action>
        <span className="detail">{say.demoTakes}</span>
      </div>
      <p className="live" aria-live="polite">
        {doing}
      </p>
    </div>
  );
}

/** What the seed report's preset changes, and the offer to load the model as its script does. */
import { useId } from "react";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { useModel } from "../stores/model.ts";
import { fieldsOf, wantedLoading } from "../stores/presets.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { type Change, loadingChanges, recipeChanges } from "./preset.ts";

function ChangeList({ changes, label }: { changes: Change[]; label: string }) {
  return (
    <ul className="changes" aria-label={label}>
      {changes.map(({ label: setting, from, to }) => (
        <li key={setting}>
          {setting}: {from} → <strong>{to}</strong>
        </li>
      ))}
    </ul>
  );
}

/** Bytes that a run would take, before and after; nothing is said of a plan that is not there. */
function MemoryWords() {
  const plan = useTraining((s) => s.plan);
  const planAnew = useTraining((s) => s.planAnew);
  const replaced = useTraining((s) => s.replaced);
  const loaded = useModel((s) => s.info !== undefined);
  if (!plan || !planAnew || !loaded) return null;
  const { memory: say, names } = words().recipe.presets;
  const { plan: before, preset } = replaced ?? {};
  const fits = planAnew.fits === "tight" ? say.tight : say.tooLarge;
  return (
    <p>
      {say.label} {before && preset && `${say.before(bytes(before.totalBytes), names[preset])} `}
      {say.now(bytes(plan.totalBytes))} <strong>{say.anew(bytes(planAnew.totalBytes))}</strong>
      {planAnew.fits === "fits" ? "." : ` (${fits}). ${planAnew.advice}`}
    </p>
  );
}

/** The model is loaded otherwise than the recipe says: it is told for as long as that is so. */
function LoadingOffer() {
  const preset = useTraining((s) => s.preset);
  const fields = useTraining((s) => s.fields);
  const running = useTraining((s) => isRunning(s.state));
  const { info, loaded, loading, progress, preview } = useModel();
  const { loadWith } = useModel.getState();
  const id = useId();
  const wanted = wantedLoading(preset, fields);
  if (!wanted) return null;
  const say = words().recipe.presets;
  const asks = preview !== undefined;
  const obstacle = running ? say.running : progress ? say.loading : "";
  return (
    <div className="note">
      <p id={id}>{info ? say.loaded : say.notLoaded}</p>
      <ChangeList changes={loadingChanges(loaded?.loading ?? loading, fields)} label={say.otherwise} />
      <MemoryWords />
      <Action reason={obstacle} describedBy={obstacle ? undefined : id} onPress={() => void loadWith(wanted)}>
        {info ? say.loadAnew : say.loadSo}
      </Action>
      {asks && <p>{say.asks}</p>}
    </div>
  );
}

/** Nothing with other presets: they leave loading to Loading settings. */
export function PresetChanges() {
  const preset = useTraining((s) => s.preset);
  const replaced = useTraining((s) => s.replaced);
  // What is asked for depends on how the model is loaded, too.
  useModel((s) => s.loaded);
  if (preset !== "Seed report") return <div aria-live="polite" className="live" />;
  const changes = recipeChanges(replaced?.fields ?? fieldsOf("Practical"), fieldsOf(preset));
  const say = words().recipe.presets;
  return (
    <div aria-live="polite" className="preset">
      <p>
        {say.lead} <code>vsft_llava.py</code> {say.leadAfter}
      </p>
      {changes.length > 0 && (
        <details open>
          <summary>{say.changed(changes.length, say.names[replaced?.preset ?? "Practical"])}</summary>
          <ChangeList changes={changes} label={say.changes} />
        </details>
      )}
      <LoadingOffer />
    </div>
  );
}

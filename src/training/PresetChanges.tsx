/** What the seed report's preset changes, and the offer to load the model as its script does. */
import { useId } from "react";
import { Action } from "../parts/Action.tsx";
import { bytes } from "../parts/format.ts";
import { useModel } from "../stores/model.ts";
import { fieldsOf, wantedLoading } from "../stores/presets.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
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
  const { plan, planAnew, replaced } = useTraining();
  const loaded = useModel((s) => s.info !== undefined);
  if (!plan || !planAnew || !loaded) return null;
  const before = replaced?.plan && `${bytes(replaced.plan.totalBytes)} with ${replaced.preset}, `;
  return (
    <p>
      GPU memory of a run: {before}
      {bytes(plan.totalBytes)} with this recipe on the model as it is loaded,{" "}
      <strong>{bytes(planAnew.totalBytes)} loaded anew</strong>
      {planAnew.fits === "fits" ? "." : ` (${planAnew.fits === "tight" ? "tight" : "too large"}). ${planAnew.advice}`}
    </p>
  );
}

/** The model is loaded otherwise than the recipe says: it is told for as long as that is so. */
function LoadingOffer() {
  const { preset, fields } = useTraining();
  const running = useTraining((s) => isRunning(s.state));
  const { info, loaded, loading, progress, preview } = useModel();
  const { loadWith } = useModel.getState();
  const id = useId();
  const wanted = wantedLoading(preset, fields);
  if (!wanted) return null;
  const asks = preview !== undefined;
  const obstacle = running ? "A run is going on: stop it first." : progress ? "A model is being loaded." : "";
  return (
    <div className="note">
      <p id={id}>
        {info
          ? "The model is loaded otherwise than the report's script loads it. Until it is loaded anew, a run trains on it as it is:"
          : "The report's script loads the model otherwise than Loading settings say now:"}
      </p>
      <ChangeList changes={loadingChanges(loaded?.loading ?? loading, fields)} label="Loaded otherwise" />
      <MemoryWords />
      <Action reason={obstacle} describedBy={obstacle ? undefined : id} onPress={() => void loadWith(wanted)}>
        {info ? "Load the model anew" : "Load the model so"}
      </Action>
      {asks && <p>The Model panel asks whether its files may be fetched for that.</p>}
    </div>
  );
}

/** Nothing with other presets: they leave loading to Loading settings. */
export function PresetChanges() {
  const { preset, replaced } = useTraining();
  // What is asked for depends on how the model is loaded, too.
  useModel((s) => s.loaded);
  if (preset !== "Seed report") return <div aria-live="polite" className="live" />;
  const changes = recipeChanges(replaced?.fields ?? fieldsOf("Practical"), fieldsOf(preset));
  return (
    <div aria-live="polite" className="preset">
      <p>
        As TRL’s <code>vsft_llava.py</code> trains: every linear of the model adapted and in 4 bits, all text in the
        loss, rows in its order.
      </p>
      {changes.length > 0 && (
        <details open>
          <summary>
            What it changes: {changes.length} settings of {replaced?.preset ?? "Practical"}
          </summary>
          <ChangeList changes={changes} label="What it changes" />
        </details>
      )}
      <LoadingOffer />
    </div>
  );
}

/** The Model panel: which model, how it is loaded, and what is loaded. */
import { useState } from "react";
import catalogue from "../../workers/weights/hub/catalogue.json";
import { counted } from "../../workers/words.ts";
import { remembered } from "../page/remembered.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { labelOf } from "../parts/files.ts";
import { bytes, count, flops } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { HubOffer, HubSettings } from "./Hub.tsx";
import { LoadBars } from "./LoadBars.tsx";
import { LoadingSettings } from "./LoadingSettings.tsx";
import { bestOf, groupsOf, reasonFor } from "./offers.ts";
import { SelfTest } from "./SelfTest.tsx";
import { loadObstacle, rowWords, statusOf } from "./status.ts";

/** What was in use when the page was left. */
function LastTime() {
  const [{ model, data }] = useState(remembered);
  if (!model) return null;
  const rows = data ? ` with ${counted(data.rows, "row")} of ${data.label}` : "";
  return (
    <p className="detail">
      Last time: {model.label}
      {rows}.{" "}
      {model.source.kind === "folder"
        ? "Choose that model folder again, then Load model goes on where you were."
        : "Load model goes on where you were."}
    </p>
  );
}

/** For whoever has photographs: what to begin with, and why. */
function FirstModel() {
  const capability = useApp((s) => s.capability);
  const chooseHub = useModel((s) => s.chooseHub);
  const own = useDataset((s) => {
    const data = s.source ?? s.waiting;
    return data !== undefined && data.kind !== "sample";
  });
  const best = bestOf(catalogue, capability);
  return (
    <>
      <p className={own ? "note" : "detail"}>
        {own ? "Your own pictures need another model" : "For photographs"}: <strong>{best.name}</strong> is the best
        start. {reasonFor(best, capability)}
      </p>
      <div className="row">
        <button type="button" onClick={() => chooseHub(best.repo!)}>
          Choose {best.name}
        </button>
      </div>
    </>
  );
}

export function ModelPanel() {
  const { source, info, progress, preview, choose, chooseHub, load } = useModel();
  const capability = useApp((s) => s.capability);
  const running = useTraining((s) => isRunning(s.state));
  const busy = progress !== undefined;
  const readying = useTraining((s) => s.readying !== undefined);
  const listed = source.kind === "hub" ? catalogue.find(({ repo }) => repo === source.name) : undefined;
  const [typing, setByName] = useState(false);
  const byName = typing || (source.kind === "hub" && !listed);
  const demo = catalogue[0]!;
  const best = bestOf(catalogue, capability);
  const obstacle = loadObstacle({ busy, running, capability });
  const chosen = byName ? "other" : source.kind === "hub" ? source.name : source.kind;
  return (
    <Panel
      title="Model"
      place="model"
      done={info !== undefined}
      lead="The base model stays frozen, in 4 bits, on your GPU."
    >
      <div className="row">
        <label className="grow">
          <span>Model</span>
          <select
            value={chosen}
            disabled={busy}
            onChange={({ target: { value } }) => {
              setByName(value === "other");
              if (value === "embedded") choose({ kind: "embedded" });
              else if (value !== "folder") chooseHub(value === "other" ? "" : value);
            }}
          >
            <option value="embedded">
              {demo.name} ({count(demo.parameters)} parameters, embedded)
            </option>
            {groupsOf(catalogue).map(([group, entries]) => (
              <optgroup key={group} label={group}>
                {entries.map(({ repo, name, parameters, fetchBytes }) => (
                  <option key={name} value={repo ?? ""}>
                    {name} ({count(parameters)} parameters, {bytes(fetchBytes)} to download)
                    {repo === best.repo ? ", the best start" : ""}
                  </option>
                ))}
              </optgroup>
            ))}
            <option value="other">Another model of the hub…</option>
            {source.kind === "folder" && <option value="folder">{source.label}</option>}
          </select>
        </label>
        <PickButton
          folder
          reason={busy ? "A model is being loaded." : ""}
          onPick={(files) => {
            setByName(false);
            choose({ kind: "folder", label: labelOf(files), files });
          }}
        >
          Choose model folder
        </PickButton>
        <Action kind="primary" reason={obstacle} onPress={() => void load()}>
          Load model
        </Action>
      </div>
      <LoadingSettings disabled={busy} />
      <HubSettings byName={byName} name={source.kind === "hub" ? source.name : ""} disabled={busy} />
      {listed && !preview && !busy && (
        <p className="detail">
          For {listed.about}. {bytes(listed.fetchBytes)} to download, {bytes(listed.diskBytes)} kept in this browser,{" "}
          {bytes(listed.gpuBytes)} on the GPU and {bytes(listed.trainingBytes)} while it trains with the preset
          Practical, {flops(listed.flopsPerRow)} a row. Licence {listed.licence};{" "}
          <a href={`https://huggingface.co/${listed.repo}`} target="_blank" rel="noreferrer">
            model card
          </a>
          . Nothing is fetched before you agree.
        </p>
      )}
      {preview && <HubOffer preview={preview} />}
      {progress && <LoadBars progress={progress} />}
      <p role="status" className="status">
        {statusOf({ info, busy, readying })}
      </p>
      {!info && !busy && <LastTime />}
      {info && (
        <p className="detail">
          {info.layers} layers of {info.hiddenSize}, pictures {info.imageSize} × {info.imageSize} as {info.imageTokens}{" "}
          tokens. {rowWords(info)}
          {info.cacheNote}
        </p>
      )}
      {info?.fileNotes.map((words) => (
        <p className="note" key={words}>
          {words}
        </p>
      ))}
      {info && <SelfTest model={info} readying={readying} />}
      {info?.demo && (
        <p className="note">
          The demo model is tiny: it knows 128 flat icons on plain backgrounds and nothing of photographs. For those,
          choose another model.
        </p>
      )}
      {source.kind === "embedded" && !busy && <FirstModel />}
    </Panel>
  );
}

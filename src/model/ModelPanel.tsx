/** The Model panel: which model, how it is loaded, and what is loaded. */
import { useState } from "react";
import catalogue from "../../workers/weights/hub/catalogue.json";
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
import { words } from "../words/index.ts";
import { HubOffer, HubSettings } from "./Hub.tsx";
import "./model.css";
import { LoadBars } from "./LoadBars.tsx";
import { LoadingSettings } from "./LoadingSettings.tsx";
import { bestOf, type Entry, groupsOf, reasonFor } from "./offers.ts";
import { SelfTest } from "./SelfTest.tsx";
import { loadObstacle, rowWords, shapeWords, statusOf } from "./status.ts";

/** What was in use when the page was left. */
function LastTime() {
  const [{ model, data }] = useState(remembered);
  if (!model) return null;
  return <p className="detail">{words().model.lastTime(model.label, data, model.source.kind === "folder")}</p>;
}

/** For whoever has photographs: what to begin with, and why. */
function FirstModel({ disabled }: { disabled: boolean }) {
  const capability = useApp((s) => s.capability);
  const chooseHub = useModel((s) => s.chooseHub);
  const own = useDataset((s) => {
    const data = s.source ?? s.waiting;
    return data !== undefined && data.kind !== "sample";
  });
  const best = bestOf(catalogue, capability);
  const say = words().model.first;
  return (
    <>
      <p className={own ? "note" : "detail"}>
        {own ? say.own : say.photographs} <strong>{best.name}</strong> {say.best} {reasonFor(best, capability)}
      </p>
      <div className="row">
        <Action reason={disabled ? words().model.busy : ""} onPress={() => chooseHub(best.repo!)}>
          {say.choose(best.name)}
        </Action>
      </div>
    </>
  );
}

/** A model of the catalogue before anything is asked of the hub: what it is good for, and what it costs. */
function About({ entry }: { entry: Entry }) {
  const { repo, fetchBytes, diskBytes, gpuBytes, trainingBytes, flopsPerRow, licence } = entry;
  const { about: say, goodFor } = words().model;
  const good = (goodFor as Record<string, string>)[repo!];
  const costs = say.costs({
    fetched: bytes(fetchBytes),
    kept: bytes(diskBytes),
    gpu: bytes(gpuBytes),
    training: bytes(trainingBytes),
    work: flops(flopsPerRow),
  });
  return (
    <p className="detail">
      {good} {costs} {say.licence(licence)}{" "}
      <a href={`https://huggingface.co/${repo}`} target="_blank" rel="noreferrer">
        {say.card}
      </a>
      . {say.agree}
    </p>
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
  const say = words().model;
  return (
    <Panel title={words().path.titles.model} place="model" done={info !== undefined} lead={say.lead}>
      <div className="row">
        <label className="grow">
          <span>{say.choose.label}</span>
          <select
            value={chosen}
            disabled={busy}
            onChange={({ target: { value } }) => {
              setByName(value === "other");
              if (value === "embedded") choose({ kind: "embedded" });
              else if (value !== "folder") chooseHub(value === "other" ? "" : value);
            }}
          >
            <option value="embedded">{say.choose.embedded(demo.name, count(demo.parameters))}</option>
            {groupsOf(catalogue).map(([fits, entries]) => (
              <optgroup key={fits} label={say.choose.groups[fits]}>
                {entries.map(({ repo, name, parameters, fetchBytes }) => (
                  <option key={name} value={repo ?? ""}>
                    {say.choose.listed(name, count(parameters), bytes(fetchBytes))}
                    {repo === best.repo ? say.choose.best : ""}
                  </option>
                ))}
              </optgroup>
            ))}
            <option value="other">{say.choose.other}</option>
            {source.kind === "folder" && <option value="folder">{source.label}</option>}
          </select>
        </label>
        <PickButton
          folder
          reason={busy ? say.busy : ""}
          onPick={(files) => {
            setByName(false);
            choose({ kind: "folder", label: labelOf(files), files });
          }}
        >
          {say.choose.folder}
        </PickButton>
        <Action kind="primary" reason={obstacle} onPress={() => void load()}>
          {say.choose.load}
        </Action>
      </div>
      <LoadingSettings disabled={busy} />
      <HubSettings byName={byName} name={source.kind === "hub" ? source.name : ""} disabled={busy} />
      {listed && !preview && !busy && <About entry={listed} />}
      {preview && <HubOffer preview={preview} />}
      <div className="model-state" data-there={busy || info !== undefined || undefined}>
        {progress && <LoadBars progress={progress} />}
        <p role="status" className="status">
          {statusOf({ info, busy, readying })}
        </p>
        {!info && !busy && <LastTime />}
        {info && (
          <p className="detail">{[shapeWords(info), rowWords(info), info.cacheNote].filter(Boolean).join(" ")}</p>
        )}
        {info?.fileNotes.map((note) => (
          <p className="note" key={note}>
            {note}
          </p>
        ))}
        {info && <SelfTest model={info} readying={readying} />}
        {info?.demo && <p className="note">{say.about.demo}</p>}
      </div>
      {source.kind === "embedded" && <FirstModel disabled={busy} />}
    </Panel>
  );
}

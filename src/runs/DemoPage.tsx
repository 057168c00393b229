/** A demo page of a run: what it shows, then its files as a list, as a zip, or as a Space of the hub. */
import { useState } from "react";
import { TabTuneError } from "../../workers/errors.ts";
import { HUB } from "../../workers/hub/address.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { bytes } from "../parts/format.ts";
import { useOnline } from "../parts/online.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { pushToken, readToken } from "../stores/account.ts";
import { useModel } from "../stores/model.ts";
import { LOADING_KEYS } from "../stores/recipe-text.ts";
import { fileNameOf } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { DemoExamples } from "./DemoExamples.tsx";
import { type DemoBase, type DemoFiles, demoFiles, type Example, ownFile, zipOf } from "./demo-files.ts";
import { PushedTo } from "./PushedTo.tsx";
import { pushSpace } from "./push-space.ts";
import { exportObstacle } from "./status.ts";

interface DemoPageProps {
  run: RunSummary;
  busy: boolean;
  /** Does the work, and tells what goes wrong in the panel. */
  attempt(work: () => Promise<void>): Promise<void>;
}

/** A model's name at the hub, as labels of models have it. */
const NAME = /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/;

/** The base at one commit, its licence, and whether the hub gives it to some accounts only. Throws TabTuneError where it is not the run's. */
async function baseOnHub(
  run: RunSummary,
  name: string,
): Promise<{ base: DemoBase; licence: string; restricted: boolean }> {
  const endpoint = useModel.getState().hub.endpoint || HUB;
  const source = { kind: "hub" as const, name, endpoint, token: readToken() };
  const { id, commit, licence, restricted } = await engine((api) => api.previewModel(source, loadingOf(run)));
  const say = words().demo.errors;
  if (id !== run.modelId)
    throw new TabTuneError("bad-adapter", say.otherModel(name, run.modelLabel), say.rightModel, say.safe);
  return { base: { name: name.replace(/@.*$/, ""), revision: commit, endpoint }, licence, restricted };
}

const loadingOf = ({ recipe }: RunSummary): Record<string, unknown> =>
  Object.fromEntries(Object.entries(recipe).filter(([key]) => LOADING_KEYS.includes(key)));

export function DemoPage({ run, busy, attempt }: DemoPageProps) {
  const say = words().demo;
  const inside = useModel((s) => s.info?.demo === true && s.info.id === run.modelId);
  const [title, setTitle] = useState(run.name);
  const [base, setBase] = useState(NAME.test(run.modelLabel) ? run.modelLabel : "");
  const [licences, setLicences] = useState("");
  const [examples, setExamples] = useState<Example[]>([]);
  const [files, setFiles] = useState<DemoFiles>();
  /** Of what is made: each visitor needs a token. */
  const [restricted, setRestricted] = useState(false);
  /** What is made is what is on show: a change makes it old. */
  const changing =
    <T,>(set: (value: T) => void) =>
    (value: T): void => {
      set(value);
      setFiles(undefined);
    };
  const make = (): Promise<void> =>
    attempt(async () => {
      setFiles(undefined);
      const found = inside
        ? { base: "beside" as const, restricted: false, words: say.demoLicence }
        : await baseOnHub(run, base.trim()).then(({ licence, ...at }) => ({
            ...at,
            words: licence ? say.licenceOf(base.trim(), licence) : "",
          }));
      const adapterZip = await engine((api) => api.downloadAdapter(run.id));
      const notes = [licences, found.words];
      const shown = { title, examples, licences: notes, base: found.base };
      setRestricted(found.restricted);
      setFiles(await demoFiles({ ...shown, modelId: run.modelId, loading: loadingOf(run), adapterZip, ownFile }));
    });
  const unasked = examples.findIndex(({ question }) => question.trim() === "");
  const noBase = !inside && base.trim() === "" ? say.noBase(run.modelLabel) : "";
  const missing = title.trim() === "" ? say.noTitle : noBase || (unasked < 0 ? "" : say.noQuestion(unasked + 1));
  return (
    <div className="demo-page">
      <div className="row">
        <label className="grow">
          <span>{say.name}</span>
          <input type="text" value={title} onChange={(event) => changing(setTitle)(event.target.value)} />
        </label>
        {!inside && (
          <label className="grow">
            <span>{say.base}</span>
            <input
              type="text"
              value={base}
              spellCheck={false}
              placeholder={say.baseForm}
              onChange={(event) => changing(setBase)(event.target.value)}
            />
          </label>
        )}
      </div>
      <p className="detail">{inside ? say.inside : say.baseHelp}</p>
      <DemoExamples examples={examples} onChange={changing(setExamples)} />
      <label>
        <span>{say.licences}</span>
        <textarea rows={2} value={licences} onChange={(event) => changing(setLicences)(event.target.value)} />
      </label>
      <p className="detail">{say.public}</p>
      <div className="row">
        <Action reason={exportObstacle(busy) || missing} onPress={() => void make()}>
          {say.make}
        </Action>
      </div>
      {files && restricted && <p>{say.restricted(base.trim())}</p>}
      {files && <Made run={run} files={files} busy={busy} attempt={attempt} />}
    </div>
  );
}

function Made({ run, files, busy, attempt }: DemoPageProps & { files: DemoFiles }) {
  const endpoint = useModel((s) => s.hub.endpoint);
  const online = useOnline();
  const [repo, setRepo] = useState("");
  const [address, setAddress] = useState<string>();
  const [pushing, setPushing] = useState<AbortController>();
  const say = words().demo;
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const push = (): Promise<void> =>
    attempt(async () => {
      const stop = new AbortController();
      setPushing(stop);
      setAddress(undefined);
      try {
        const request = { repo, token: pushToken(), endpoint, visibility: "public" as const, files, title: say.commit };
        setAddress(await pushSpace({ ...request, signal: stop.signal }));
      } finally {
        setPushing(undefined);
      }
    });
  const obstacle = exportObstacle(busy) || (repo === "" ? say.noSpace : online ? "" : words().runs.obstacles.offline);
  return (
    <>
      <details open>
        <summary>{say.made(files.size, bytes(total))}</summary>
        <Scroll label={say.list} short>
          <ul aria-label={say.list}>
            {[...files].map(([path, { size }]) => (
              <li key={path}>
                <code>{path}</code> <small>{bytes(size)}</small>
              </li>
            ))}
          </ul>
        </Scroll>
      </details>
      <div className="row">
        <Action
          reason={exportObstacle(busy)}
          onPress={() => void attempt(async () => download(await zipOf(files), fileNameOf(run, "demo.zip")))}
        >
          {say.download}
        </Action>
        <label className="grow">
          <span>{say.space}</span>
          <input
            type="text"
            value={repo}
            spellCheck={false}
            placeholder={`${words().runs.push.account}/name`}
            onChange={(event) => setRepo(event.target.value.trim())}
          />
        </label>
        {pushing ? (
          <Action onPress={() => pushing.abort()}>{say.stop}</Action>
        ) : (
          <Action reason={obstacle} onPress={() => void push()}>
            {say.push}
          </Action>
        )}
      </div>
      {address && <PushedTo address={address} />}
    </>
  );
}

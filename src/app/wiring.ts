/** What follows from what, across panels: every subscription of one part of the page to another is in this list. */
import type { StoreApi } from "zustand";
import { TabTuneError } from "../../workers/errors.ts";
import { useBoxes } from "../page/boxes.ts";
import { type Remembered, remember, remembered } from "../page/remembered.ts";
import { noteRuns } from "../page/runs-kept.ts";
import { adapterOf, rememberSpeed } from "../page/speed.ts";
import { useApp } from "../page/store.ts";
import { watchEngine } from "../page/workers.ts";
import { rowsOfStep, usualSeconds } from "../parts/step-times.ts";
import { useAdapters } from "../stores/adapters.ts";
import { useAnswers } from "../stores/answers.ts";
import { useApply } from "../stores/apply.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useBeginning } from "../stores/beginning.ts";
import { useChat } from "../stores/chat.ts";
import { useDataset } from "../stores/dataset.ts";
import { useHubData } from "../stores/hub-data.ts";
import { useModel } from "../stores/model.ts";
import { useNotice } from "../stores/notice.ts";
import { listenToOtherTabs, lookAgainWhenFree } from "../stores/other-tabs.ts";
import { useQuestions } from "../stores/questions.ts";
import { HELD_OUT_KEYS, useRows } from "../stores/rows.ts";
import { useRunAnswers } from "../stores/run-answers.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useShell } from "../stores/shell.ts";
import { useStorage } from "../stores/storage.ts";
import { useTraining } from "../stores/training.ts";
import { useVotes } from "../stores/votes.ts";
import { useWithheldGpu } from "../stores/withheld-gpu.ts";
import { titleOf } from "../training/status.ts";
import { words } from "../words/index.ts";
import { iconOf, noticeOf, titleAtEnd } from "./tab.ts";

type RememberedSource = NonNullable<Remembered["model"]>["source"];

/** Calls `then` whenever this value of a store becomes another. */
function on<S, V>(store: Pick<StoreApi<S>, "subscribe">, value: (state: S) => V, then: (now: V, before: V) => void) {
  store.subscribe((state, before) => {
    if (value(state) !== value(before)) then(value(state), value(before));
  });
}

function separateRows(): void {
  const { fields, problems } = useTraining.getState();
  const { info, separate } = useDataset.getState();
  const keepsNoneApart = problems.size > 0 || (fields.eval_strategy === "no" && !info?.heldOut);
  void separate(keepsNoneApart ? undefined : fields);
}

/** Steps after which a run says how fast this machine is: the first ones compile. */
const STEPS_FOR_A_SPEED = 6;

/** How fast the run that has ended was. */
function rememberThisSpeed(): void {
  const { records, runId } = useTraining.getState();
  const run = useRuns.getState().runs.find(({ id }) => id === runId);
  const { adapter } = useApp.getState().capability ?? {};
  const seconds = records.length < STEPS_FOR_A_SPEED ? undefined : usualSeconds(records);
  if (!run || !adapter || seconds === undefined) return;
  rememberSpeed({
    adapter: adapterOf(adapter),
    date: new Date().toISOString(),
    model: run.modelLabel,
    rows: rowsOfStep(run.recipe),
    seconds,
  });
}

/** In which unit answers have boxes: as the rows in use were written, else as the model's publisher writes them. */
function boxesFollow(): void {
  useBoxes.setState({ unit: useDataset.getState().info?.boxes ?? useModel.getState().info?.boxes });
}

/** Runs that were there in the last visit, and that nobody deleted. */
function missRuns(now: number): void {
  const before = noteRuns(now);
  if (!before) return;
  const { what, remedy, safe } = words().storage.gone;
  useApp.getState().fail("runs", new TabTuneError("storage-gone", what(before.runs, before.day), remedy, safe));
}

/** To be called once, when the page opens. */
export function wire(): void {
  on(useModel, (s) => s.info?.boxes, boxesFollow);
  on(useDataset, (s) => s.info?.boxes, boxesFollow);
  on(
    useRuns,
    (s) => s.runs,
    (runs) => missRuns(runs.length),
  );
  on(
    useModel,
    (s) => s.info,
    (model, before) => {
      if (model?.id !== before?.id) useApply.getState().change({ adapter: "" });
      // The adapter that the chat used lay on the model of before.
      if (model?.id !== before?.id) useChat.setState({ adapterRun: undefined });
      const { run, beginWith } = useBeginning.getState();
      if (run && run.modelId !== model?.id) beginWith(undefined);
      if (!model) return;
      useDataset.getState().modelLoaded(model);
      useTraining.getState().modelLoaded(model);
      void useRuns.getState().refresh();
      void useAdapters.getState().modelLoaded();
      void useApplyFiles.getState().modelLoaded();
      // Whose rows they are decides how their pictures are shown.
      useAnswers.setState({ pictures: new Map() });
      void useAnswers.getState().refresh();
      void useStorage.getState().refresh();
      if (model.demo) void useShell.getState().keepDemo();
      const { source, loading } = useModel.getState();
      const kept: RememberedSource = source.kind === "hub" ? { kind: "hub", name: source.name } : { kind: source.kind };
      remember({ model: { source: kept, label: model.label, loading } });
    },
  );
  on(
    useDataset,
    (s) => s.info,
    (data, before) => {
      // A change of some row keeps the search and the page.
      if (data?.id !== before?.id) void useRows.getState().begin();
      if (data?.id !== before?.id) useRunAnswers.getState().pick(undefined);
      void useQuestions.getState().refresh();
      // It plans anew, whether or not the recipe is another one.
      useTraining.getState().dataChanged();
      separateRows();
      const model = useModel.getState().info;
      if (!data || !model) return;
      const { id, label, rows } = data;
      const kept = remembered().data;
      if (kept?.id === id) useHubData.getState().again(kept);
      const { source } = useDataset.getState();
      const hub = source?.kind === "hub" ? { hub: { set: source.set, rows: source.rows } } : {};
      const sample = source?.kind === "sample";
      remember({ data: { id, label, rows, sample, preparation: model.preparation.id, ...hub } });
    },
  );
  // Which rows are held out is a matter of both.
  on(
    useTraining,
    ({ fields }) => JSON.stringify(HELD_OUT_KEYS.map((name) => fields[name])),
    () => {
      // Rows that were picked may be trained on now.
      useRunAnswers.getState().pick(undefined);
      separateRows();
    },
  );
  on(
    useDataset,
    (s) => s.separated?.training,
    () => void useTraining.getState().refreshPlan(),
  );
  on(
    useDataset,
    (s) => s.separated,
    (separated, before) => {
      // Another data set shows its own rows as it comes.
      if (separated ?? before) void useRows.getState().again();
      if (separated ?? before) void useQuestions.getState().refresh();
    },
  );
  on(
    useStorage,
    (s) => s.removed,
    (removed) => {
      const { info, forget } = useDataset.getState();
      if (removed?.kind === "votes") void useVotes.getState().refresh();
      if (removed?.kind === "answers") void useApply.getState().refresh();
      if (removed?.kind === "data" && removed.key === info?.id) forget(words().data.status.deleted(info.label));
    },
  );
  on(
    useTraining,
    (s) => s.fields,
    (fields) => {
      const { preset, touched, evaluationChosen } = useTraining.getState();
      remember({ recipe: touched ? { preset, fields, evaluationChosen } : undefined });
    },
  );
  on(
    useBeginning,
    (s) => s.run,
    () => useTraining.getState().beginningChanged(),
  );
  on(
    useRuns,
    (s) => s.discarded,
    (discarded) => {
      // Its adapter has left the model, and comes back with Use in chat only.
      const { adapterRun } = useChat.getState();
      if (discarded.some(({ id }) => id === adapterRun)) useChat.setState({ adapterRun: undefined });
    },
  );
  // The run that trains is the adapter on the model.
  on(
    useTraining,
    (s) => s.runId,
    (adapterRun) => useChat.setState({ adapterRun }),
  );
  // The run that has just ended is the result on show.
  on(
    useTraining,
    (s) => s.state,
    (state) => {
      if (state !== "done" && state !== "stopped") return;
      const { runId } = useTraining.getState();
      if (runId !== undefined) useRuns.getState().choose(runId);
      rememberThisSpeed();
    },
  );
  on(
    useApp,
    (s) => s.errors.training?.code,
    (code) => {
      const { runId } = useTraining.getState();
      if (code === "gpu-withheld" && runId !== undefined) void useWithheldGpu.getState().begin(runId);
      if (code !== "storage-gone") return;
      // The prepared rows went with it, and the data reader has to open it anew.
      const { info, cancel, forget } = useDataset.getState();
      cancel();
      if (info) forget(words().data.status.notHere(info.label));
    },
  );
  on(
    useApply,
    (s) => s.going?.id,
    () => void useAnswers.getState().refresh(),
  );
  on(
    useApply,
    (s) => s.shown,
    () => void useAnswers.getState().refresh(),
  );
  on(
    useApply,
    (s) => s.going?.done,
    () => void useAnswers.getState().refresh(false),
  );
  // Outside React: a step must not draw the whole page again.
  on(useTraining, titleOf, (title) => {
    document.title = titleAtEnd(useTraining.getState().state, document.hidden) ?? title;
  });
  // Who comes back has seen how it ended.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.title = titleOf(useTraining.getState());
  });
  on(useTraining, iconOf, (icon) => document.querySelector('link[rel="icon"]')?.setAttribute("href", icon));
  on(
    useTraining,
    (s) => s.state,
    () => {
      const notice = noticeOf(useTraining.getState());
      if (notice) useNotice.getState().tell(notice.title, notice.body);
    },
  );
  on(
    useRuns,
    (s) => s.runs,
    (runs) => {
      const { run: begun, beginWith } = useBeginning.getState();
      if (begun && !runs.some(({ id }) => id === begun.id)) beginWith(undefined);
      const { form, change } = useApply.getState();
      const isThere = (runId: string): boolean => runs.some(({ id }) => id === runId);
      if (form.adapter && !isThere(form.adapter)) change({ adapter: "" });
      if (form.rows.startsWith("run ") && !isThere(form.rows.slice("run ".length))) change({ rows: "all" });
      for (const { id, status } of runs) if (status === "running-elsewhere") void lookAgainWhenFree(id);
    },
  );
  watchEngine((reason) => {
    // Whoever was waiting for the engine tells it in its own panel.
    const waiting = isRunning(useTraining.getState().state) || useChat.getState().busy || useApply.getState().going;
    const { info, forget } = useModel.getState();
    forget();
    if (info && !waiting) useApp.getState().fail("model", reason);
  });
  // Without a secure context there is no storage to look into.
  if (window.isSecureContext) listenToOtherTabs();
}

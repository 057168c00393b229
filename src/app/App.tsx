/** The page: a path of four places beside the places themselves, from a model and data to a trained adapter and what it says. */
import { Fragment, type ReactNode, useEffect } from "react";
import { ApplyPanel } from "../apply/ApplyPanel.tsx";
import { ChatPanel } from "../chat/ChatPanel.tsx";
import { DatasetPanel } from "../dataset/DatasetPanel.tsx";
import { ModelPanel } from "../model/ModelPanel.tsx";
import { useLanguage } from "../page/language.ts";
import { useApp } from "../page/store.ts";
import { RunsPanel } from "../runs/RunsPanel.tsx";
import { StoragePanel } from "../storage/StoragePanel.tsx";
import { useApply } from "../stores/apply.ts";
import { useModel } from "../stores/model.ts";
import { takeLink } from "../stores/recipe-file.ts";
import { isWorking } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useShell } from "../stores/shell.ts";
import { useTraining } from "../stores/training.ts";
import { useVotes } from "../stores/votes.ts";
import { useWithheldGpu } from "../stores/withheld-gpu.ts";
import { TrainingPanel } from "../training/TrainingPanel.tsx";
import { words } from "../words/index.ts";
import { Gate } from "./Gate.tsx";
import { Header, RailFoot } from "./Header.tsx";
import { NewVersion } from "./NewVersion.tsx";
import { PageDrop } from "./PageDrop.tsx";
import { Path } from "./Path.tsx";
import { nextStep, placesOf } from "./path.ts";
import { SettingsPanel } from "./SettingsPanel.tsx";
import { usePath } from "./use-path.ts";
import { Welcome } from "./Welcome.tsx";
import "./app.css";

/** Keeps the screen awake while the GPU works for somebody who waits. */
function useWakeLock(): void {
  const training = useTraining((s) => isWorking(s.state));
  const answering = useApply((s) => s.going !== undefined);
  const working = training || answering;
  useEffect(() => {
    if (!working) return;
    let lock: WakeLockSentinel | undefined;
    const wake = async (): Promise<void> => {
      // Refused on low battery; the work itself does not need it.
      lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    };
    const visible = (): void => {
      if (document.visibilityState === "visible") void wake();
    };
    void wake();
    document.addEventListener("visibilitychange", visible);
    return () => {
      void lock?.release();
      document.removeEventListener("visibilitychange", visible);
    };
  }, [working]);
}

/**
 * Saves when the page is hidden (the last sure event of a tab's life) and before it is frozen, which comes minutes later where it comes, and
 * warns before a close. Answers are kept as they come.
 */
function useKeepAlive(): void {
  const running = useTraining((s) => isWorking(s.state));
  useEffect(() => {
    if (!running) return;
    const save = (): void => void useTraining.getState().saveNow();
    const hidden = (): void => {
      if (document.visibilityState !== "visible") save();
    };
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    document.addEventListener("visibilitychange", hidden);
    document.addEventListener("freeze", save);
    window.addEventListener("beforeunload", warn);
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      document.removeEventListener("freeze", save);
      window.removeEventListener("beforeunload", warn);
    };
  }, [running]);
}

/** Nothing to see. */
function KeptAwake() {
  useWakeLock();
  useKeepAlive();
  return null;
}

/** The path, which each step of a run moves on. */
function Way() {
  const path = usePath();
  return <Path places={placesOf(path)} next={nextStep(path)} />;
}

/** The places are given, so that a step of a run does not draw all of them anew: each follows its own stores. */
function Main({ children }: { children: ReactNode }) {
  const next = nextStep(usePath());
  return (
    <main id="main" tabIndex={-1} data-next={next.address}>
      {children}
    </main>
  );
}

export function App() {
  const probe = useApp((s) => s.probe);
  const theme = useApp((s) => s.theme);
  useEffect(() => {
    // Without a secure context there is no storage to look into.
    void probe().then(async () => {
      if (!window.isSecureContext) return;
      const usable = useApp.getState().capability?.usable;
      const back = usable ? useModel.getState().comeBack() : Promise.resolve();
      void back.then(() => useWithheldGpu.getState().comeBack());
      await useRuns.getState().refresh();
      await useVotes.getState().refresh();
      await useApply.getState().refresh();
      // Only now: what the page needs to be used comes before what it needs to be kept.
      await useShell.getState().begin();
    });
  }, [probe]);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    // The system's own frame follows a choice, too.
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      meta.dataset.of ??= meta.media.includes("dark") ? "dark" : "light";
      meta.media =
        theme === "auto" ? `(prefers-color-scheme: ${meta.dataset.of})` : theme === meta.dataset.of ? "all" : "not all";
    }
  }, [theme]);
  useEffect(() => {
    const take = (): void => void takeLink();
    take();
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  const spoken = useLanguage((s) => s.spoken);
  return (
    // Sentences are asked for as they are drawn: another language draws all of them anew.
    <Fragment key={spoken}>
      <a className="skip" href="#main">
        {words().shell.skip}
      </a>
      <div className="frame">
        <div className="rail">
          <Header />
          <NewVersion />
          <Way />
          <RailFoot />
        </div>
        <Main>
          <Gate />
          <Welcome />
          <div id="model">
            <ModelPanel />
          </div>
          <div id="data">
            <DatasetPanel />
          </div>
          <div id="train">
            <TrainingPanel />
          </div>
          <div id="result" className="result">
            <RunsPanel />
            <ChatPanel />
            <ApplyPanel />
          </div>
          <div id="storage">
            <StoragePanel />
          </div>
          <div id="settings">
            <SettingsPanel />
          </div>
        </Main>
        <footer className="page-footer">
          <p>{words().shell.footer}</p>
        </footer>
      </div>
      <PageDrop />
      <KeptAwake />
    </Fragment>
  );
}

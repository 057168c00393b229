/** The page: the way from a model and data to a trained adapter on the left, what comes out of it on the right. */
import { useEffect } from "react";
import { ChatPanel } from "../chat/ChatPanel.tsx";
import { DatasetPanel } from "../dataset/DatasetPanel.tsx";
import { ModelPanel } from "../model/ModelPanel.tsx";
import { useApp } from "../page/store.ts";
import { RunsPanel } from "../runs/RunsPanel.tsx";
import { StoragePanel } from "../storage/StoragePanel.tsx";
import { takeLink } from "../stores/recipe-file.ts";
import { isWorking } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { TrainingPanel } from "../training/TrainingPanel.tsx";
import { Gate } from "./Gate.tsx";
import { Header } from "./Header.tsx";
import { PageDrop } from "./PageDrop.tsx";
import "./app.css";

/** Saves when the page is hidden (the last sure event of a tab's life), warns before a close, keeps the screen awake. */
function useKeepAlive(): void {
  const running = useTraining((s) => isWorking(s.state));
  useEffect(() => {
    if (!running) return;
    let lock: WakeLockSentinel | undefined;
    const wake = async (): Promise<void> => {
      // Refused on low battery; the run itself does not need it.
      lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    };
    const visible = (): void => {
      if (document.visibilityState === "visible") void wake();
      else void useTraining.getState().saveNow();
    };
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    void wake();
    document.addEventListener("visibilitychange", visible);
    window.addEventListener("beforeunload", warn);
    return () => {
      void lock?.release();
      document.removeEventListener("visibilitychange", visible);
      window.removeEventListener("beforeunload", warn);
    };
  }, [running]);
}

export function App() {
  const { probe, theme } = useApp();
  useKeepAlive();
  useEffect(() => {
    // Without a secure context there is no storage to look into.
    void probe().then(() => (window.isSecureContext ? useRuns.getState().refresh() : undefined));
  }, [probe]);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const take = (): void => void takeLink();
    take();
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the model
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Gate />
        <div className="columns">
          <div>
            <ModelPanel />
            <DatasetPanel />
            <TrainingPanel />
          </div>
          <div>
            <ChatPanel />
            <RunsPanel />
            <StoragePanel />
          </div>
        </div>
      </main>
      <footer className="page-footer">
        <p>
          Nothing is uploaded: model, data and runs stay in this browser. Numbers follow Hugging Face transformers, PEFT
          and bitsandbytes. <a href="./bench.html">Measure this machine</a>
        </p>
      </footer>
      <PageDrop />
    </>
  );
}

/** The whole of a demo page: what it is, the load, the chat, licences, and that it works without a network. */
import { useEffect, useRef, useState } from "react";
import { type ErrorReport, reportOf } from "../../workers/errors.ts";
import type { DemoFile } from "../../workers/vlm/demo-file.ts";
import type { LoadProgress, Vlm, VlmCost } from "../../workers/vlm/protocol.ts";
import { startShell, takeOver } from "../page/shell.ts";
import { Access } from "./Access.tsx";
import { Chat } from "./Chat.tsx";
import { Failure } from "./Failure.tsx";
import { costOf, hubOf, open, readDemo } from "./model.ts";
import { bytes, percent, say, seconds } from "./words.ts";

export function Demo() {
  const [demo, setDemo] = useState<DemoFile>();
  const [cost, setCost] = useState<VlmCost | "beside">();
  const [progress, setProgress] = useState<LoadProgress>();
  const [vlm, setVlm] = useState<Vlm>();
  const [error, setError] = useState<ErrorReport>();
  const [tries, setTries] = useState(0);
  /** Of the visitor, for the hub: in this page's memory and nowhere else. */
  const [token, setToken] = useState("");
  const loading = useRef<AbortController>(undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another try reads everything anew.
  useEffect(() => {
    let left = false;
    setError(undefined);
    const begin = async (): Promise<void> => {
      const found = await readDemo();
      if (left) return;
      document.title = found.title;
      setDemo(found);
      const costs = await costOf(found, token);
      if (!left) setCost(costs ?? "beside");
    };
    begin().catch((cause: unknown) => !left && setError(reportOf(cause)));
    return () => {
      left = true;
    };
  }, [tries]);

  const load = async (by = token): Promise<void> => {
    if (!demo) return;
    setError(undefined);
    loading.current = new AbortController();
    setProgress({ phase: "asking", fraction: 0, detail: "" });
    try {
      setVlm(await open(demo, by, setProgress, loading.current.signal));
    } catch (cause) {
      const report = reportOf(cause);
      // Who stopped it knows.
      if (report.code !== "cancelled") setError(report);
    }
    setProgress(undefined);
  };
  const again = (work: () => void) => (
    <button type="button" onClick={work}>
      {say.again}
    </button>
  );
  /** Goes on where it ended: with the load, or with the question what it costs. */
  const goOn = (by: string): void => {
    setToken(by);
    if (cost) void load(by);
    else setTries(tries + 1);
  };
  if (!demo) return error ? <Failure error={error}>{again(() => setTries(tries + 1))}</Failure> : null;
  // The hub's refusal says what its visitor can do about it, in their language.
  const asked = error?.code === "no-access" ? hubOf(demo) : undefined;
  return (
    <>
      <header>
        <h1>{demo.title}</h1>
      </header>
      <main>
        {!vlm && <Cost cost={cost} failed={error !== undefined} />}
        {cost && !vlm && !progress && !asked && (
          <button type="button" className="primary" onClick={() => void load()}>
            {say.load}
          </button>
        )}
        {progress && <Loading progress={progress} onStop={() => loading.current?.abort()} />}
        {asked && <Access {...asked} refused={token !== ""} onToken={goOn} />}
        {error && !asked && <Failure error={error}>{again(() => goOn(token))}</Failure>}
        {vlm?.info.notes.map((note) => (
          <p key={note} className="detail">
            {note}
          </p>
        ))}
        {vlm && <Chat vlm={vlm} examples={demo.examples} />}
      </main>
      <footer>
        <h2>{say.licences}</h2>
        {demo.licences.map((words) => (
          <p key={words}>{words}</p>
        ))}
        <p>{say.made}</p>
        <Offline />
      </footer>
    </>
  );
}

function Cost({ cost, failed }: { cost: VlmCost | "beside" | undefined; failed: boolean }) {
  if (!cost) return failed ? null : <p className="detail">{say.asking}</p>;
  if (cost === "beside") return <p>{say.here}</p>;
  return (
    <>
      <p>{cost.fetchBytes > 0 ? say.cost(bytes(cost.fetchBytes), bytes(cost.diskBytes)) : say.here}</p>
      <p className="detail">{say.from(cost.label, cost.licence)}</p>
    </>
  );
}

function Loading({ progress, onStop }: { progress: LoadProgress; onStop(): void }) {
  const { fraction, fetched } = progress;
  const left = fetched?.secondsLeft ?? undefined;
  return (
    <div className="loading">
      <progress aria-label={say.loading} value={fraction} max={1} />
      <p role="status">
        {say.loading}: {say.progress(percent(fraction), left === undefined ? "" : seconds(left))}
      </p>
      <button type="button" onClick={onStop}>
        {say.stop}
      </button>
    </div>
  );
}

/** Keeps the page for use without a network, and tells what comes of it. */
function Offline() {
  const [state, setState] = useState<"kept" | "newer">();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const events = {
      kept: () => setState((now) => now ?? "kept"),
      newer: () => setState("newer"),
      takenOver: () => location.reload(),
      notKept: setProblem,
    };
    startShell(events).catch((cause: unknown) => setProblem(reportOf(cause).message));
  }, []);
  if (problem) return <p>{problem}</p>;
  if (state === "newer")
    return (
      <p>
        {say.newer}{" "}
        <button type="button" onClick={takeOver}>
          {say.reload}
        </button>
      </p>
    );
  return state === "kept" ? <p>{say.offline}</p> : null;
}

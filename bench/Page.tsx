/** `/bench`: a user with a GPU measures our kernels, the peers', and what the adapter can do at best, and downloads the figures. */
import { useState } from "react";
import { download } from "../src/parts/download.ts";
import { bytes as sizeOf } from "../src/parts/format.ts";
import { Progress } from "../src/parts/Progress.tsx";
import { TabTuneError } from "../workers/errors.ts";
import { MeasurePanel } from "./Measure.tsx";
import { adapterName, type Comparison, type PeerResults, type Section } from "./results.ts";
import { adapterFigures, amount, goalRows, sideRows, variantHead, variantRows } from "./tables.ts";

type State =
  | { kind: "idle" }
  | { kind: "running"; words: string; fraction: number }
  | { kind: "done"; results: PeerResults }
  | { kind: "failed"; message: string; remedy: string };

/** "?quick" measures tiny sizes: to see that everything runs. */
const isQuick = new URLSearchParams(location.search).has("quick");

/** What the first run fetches, as the build has found it; nothing where no build was made. */
function fetchWords(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="late-bytes"]');
  if (!meta) return "";
  const [all, allSent, largest, largestSent] = meta.content.split(" ").map((n) => sizeOf(Number(n)));
  return `Before its first run it fetches these libraries: up to ${all}, ${allSent} from a server that compresses; onnxruntime-web alone is ${largest} (${largestSent}). TabTune itself needs none of them.`;
}

function asFailure(cause: unknown): State {
  const message = cause instanceof Error ? cause.message : String(cause);
  const remedy =
    cause instanceof TabTuneError ? cause.remedy : "Reload the page and try again; please report this text.";
  return { kind: "failed", message, remedy };
}

export function Page() {
  const [state, setState] = useState<State>({ kind: "idle" });
  const run = async (): Promise<void> => {
    setState({ kind: "running", words: "Loading", fraction: 0 });
    try {
      // The peers' code is large: it is fetched when somebody wants it.
      const { runBench } = await import("./bench.ts");
      const results = await runBench(isQuick, (words, fraction) => setState({ kind: "running", words, fraction }));
      setState({ kind: "done", results });
    } catch (cause) {
      setState(asFailure(cause));
    }
  };
  return (
    <>
      <header className="page-header">
        <div>
          <h1>TabTune bench</h1>
          <p>How fast the training kernels are on this machine, beside other libraries in the same page.</p>
        </div>
        <a href="./">Back to TabTune</a>
      </header>
      <main>
        <section className="panel" aria-labelledby="run">
          <header>
            <h2 id="run">Measure</h2>
            <p className="lead">
              Every library computes the same thing on the same adapter, its output is checked, and all take turns; the
              fastest of several rounds counts. A graphics card takes about a minute, and the screen may stutter
              meanwhile; software adapters measure smaller sizes in some minutes. Nothing is uploaded.
            </p>
            <p className="lead">{fetchWords()}</p>
          </header>
          <div className="row">
            <button type="button" className="primary" disabled={state.kind === "running"} onClick={() => void run()}>
              Run benchmark
            </button>
            {state.kind === "done" && (
              <button type="button" onClick={() => save(state.results)}>
                Download result
              </button>
            )}
          </div>
          <div role="status">
            {state.kind === "running" && <Progress label={state.words} fraction={state.fraction} />}
            {state.kind === "done" && <p>Measured on {adapterName(state.results.adapter)}.</p>}
          </div>
          {state.kind === "failed" && (
            <div className="error-note" role="alert">
              <p>
                <strong>{state.message}</strong>
              </p>
              <p>{state.remedy}</p>
            </div>
          )}
        </section>
        {state.kind === "done" && <MeasurePanel quick={isQuick} />}
        {state.kind === "done" && <Results results={state.results} />}
      </main>
    </>
  );
}

function save(results: PeerResults): void {
  const name = `tabtune-bench-${results.adapter.vendor || "gpu"}-${results.date.slice(0, 10)}.json`;
  download(new Blob([`${JSON.stringify(results, null, 2)}\n`], { type: "application/json" }), name);
}

function Results({ results }: { results: PeerResults }) {
  return (
    <>
      <section className="panel" aria-labelledby="adapter">
        <h2 id="adapter">This adapter</h2>
        <dl className="figures">
          {adapterFigures(results).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <p className="detail">
          Projected for {results.projection.model}, by the speed of the LoRA block below:{" "}
          {amount(results.projection.flopsPerStep)}FLOP a step.
        </p>
      </section>
      <section className="panel" aria-labelledby="goals">
        <h2 id="goals">What the kernels are held to</h2>
        <Table head={["Figure", "Measured", "Goal"]} rows={goalRows(results)} />
      </section>
      {(["NF4 linear", "dense linear", "LoRA block", "decode"] as const).map((section) => (
        <SectionPanel key={section} section={section} results={results} />
      ))}
      <section className="panel" aria-labelledby="variants">
        <h2 id="variants">The 4-bit kernels, without running them</h2>
        <Table head={variantHead} rows={variantRows()} />
      </section>
    </>
  );
}

const titles: Record<Section, string> = {
  "NF4 linear": "Products with 4-bit weights",
  "dense linear": "Dense products in f32",
  "LoRA block": "A Llama block with LoRA, forward and backward",
  decode: "Products of decoding",
};

function SectionPanel({ section, results }: { section: Section; results: PeerResults }) {
  const all = results.comparisons.filter((c) => c.section === section);
  return (
    <section className="panel" aria-label={titles[section]}>
      <h2>{titles[section]}</h2>
      {all.map((c) => (
        <ComparisonTable key={c.label} comparison={c} results={results} />
      ))}
    </section>
  );
}

function ComparisonTable({ comparison, results }: { comparison: Comparison; results: PeerResults }) {
  return (
    <>
      <h3>{comparison.label}</h3>
      <Table
        head={[
          "Library",
          "Time",
          "Against ours",
          "Speed",
          "Of the peak",
          "Dispatches",
          "Buffers made",
          "Bind groups made",
        ]}
        rows={sideRows(comparison, results.peak)}
      />
      {comparison.failures.map(({ name, message }) => (
        <p className="detail" key={name}>
          {name} did not run here: {message}
        </p>
      ))}
    </>
  );
}

function Table({ head, rows }: { head: string[]; rows: string[][] }) {
  return (
    <div className="table-scroll">
      <table>
        <thead>
          <tr>
            {head.map((cell, i) => (
              <th key={cell} scope="col" className={i > 0 ? "number" : undefined}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...rest]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {rest.map((cell, i) => (
                <td key={head[i + 1]} className="number">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

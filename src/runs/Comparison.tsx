/** Runs side by side: their curves on one chart, and a table of what differs. */
import { useEffect, useMemo, useState } from "react";
import type { StepRecord } from "../../workers/training/events.ts";
import { titleOf } from "../../workers/training/saved/lineage.ts";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { fixed } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { emaSmooth } from "../parts/smooth.ts";
import { useRuns } from "../stores/runs.ts";
import { words } from "../words/index.ts";
import { ComparePlot } from "./ComparePlot.tsx";
import { type Compared, curvesOf, type Difference, differences } from "./compare.ts";

/** Told apart by hue and by dash, in light and dark. */
const LOOKS = [
  { colour: "#2f7fd0", dash: [] },
  { colour: "#d2691e", dash: [8, 4] },
  { colour: "#2e9e5b", dash: [2, 3] },
  { colour: "#9b59b6", dash: [10, 3, 2, 3] },
  { colour: "#c0392b", dash: [5, 2] },
  { colour: "#7f8c8d", dash: [1, 2] },
];
/** How much curves are smoothed. */
const SMOOTHING = 0.8;
const lookOf = (n: number) => LOOKS[n % LOOKS.length]!;

/** The logs of the chosen runs; those that are still being read are left out. */
function useCompared(): Compared[] {
  const runs = useRuns((s) => s.runs);
  const chosen = useRuns((s) => s.compared);
  const [logs, setLogs] = useState<ReadonlyMap<string, StepRecord[]>>(new Map());
  const stamp = runs.map(({ id, step }) => (chosen.includes(id) ? `${id} ${step}` : "")).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again when the choice changes or one of them has made steps
  useEffect(() => {
    void attempt("runs", async () => {
      const read = chosen.map(async (id) => [id, await engine((api) => api.readLog(id))] as const);
      setLogs(new Map(await Promise.all(read)));
    });
  }, [stamp]);
  return useMemo(
    () =>
      chosen.flatMap((id) => {
        const run = runs.find((one) => one.id === id);
        const records = logs.get(id);
        return run && records ? [{ run, records }] : [];
      }),
    [runs, chosen, logs],
  );
}

function Rows({ title, rows, runs }: { title: string; rows: Difference[]; runs: number }) {
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={runs + 1}>
          {title}
        </th>
      </tr>
      {rows.map(({ name, code, values }) => (
        <tr key={name}>
          <th scope="row">{code ? <code>{name}</code> : name}</th>
          {values.map((value, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns are the runs, in their order
            <td key={n}>{value}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

export function Comparison() {
  const compared = useCompared();
  const { compare } = useRuns.getState();
  const data = useMemo(() => curvesOf(compared, (losses) => emaSmooth(losses, SMOOTHING)), [compared]);
  const curves = useMemo(() => compared.map(({ run }, n) => ({ name: titleOf(run), ...lookOf(n) })), [compared]);
  if (compared.length < 2) return null;
  const say = words().runs.comparison;
  const { before, same, results } = differences(compared);
  const count = compared.length;
  return (
    <section aria-label={say.label} className="comparison">
      <div className="run-head">
        <h3>{say.title(count)}</h3>
        <Action kind="quiet" onPress={() => compare([])}>
          {say.close}
        </Action>
      </div>
      <figure aria-label={say.curves}>
        <ComparePlot data={data} curves={curves} />
        <figcaption>{say.caption(fixed(SMOOTHING, 1))}</figcaption>
      </figure>
      <Scroll label={say.table}>
        <table aria-label={say.table}>
          <thead>
            <tr>
              <td />
              {curves.map(({ name, colour, dash }, n) => (
                <th key={compared[n]!.run.id} scope="col">
                  <svg className="key" viewBox="0 0 24 4" aria-hidden="true">
                    <line x1="0" x2="24" y1="2" y2="2" stroke={colour} strokeDasharray={dash.join(" ")} />
                  </svg>{" "}
                  {name}
                  <small>{new Date(compared[n]!.run.createdAt).toLocaleString()}</small>
                </th>
              ))}
            </tr>
          </thead>
          {before.length > 0 && <Rows title={say.before} rows={before} runs={count} />}
          <Rows title={say.after} rows={results} runs={count} />
        </table>
      </Scroll>
      <p className="detail">{say.same(same)}</p>
    </section>
  );
}

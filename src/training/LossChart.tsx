/** Loss as it comes (dots) and smoothed (line), read step by step by pointing or by keys, with its course in words. */
import { useMemo, useState } from "react";
import type uPlot from "uplot";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { emaSmooth } from "../parts/smooth.ts";
import { words } from "../words/index.ts";
import { curveWords, heldOutWords } from "./course.ts";
import { LossPlot } from "./LossPlot.tsx";
import { figureNames, figuresByStep, figureTitle } from "./metrics.ts";
import type { Marks } from "./plot.ts";
import { placeAfter, readOut } from "./read-out.ts";

export interface Drawing {
  /** 0: none, below 1. */
  smoothing: number;
  /** A logarithmic axis of losses. */
  log: boolean;
}

interface LossChartProps {
  records: StepRecord[];
  evaluations: EvaluationRecord[];
  resumedAt: number[];
  /** Steps that were saved while the page looked on. */
  checkpoints: number[];
  /** How it is drawn. */
  drawn: Drawing;
}

/** The lowest of two and more. */
const bestOf = (evaluations: readonly EvaluationRecord[]): EvaluationRecord | undefined =>
  evaluations.length < 2 ? undefined : evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));

/** Lines and marks of a chart by what they are called. What comes as it goes stands behind what is there: nothing moves. */
function Legend({
  evaluations,
  marks,
  name,
}: {
  evaluations: EvaluationRecord[];
  marks: Marks;
  name?: string | undefined;
}) {
  const say = words().chart;
  const kinds: [kind: string, text: string | false | undefined][] = [
    ["dots", say.dots],
    ["line", say.line],
    ["saved", say.checkpoints],
    ["held-out", evaluations.length > 0 && say.heldOut],
    ["best", evaluations.length > 0 && say.best],
    ["right-answers", name && say.onTheRight(figureTitle(name, evaluations.at(-1)?.answered))],
    ["resumed", marks.resumed.length > 0 && say.resumes],
  ];
  return (
    <ul className="legend" aria-label={say.lines}>
      {kinds.map(
        ([kind, text]) =>
          text && (
            <li key={kind} className={kind}>
              {text}
            </li>
          ),
      )}
    </ul>
  );
}

export function LossChart({ records, evaluations, resumedAt, checkpoints, drawn }: LossChartProps) {
  const { smoothing, log } = drawn;
  /** Place of the step that is read. */
  const [at, setAt] = useState<number>();
  // A metric's own figure comes first; the others are in the table.
  const [name] = figureNames(evaluations);
  const all = useMemo(() => figuresByStep(records, evaluations), [records, evaluations]);
  const data = useMemo((): uPlot.AlignedData => {
    const smoothed = emaSmooth(
      records.map((r) => r.loss),
      smoothing,
    );
    const smoothedAt = new Map(records.map(({ step }, n) => [step, smoothed[n]!]));
    return [
      all.map(({ step }) => step),
      all.map(({ record }) => record?.loss ?? null),
      all.map(({ step }) => smoothedAt.get(step) ?? null),
      all.map(({ evaluation }) => evaluation?.loss ?? null),
      all.map(({ evaluation }) => (name === undefined ? null : (evaluation?.metrics[name] ?? null))),
    ];
  }, [all, records, smoothing, name]);
  const marks = useMemo(
    (): Marks => ({ resumed: resumedAt, saved: checkpoints, best: bestOf(evaluations) }),
    [resumedAt, checkpoints, evaluations],
  );
  const say = words().chart;
  const read = at === undefined ? undefined : all[at];
  const line = read ? readOut(read, checkpoints) : "";
  const course = [curveWords(records), heldOutWords(evaluations)].filter(Boolean).join(" ") || say.read;
  return (
    <figure aria-label={say.loss} className="chart">
      <div
        role="slider"
        tabIndex={0}
        aria-label={say.reader}
        aria-valuemin={all[0]?.step ?? 0}
        aria-valuemax={all.at(-1)?.step ?? 0}
        aria-valuenow={(read ?? all.at(-1))?.step ?? 0}
        aria-valuetext={line || say.read}
        title={say.read}
        onFocus={() => setAt((now) => now ?? (all.length > 0 ? all.length - 1 : undefined))}
        onBlur={() => setAt(undefined)}
        onKeyDown={(event) => {
          const to = placeAfter(event.key, at, all.length);
          if (to === undefined) return;
          event.preventDefault();
          setAt(to);
        }}
      >
        <LossPlot data={data} log={log} marks={marks} answers={name !== undefined} at={at} onPoint={setAt} />
      </div>
      <figcaption>
        {/* One place: how it went, or the step that is read. Nothing moves between them. */}
        <p className="read-out">{line || course}</p>
        <Legend evaluations={evaluations} marks={marks} name={name} />
      </figcaption>
    </figure>
  );
}

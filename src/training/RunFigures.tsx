/** The last step's figures, and how long the run will take. */
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { duration, figure } from "../parts/format.ts";
import { figureTitle, secondsLeft, tokensPerSecond } from "./metrics.ts";

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

interface RunFiguresProps {
  records: StepRecord[];
  evaluations: EvaluationRecord[];
  maxSteps: number;
  running: boolean;
}

export function RunFigures({ records, evaluations, maxSteps, running }: RunFiguresProps) {
  const last = records.at(-1);
  if (!last) return null;
  const left = running ? secondsLeft(records, maxSteps) : undefined;
  const speed = tokensPerSecond(records);
  const measured = evaluations.at(-1);
  const figures: [name: string, value: string][] = [
    ["Loss", figure(last.loss)],
    ...(measured ? [["Held-out loss", figure(measured.loss)] as [string, string]] : []),
    ...Object.entries(measured?.metrics ?? {}).map(([name, value]): [string, string] => [
      figureTitle(name, measured?.answered),
      percent(value),
    ]),
    ["Gradient norm", figure(last.gradNorm)],
    ["Learning rate", figure(last.learningRate)],
    ["Tokens a second", speed === undefined ? "–" : String(Math.round(speed))],
    ["Time left", left === undefined ? "–" : duration(left)],
  ];
  return (
    <dl className="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

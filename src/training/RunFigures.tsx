/** How long the run will take, and the last step's figures; those that few people ask for are a press away. */
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { duration, figure } from "../parts/format.ts";
import { figureTitle, secondsLeft, tokensPerSecond } from "./metrics.ts";

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

type Figure = [name: string, value: string];

function Figures({ figures }: { figures: Figure[] }) {
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
  const figures: Figure[] = [
    ["Time left", left === undefined ? "–" : duration(left)],
    ["Loss", figure(last.loss)],
    ...(measured ? [["Held-out loss", figure(measured.loss)] as Figure] : []),
    ...Object.entries(measured?.metrics ?? {}).map(
      ([name, value]): Figure => [figureTitle(name, measured?.answered), percent(value)],
    ),
  ];
  const more: Figure[] = [
    ["Gradient norm", figure(last.gradNorm)],
    ["Learning rate", figure(last.learningRate)],
    ["Tokens a second", speed === undefined ? "–" : String(Math.round(speed))],
  ];
  return (
    <>
      <Figures figures={figures} />
      <details>
        <summary>More figures</summary>
        <Figures figures={more} />
      </details>
    </>
  );
}

/** How long the run will take, and the last step's figures; those that few people ask for are a press away. */
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { type Figure, Figures } from "../parts/Figures.tsx";
import { duration, figure, percent } from "../parts/format.ts";
import { figureTitle, secondsLeft, tokensPerSecond } from "./metrics.ts";

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
    { name: "Time left", words: left === undefined ? "–" : duration(left) },
    { name: "Loss", words: figure(last.loss) },
    ...(measured ? [{ name: "Held-out loss", words: figure(measured.loss) }] : []),
    ...Object.entries(measured?.metrics ?? {}).map(([name, value]) => ({
      name: figureTitle(name, measured?.answered),
      words: percent(value),
    })),
  ];
  const more: Figure[] = [
    { name: "Gradient norm", words: figure(last.gradNorm) },
    { name: "Learning rate", words: figure(last.learningRate) },
    { name: "Tokens a second", words: speed === undefined ? "–" : String(Math.round(speed)) },
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

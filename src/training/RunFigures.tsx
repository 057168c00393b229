/** How long the run will take, and the last step's figures; those that few people ask for are a press away. */
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { type Figure, Figures } from "../parts/Figures.tsx";
import { duration, figure, percent } from "../parts/format.ts";
import { words } from "../words/index.ts";
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
  const say = words().run.figures;
  const figures: Figure[] = [
    { name: say.timeLeft, words: left === undefined ? "–" : duration(left) },
    { name: say.loss, words: figure(last.loss) },
    ...(measured ? [{ name: say.heldOutLoss, words: figure(measured.loss) }] : []),
    ...Object.entries(measured?.metrics ?? {}).map(([name, value]) => ({
      name: figureTitle(name, measured?.answered),
      words: percent(value),
    })),
  ];
  const more: Figure[] = [
    { name: say.gradientNorm, words: figure(last.gradNorm) },
    { name: say.learningRate, words: figure(last.learningRate) },
    { name: say.tokensPerSecond, words: speed === undefined ? "–" : String(Math.round(speed)) },
  ];
  return (
    <>
      <Figures figures={figures} />
      <details>
        <summary>{say.more}</summary>
        <Figures figures={more} />
      </details>
    </>
  );
}

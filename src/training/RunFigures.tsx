/** How long the run will take, and the last step's figures. */
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

/** Stands where a figure will be. */
const NOT_YET = "–";

/** In their places from the beginning: nothing moves when they come. */
export function RunFigures({ records, evaluations, maxSteps, running }: RunFiguresProps) {
  const last = records.at(-1);
  const left = running ? secondsLeft(records, maxSteps) : undefined;
  const measured = evaluations.at(-1);
  const say = words().run.figures;
  const figures: Figure[] = [
    { name: say.timeLeft, words: left === undefined ? NOT_YET : duration(left) },
    { name: say.loss, words: last ? figure(last.loss) : NOT_YET },
    ...(measured ? [{ name: say.heldOutLoss, words: figure(measured.loss) }] : []),
    ...Object.entries(measured?.metrics ?? {}).map(([name, value]) => ({
      name: figureTitle(name, measured?.answered),
      words: percent(value),
    })),
  ];
  return <Figures figures={figures} />;
}

/** Those that few people ask for. */
export function MoreFigures({ records }: { records: StepRecord[] }) {
  const last = records.at(-1);
  const speed = tokensPerSecond(records);
  const say = words().run.figures;
  const figures: Figure[] = [
    { name: say.gradientNorm, words: last ? figure(last.gradNorm) : NOT_YET },
    { name: say.learningRate, words: last ? figure(last.learningRate) : NOT_YET },
    { name: say.tokensPerSecond, words: speed === undefined ? NOT_YET : String(Math.round(speed)) },
  ];
  return <Figures figures={figures} />;
}

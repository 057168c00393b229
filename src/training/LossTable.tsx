/** The loss of every step in figures: the twin of the chart for eyes and hands that a canvas does not serve. */
import { memo, useMemo } from "react";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { figure, fixed } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { words } from "../words/index.ts";
import { figureNames, figuresByStep, figureTitle, rowsDrawn } from "./metrics.ts";

interface RowProps {
  step: number;
  record: StepRecord | undefined;
  evaluation: EvaluationRecord | undefined;
  /** There is a column for what was measured. */
  measured: boolean;
  /** Figures of answers that have a column each. */
  names: string[];
}

/** Drawn once: a run of ten thousand steps must not draw ten thousand rows at each of them. */
const Row = memo(({ step, record, evaluation, measured, names }: RowProps) => (
  <tr>
    <td className="number">{step}</td>
    <td className="number" data-loss={record?.loss}>
      {record ? fixed(record.loss, 4) : "–"}
    </td>
    {measured && (
      <td className="number" data-eval-loss={evaluation?.loss}>
        {evaluation ? fixed(evaluation.loss, 4) : ""}
      </td>
    )}
    {names.map((name) => {
      const value = evaluation?.metrics[name];
      return (
        <td key={name} className="number">
          {value === undefined ? "" : fixed(value, 4)}
        </td>
      );
    })}
    <td className="number">{record ? figure(record.gradNorm) : ""}</td>
    <td className="number">{record ? figure(record.learningRate) : ""}</td>
  </tr>
));

interface LossTableProps {
  records: StepRecord[];
  evaluations: EvaluationRecord[];
  /** Every step has its row; else only the first ones have (`rowsDrawn`). */
  isComplete: boolean;
}

export function LossTable({ records, evaluations, isComplete }: LossTableProps) {
  const measured = evaluations.length > 0;
  // Equal from draw to draw, or every row would be drawn again.
  const key = figureNames(evaluations).join(" ");
  const names = useMemo(() => key.split(" ").filter(Boolean), [key]);
  const figures = figuresByStep(records, evaluations);
  const answered = evaluations.at(-1)?.answered;
  const { figures: say, table } = words().run;
  return (
    <Scroll label={table.box} short>
      <table aria-label={table.label}>
        <thead>
          <tr>
            <th scope="col" className="number">
              {say.step}
            </th>
            <th scope="col" className="number">
              {say.loss}
            </th>
            {measured && (
              <th scope="col" className="number">
                {say.heldOutLoss}
              </th>
            )}
            {names.map((name) => (
              <th key={name} scope="col" className="number">
                {figureTitle(name, answered)}
              </th>
            ))}
            <th scope="col" className="number">
              {say.gradientNorm}
            </th>
            <th scope="col" className="number">
              {say.learningRate}
            </th>
          </tr>
        </thead>
        <tbody>
          {figures.slice(0, rowsDrawn(figures.length, isComplete)).map(({ step, record, evaluation }) => (
            <Row key={step} step={step} record={record} evaluation={evaluation} measured={measured} names={names} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The loss of every step in figures: the twin of the chart for eyes and hands that a canvas does not serve. */
import { memo, useMemo } from "react";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { figure } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { figureNames, figuresByStep, figureTitle } from "./metrics.ts";

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
      {record ? record.loss.toFixed(4) : "–"}
    </td>
    {measured && (
      <td className="number" data-eval-loss={evaluation?.loss}>
        {evaluation ? evaluation.loss.toFixed(4) : ""}
      </td>
    )}
    {names.map((name) => (
      <td key={name} className="number">
        {evaluation?.metrics[name]?.toFixed(4) ?? ""}
      </td>
    ))}
    <td className="number">{record ? figure(record.gradNorm) : ""}</td>
    <td className="number">{record ? figure(record.learningRate) : ""}</td>
  </tr>
));

export function LossTable({ records, evaluations }: { records: StepRecord[]; evaluations: EvaluationRecord[] }) {
  const measured = evaluations.length > 0;
  // Equal from draw to draw, or every row would be drawn again.
  const key = figureNames(evaluations).join(" ");
  const names = useMemo(() => key.split(" ").filter(Boolean), [key]);
  const answered = evaluations.at(-1)?.answered;
  return (
    <Scroll label="Loss of each step" short>
      <table aria-label="Loss table">
        <thead>
          <tr>
            <th scope="col" className="number">
              Step
            </th>
            <th scope="col" className="number">
              Loss
            </th>
            {measured && (
              <th scope="col" className="number">
                Held-out loss
              </th>
            )}
            {names.map((name) => (
              <th key={name} scope="col" className="number">
                {figureTitle(name, answered)}
              </th>
            ))}
            <th scope="col" className="number">
              Gradient norm
            </th>
            <th scope="col" className="number">
              Learning rate
            </th>
          </tr>
        </thead>
        <tbody>
          {figuresByStep(records, evaluations).map(({ step, record, evaluation }) => (
            <Row key={step} step={step} record={record} evaluation={evaluation} measured={measured} names={names} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The loss of every step in figures: the twin of the chart for eyes and hands that a canvas does not serve. */
import { memo } from "react";
import type { StepRecord } from "../../workers/training/events.ts";
import { figure } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";

/** Drawn once: a run of ten thousand steps must not draw ten thousand rows at each of them. */
const Row = memo(({ record }: { record: StepRecord }) => (
  <tr>
    <td className="number">{record.step}</td>
    <td className="number" data-loss={record.loss}>
      {record.loss.toFixed(4)}
    </td>
    <td className="number">{figure(record.gradNorm)}</td>
    <td className="number">{figure(record.learningRate)}</td>
  </tr>
));

export function LossTable({ records }: { records: StepRecord[] }) {
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
            <th scope="col" className="number">
              Gradient norm
            </th>
            <th scope="col" className="number">
              Learning rate
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <Row key={record.step} record={record} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The curves of the example as a small drawing, with a line at the step that is on show. The chart of a run is another, larger piece. */
import { figure } from "../parts/format.ts";
import { words } from "../words/index.ts";

interface CurveProps {
  losses: readonly number[];
  evaluations: readonly { step: number; loss: number }[];
  /** Step on show. */
  at: number;
}

const [WIDTH, HEIGHT] = [320, 120];
/** Room for the figures of the axes. */
const [LEFT, BOTTOM] = [26, 16];

export function ExampleCurve({ losses, evaluations, at }: CurveProps) {
  const say = words().welcome.example;
  const steps = losses.length;
  const top = Math.max(...losses, ...evaluations.map(({ loss }) => loss));
  const x = (step: number): number => LEFT + (step / steps) * (WIDTH - LEFT - 6);
  const y = (loss: number): number => 6 + (1 - loss / top) * (HEIGHT - BOTTOM - 6);
  const point = (step: number, loss: number): string => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`;
  const [first, last] = [evaluations[0]!, evaluations.at(-1)!];
  return (
    <figure aria-label={say.curve} className="example-curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line className="axis" x1={LEFT} x2={WIDTH - 6} y1={y(0)} y2={y(0)} />
        <text x={LEFT - 4} y={y(0) + 3} textAnchor="end">
          0
        </text>
        <text x={LEFT - 4} y={y(top) + 8} textAnchor="end">
          {Math.round(top)}
        </text>
        <text x={x(0)} y={HEIGHT - 3}>
          0
        </text>
        <text x={x(steps)} y={HEIGHT - 3} textAnchor="end">
          {say.step(steps)}
        </text>
        <polyline className="trained" points={losses.map((loss, n) => point(n + 1, loss)).join(" ")} />
        <polyline className="unseen" points={evaluations.map(({ step, loss }) => point(step, loss)).join(" ")} />
        {evaluations.map(({ step, loss }) => (
          <circle key={step} className="unseen" cx={x(step)} cy={y(loss)} r={step === at ? 4 : 2.5} />
        ))}
        <line className="at" x1={x(at)} x2={x(at)} y1={4} y2={y(0)} />
      </svg>
      <figcaption className="detail">
        <span className="key trained">{say.trained}</span> <span className="key unseen">{say.unseen}</span>
        <span className="visually-hidden">{say.curveWords(figure(first.loss), figure(last.loss), last.step)}</span>
      </figcaption>
    </figure>
  );
}

/** What a run will need, from the very plan that will be allocated. */

import { bytes, count, flops } from "../parts/format.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { RecipeAdvice } from "./RecipeAdvice.tsx";

const verdict = { fits: "fits", tight: "tight", "too-large": "too large" };

/** "keep 9 of 22 layers in f16" as what the run does. */
const policyWords = (policy: string): string => policy.replace("keep", "kept").replace("recompute", "recomputed");

export function PlanCard() {
  const plan = useTraining((s) => s.plan);
  if (!plan) return null;
  return (
    <div className="plan">
      <dl>
        <div>
          <dt>Trainable</dt>
          <dd>{count(plan.trainableParameters)} parameters</dd>
        </div>
        <div>
          <dt>GPU memory</dt>
          <dd>
            {bytes(plan.totalBytes)} <span className={`badge ${plan.fits}`}>{verdict[plan.fits]}</span>
          </dd>
        </div>
        <div>
          <dt>Checkpoint</dt>
          <dd>{bytes(plan.checkpointBytes)}</dd>
        </div>
        <div>
          <dt>Work a step</dt>
          <dd>
            {flops(plan.flopsPerStep)}
            {plan.flopsPerStepSeen < plan.flopsPerStep &&
              `; ${flops(plan.flopsPerStepSeen)} once its pictures were seen`}
          </dd>
        </div>
        <div>
          <dt>Activations</dt>
          <dd>{policyWords(plan.policy)}</dd>
        </div>
        <div>
          <dt>Epochs</dt>
          <dd>{plan.epochs > 0 ? plan.epochs.toFixed(1) : "–"}</dd>
        </div>
      </dl>
      {plan.fits === "tight" && <p className="detail">{plan.advice}</p>}
      {plan.fits === "too-large" && (
        <div className="error-note" role="alert">
          <p>
            <strong>This recipe does not fit this GPU.</strong> Nothing was started.
          </p>
          <p>{plan.advice}</p>
        </div>
      )}
      <RecipeAdvice />
      <details>
        <summary>Where the memory goes</summary>
        <table aria-label="Memory">
          <tbody>
            {plan.memory.map((part) => (
              <tr key={part.name}>
                <th scope="row">{part.name}</th>
                <td className="number">{bytes(part.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {plan.lentBytes > 0 && (
          <p className="detail">
            Text is trained in the memory of {bytes(plan.lentBytes)} of the vision tower's weights. A copy of them lies
            in CPU memory, and goes back to the GPU in steps with new pictures.
          </p>
        )}
        {plan.answerBytes > 0 && <p className="detail">{words().recipe.plan.answers(bytes(plan.answerBytes))}</p>}
      </details>
    </div>
  );
}

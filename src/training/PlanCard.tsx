/** What follows from the recipe: steps, time, memory and size, from the very plan that will be allocated. */
import { useEffect } from "react";
import type { PlanInfo } from "../../workers/protocol/engine.ts";
import { answersRows, evaluationsOf, rowsPerStep } from "../../workers/recipe.ts";
import { expectedLike } from "../page/card-speeds.ts";
import { adapterOf, rememberedSpeed } from "../page/speed.ts";
import { useApp } from "../page/store.ts";
import { bytes, count, fixed, flops } from "../parts/format.ts";
import { likeRun, rowsOfStep, usualEvaluation } from "../parts/step-times.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useStepTime } from "../stores/step-time.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { HandOverNew } from "./HandOverNew.tsx";
import { seenWords } from "./questions.ts";
import { RecipeAdvice } from "./RecipeAdvice.tsx";
import { type Known, timeWords } from "./time.ts";

/** An adapter's file has its numbers in f32. */
const BYTES_OF_NUMBER = 4;

/** "keep 9 of 22 layers in f16" as what the run does. */
function policyWords(policy: string): string {
  const { some, ...whole } = words().recipe.plan.policy;
  const [, kept, all, half] = /^keep (\d+) of (\d+) layers( in f16)?$/.exec(policy) ?? [];
  return kept && all ? some(kept, all, half !== undefined) : ((whole as Record<string, string>)[policy] ?? policy);
}

/** What is known of how fast such a run goes here, and measures so many rows. */
function useKnown(heldOut: number): Known {
  const model = useModel((s) => s.info);
  const fields = useTraining((s) => s.fields);
  const running = useTraining((s) => isRunning(s.state));
  const runs = useRuns((s) => s.runs);
  const adapter = useApp((s) => s.capability?.adapter);
  const times = useStepTime((s) => s.times);
  const like = model && likeRun(runs, model.id, rowsOfStep(fields));
  const id = like?.id;
  const { look } = useStepTime.getState();
  // The log of a run that goes on is not whole yet.
  useEffect(() => {
    if (id && !running) void look(id);
  }, [id, running, look]);
  const time = id === undefined ? undefined : times.get(id);
  return {
    run: like && time && { ...time, createdAt: like.createdAt, evaluation: usualEvaluation(time.evaluations, heldOut) },
    flopsPerSecond: adapter && rememberedSpeed(adapterOf(adapter))?.flopsPerSecond,
    expected: adapter && expectedLike(adapter),
  };
}

function Strip({ plan }: { plan: PlanInfo }) {
  const say = words().recipe.plan;
  const recipe = useTraining((s) => s.planned);
  const data = useDataset((s) => s.info);
  const separated = useDataset((s) => s.separated);
  const rows = data ? (separated?.training ?? data.rows) : 0;
  const heldOut = separated?.heldOut ?? 0;
  const work = {
    steps: plan.steps,
    flops: plan.flopsPerStep,
    flopsSeen: plan.flopsPerStepSeen,
    evaluations: recipe ? evaluationsOf(recipe, plan.steps) : 0,
    heldOutSteps: recipe ? heldOut / rowsPerStep(recipe) : 0,
    answers: recipe !== undefined && heldOut > 0 && answersRows(recipe),
  };
  const { time, source } = timeWords(work, useKnown(heldOut));
  return (
    <dl className="strip">
      <div>
        <dt>{say.steps}</dt>
        <dd>{plan.steps > 0 ? say.stepsAre(plan.steps) : "–"}</dd>
        <dd className="hint">{recipe && rows > 0 ? seenWords(plan.steps, recipe, rows) : say.noRows}</dd>
      </div>
      <div>
        <dt>{say.time}</dt>
        <dd>{time}</dd>
        {source && <dd className="hint">{source}</dd>}
      </div>
      <div>
        <dt>{say.memory}</dt>
        <dd>
          {bytes(plan.totalBytes)} <span className={`badge ${plan.fits}`}>{say.fits[plan.fits]}</span>
        </dd>
      </div>
      <div>
        <dt>{say.adapter}</dt>
        <dd>{bytes(BYTES_OF_NUMBER * plan.trainableParameters)}</dd>
        <dd className="hint">{say.adapterIs}</dd>
      </div>
    </dl>
  );
}

function MoreFigures({ plan }: { plan: PlanInfo }) {
  const say = words().recipe.plan;
  const { needs, free } = plan.storage;
  const seen = plan.flopsPerStepSeen < plan.flopsPerStep ? `; ${say.workSeen(flops(plan.flopsPerStepSeen))}` : "";
  const figures = [
    [say.trainable, say.parameters(count(plan.trainableParameters))],
    [say.checkpoint, bytes(plan.checkpointBytes)],
    ...(Number.isFinite(free) ? [[say.storage, say.storageIs(bytes(needs), bytes(free))]] : []),
    [say.work, `${flops(plan.flopsPerStep)}${seen}`],
    [say.activations, policyWords(plan.policy)],
    [say.epochs, plan.epochs > 0 ? fixed(plan.epochs, 1) : "–"],
  ];
  return (
    <details>
      <summary>{say.more}</summary>
      <dl>
        {figures.map(([title, figure]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
      <table aria-label={say.parts}>
        <tbody>
          {plan.memory.map((part) => (
            <tr key={part.name}>
              <th scope="row">{part.name}</th>
              <td className="number">{bytes(part.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan.lentBytes > 0 && <p className="detail">{say.lent(bytes(plan.lentBytes))}</p>}
      {plan.answerBytes > 0 && <p className="detail">{say.answers(bytes(plan.answerBytes))}</p>}
    </details>
  );
}

export function PlanCard() {
  const plan = useTraining((s) => s.plan);
  if (!plan) return null;
  const say = words().recipe.plan;
  return (
    <div className="plan">
      <Strip plan={plan} />
      {plan.fits === "tight" && <p className="detail">{plan.advice}</p>}
      {plan.storage.needs > plan.storage.free && (
        <p className="note">{say.storageShort(bytes(plan.storage.needs), bytes(plan.storage.free))}</p>
      )}
      {plan.fits === "too-large" && (
        <div className="error-note" role="alert">
          <p>
            <strong>{say.tooLarge}</strong> {say.nothingStarted}
          </p>
          <p>{plan.advice}</p>
        </div>
      )}
      {plan.fits === "too-large" && <HandOverNew />}
      <RecipeAdvice />
      <MoreFigures plan={plan} />
    </div>
  );
}

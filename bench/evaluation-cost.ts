/**
 * What an evaluation costs beside training, as recorded: dispatches and FLOPs of the very programs that a run replays, on published
 * models, without a GPU. `node scripts/run-ts.mjs /bench/evaluation-cost.ts` prints the table of docs/measured.md, which a test holds.
 */
import { Planner } from "../workers/gpu/buffers.ts";
import { type Dims, evaluate, type Recorder } from "../workers/gpu/program.ts";
import { softwareVariants } from "../workers/gpu/variants.ts";
import { allocateAdapter } from "../workers/models/adapter.ts";
import { recordDecode, recordPrefill } from "../workers/models/chat-pass.ts";
import { pictureSettingsOf } from "../workers/models/family.ts";
import { recordEvaluation, recordTraining } from "../workers/models/pass.ts";
import { configOf, modelOf, publishedPictures, publishedTensors } from "../workers/models/published.ts";
import { allocateStep } from "../workers/models/step-buffers.ts";
import { quantOf } from "../workers/models/weight-builder.ts";
import { allocateWeights } from "../workers/models/weights.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { loraSettings, onModel } from "../workers/training/plan.ts";

export interface EvaluationCost {
  model: string;
  rowTokens: number;
  /** A row of a training pass, of one that measures, and one that is answered: FLOPs and dispatches, its pictures' features being kept. */
  trained: Cost;
  measured: Cost;
  answered: Cost;
  /** Rows of an optimizer step. */
  batch: number;
}

interface Cost {
  flops: number;
  dispatches: number;
}

/** Tokens of an answer: where a run cuts one whose right answer has 16 tokens (twice as many, and 32). */
const ANSWER_TOKENS = 64;
/** Of a row's tokens, those of its answer. */
const TARGETS = 16;

const MODELS: [string, string, Record<string, unknown>][] = [
  ["SmolVLM 256M, pictures whole", "HuggingFaceTB/SmolVLM-256M-Instruct", { do_image_splitting: false }],
  ["tiny-llava", "bczhou/tiny-llava-v1-hf", {}],
  ["LLaVA-1.5 7B", "llava-hf/llava-1.5-7b-hf", {}],
];

/** FLOPs of one replay, and its dispatches. */
function costOf<K extends string>({ specs }: Recorder<K>, dims: Dims<K>): Cost {
  return { flops: specs.reduce((sum, { flops }) => sum + evaluate(flops ?? 0, dims), 0), dispatches: specs.length };
}

const shared = ({ flops, dispatches }: Cost, rows: number): Cost => ({
  flops: flops / rows,
  dispatches: dispatches / rows,
});

function costOn(model: string, repo: string, changes: Record<string, unknown>): EvaluationCost {
  const [config, tensors, { vocab }] = [configOf(repo), publishedTensors(repo), modelOf(repo)];
  const given = parseRecipe({ ...changes, eval_strategy: "steps", train_on: "responses" });
  const pictures = publishedPictures(repo, pictureSettingsOf(given));
  const planned = { config, pictures, checkpoint: { tensors }, preparation: { vocab } };
  const { recipe, planOf } = onModel(planned, given);
  const { rowTokens, memory } = planOf();
  const { capacity, tileCapacity, answerRows } = memory;
  const planner = new Planner();
  const { weights } = allocateWeights(planner, config, tensors, quantOf(recipe));
  const adapter = allocateAdapter(planner, config, loraSettings(recipe), { training: true, optim: recipe.optim });
  const step = allocateStep(planner, { config, weights, adapter, capacity, tileCapacity, answerRows });
  const facts = { config, weights, ropeTable: step.pass.ids, variants: softwareVariants };
  const rows = Math.max(1, Math.floor(capacity.rows / rowTokens));
  const dims = { rows: rows * rowTokens, labelRows: rows * TARGETS };
  const pass = { ...dims, gradScale: 1, accumulate: 0, step: 0, firstRow: 0 };
  const { b, d } = step.answers!;
  const sampling = { temperature: 0, topP: 1, topK: 0, seed: 0 };
  const asked = rowTokens - TARGETS;
  const answered = { flops: 0, dispatches: 0 };
  const add = ({ flops, dispatches }: Cost): void => {
    answered.flops += flops;
    answered.dispatches += dispatches;
  };
  const prefill = recordPrefill(facts, b, d, adapter);
  for (let past = 0; past < asked; past += b.capacity.rows) {
    const fed = Math.min(b.capacity.rows, asked - past);
    add(costOf(prefill, { rows: fed, past, labelRows: past + fed === asked ? 1 : 0, ...sampling }));
  }
  const decode = recordDecode(facts, b, d, adapter);
  for (let n = 1; n < ANSWER_TOKENS; n += d.steps) {
    const steps = Math.min(d.steps, ANSWER_TOKENS - n);
    const { flops, dispatches } = costOf(decode, { steps, past: asked + n - 1, ...sampling });
    // Passes behind the last token are not sent.
    add({ flops, dispatches: (dispatches * steps) / d.steps });
  }
  return {
    model,
    rowTokens,
    trained: shared(costOf(recordTraining(facts, step.pass, adapter), pass), rows),
    measured: shared(costOf(recordEvaluation(facts, step.pass, adapter), pass), rows),
    answered,
    batch: recipe.perDeviceTrainBatchSize * recipe.gradientAccumulationSteps,
  };
}

export const evaluationCosts = (): EvaluationCost[] => MODELS.map((model) => costOn(...model));

/** Six answers, which are usual, in optimizer steps. */
const inSteps = ({ trained, answered, batch }: EvaluationCost): number =>
  (6 * answered.flops) / (batch * trained.flops);

/** The lines of the table in docs/measured.md. */
export const costRows = (costs: readonly EvaluationCost[]): string[] =>
  costs.map((cost) => {
    const { model, rowTokens, trained, measured, answered } = cost;
    const work = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;
    const cells = [
      `${model}, ${rowTokens} tokens`,
      work(trained.flops),
      `${work(measured.flops)}, ${Math.round((100 * measured.flops) / trained.flops)} %`,
      `${Math.round((100 * measured.dispatches) / trained.dispatches)} %`,
      `${work(answered.flops)}, ${answered.dispatches.toLocaleString("en")} dispatches`,
      inSteps(cost).toPrecision(2),
    ];
    return `| ${cells.join(" | ")} |`;
  });

export async function main(): Promise<number> {
  process.stdout.write(`${costRows(evaluationCosts()).join("\n")}\n`);
  return 0;
}

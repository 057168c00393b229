/** What looks wrong in a recipe before it runs on these rows of this model. */
import { type Advice, roundly } from "../../advice.ts";
import { type Recipe, rowsPerStep, stepsPerEpoch } from "../../recipe.ts";
import { counted } from "../../words.ts";
import { ENOUGH_STEPS, FEW_STEPS, MOST_EPOCHS, USUAL_EPOCHS, usualSteps } from "./lengths.ts";
import { scaleOf, usualRate } from "./rate.ts";

/** So many times the usual rate LoRA unlearns; so small a part of it is the rate of full training, and less. */
const TOO_HIGH = 10;
const TOO_LOW = 1 / 8;
export interface AdvisedRows {
  /** That are trained on. */
  rows: number;
  /** [tokens, rows] of each length, ascending; empty where lengths are not known. */
  lengths: readonly (readonly [number, number])[];
}

export interface Advised {
  recipe: Recipe;
  model: { hiddenSize: number; positions: number };
  /** Of the whole run. */
  steps: number;
  /** Undefined before there are rows. */
  data: AdvisedRows | undefined;
  /** It begins with an adapter that was trained before: low rates and few steps are as usual then. */
  goesOn?: boolean;
}

/** Advice in the order of the form; none for what looks sound. */
export function adviceOnRecipe(advised: Advised): Advice[] {
  return [onRate(advised), onSteps(advised), onBatch(advised), onLength(advised)].filter((a) => a !== undefined);
}

function onRate({ recipe, model, goesOn }: Advised): Advice | undefined {
  const rate = recipe.learningRate;
  const usual = roundly(usualRate(recipe, model.hiddenSize));
  const times = rate / usual;
  if (times <= TOO_HIGH && (times >= TOO_LOW || goesOn)) return undefined;
  const scale = Number(scaleOf(recipe).toPrecision(2));
  const about = `At rank ${recipe.loraR} and alpha ${recipe.loraAlpha} updates are multiplied by ${scale}; LoRA on a model of this width learns at about ${usual}`;
  return {
    about: "learning rate",
    words:
      times > TOO_HIGH
        ? `A learning rate of ${rate} is far too high. ${about}, a ${Math.round(times)}th of that: this will unlearn.`
        : `A learning rate of ${rate} is very low. ${about}, ${rate > 0 ? `${Math.round(1 / times)} times as much` : "and nothing at 0"}: full training takes such rates, an adapter hardly moves.`,
    set: { learning_rate: usual },
  };
}

function onSteps({ recipe, steps, data, goesOn }: Advised): Advice | undefined {
  if (!data || data.rows === 0) return undefined;
  const perEpoch = stepsPerEpoch(recipe, data.rows);
  const epochs = steps / perEpoch;
  const usual = usualSteps(perEpoch);
  // A run that is measured and ends with its best adapter bears too many steps.
  const bestIsTaken = recipe.loadBestModelAtEnd || recipe.earlyStoppingPatience !== null;
  if (epochs > MOST_EPOCHS && !bestIsTaken) {
    return {
      about: "steps",
      words: `Every row is seen ${Math.round(epochs)} times: it will be learnt by heart. ${USUAL_EPOCHS} times are usual, few rows bear up to ${MOST_EPOCHS}; ${counted(usual, "step")} ${usual === 1 ? "is" : "are"} ${Number((usual / perEpoch).toFixed(1))} times.`,
      set: { max_steps: usual },
    };
  }
  if (epochs < 1 && steps < FEW_STEPS && !goesOn) {
    const more = Math.min(usual, ENOUGH_STEPS);
    const seen = steps * rowsPerStep(recipe);
    return {
      about: "steps",
      words: `${counted(steps, "step")} ${steps === 1 ? "sees" : "see"} ${seen} of ${data.rows} rows: an adapter hardly moves in so few. About ${more} are enough to see whether it learns.`,
      set: { max_steps: more },
    };
  }
  return undefined;
}

function onBatch({ recipe, data }: Advised): Advice | undefined {
  const batch = recipe.perDeviceTrainBatchSize;
  if (!data || batch <= data.rows || data.rows === 0) return undefined;
  return {
    about: "batch size",
    words: `A batch of ${batch} is more than the ${counted(data.rows, "row")}: each step takes all, and its memory is planned for ${batch}.`,
    set: { per_device_train_batch_size: data.rows },
  };
}

function onLength({ recipe, data, model }: Advised): Advice | undefined {
  if (!data) return undefined;
  const maxLength = Math.min(recipe.maxLength, model.positions);
  const long = data.lengths.reduce((sum, [tokens, rows]) => sum + (tokens > maxLength ? rows : 0), 0);
  if (long === 0) return undefined;
  const all = data.lengths.reduce((sum, [, rows]) => sum + rows, 0);
  const longest = data.lengths.at(-1)![0];
  const [are, lose] = long === 1 ? ["is", "loses its end"] : ["are", "lose their ends"];
  const room = Math.min(longest, model.positions);
  return {
    about: "row length",
    words: `${long} of ${all} rows ${are} longer than ${maxLength} tokens and ${lose}: a cut answer does not show where to stop, and a row without room for an answer is left out. The longest has ${longest}${longest > model.positions ? `, and the model has ${model.positions} positions` : ""}.`,
    ...(room > maxLength ? { set: { max_length: room } } : {}),
  };
}

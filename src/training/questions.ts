/** The three questions of the recipe: what may be answered, what is, and what each answer sets, in words. */
import { TabTuneError } from "../../workers/errors.ts";
import { parseRecipe, type Recipe, rowsPerStep, stepsPerEpoch } from "../../workers/recipe.ts";
import {
  type Choices,
  careChoices,
  hasAll,
  lengthChoices,
  type Setting,
  strengthChoices,
} from "../../workers/training/advice/choices.ts";
import { fixed } from "../parts/format.ts";
import { words } from "../words/index.ts";

export type Question = "length" | "strength" | "care";

export interface Answer {
  name: string;
  title: string;
  says: string;
  /** What comes of it, in figures; "" where nothing is known. */
  effect: string;
  /** The numbers that it sets, under Hugging Face's names. */
  numbers: string;
  sets: Setting;
}

export interface Asked {
  question: Question;
  legend: string;
  answers: Answer[];
  /** Name of the answer that the recipe has. */
  chosen: string | undefined;
  /** Of a recipe that has none of them: which numbers it has, and whose they are. "" otherwise. */
  otherwise: string;
  /** Why it cannot be answered now; "" when it can. */
  obstacle: string;
}

export interface Asking {
  fields: Setting;
  /** The form as the preset makes it, and what the preset is called. */
  preset: { fields: Setting; name: string };
  /** Rows that are trained on; 0: none yet. */
  rows: number;
  /** Hidden size of the model; 0: none is loaded. */
  hiddenSize: number;
  /** Learning rate of the usual strength. */
  rate: number;
  /** The run begins with an adapter, whose rank and alpha hold. */
  goesOn: boolean;
}

/** A recipe of fields that are right each and together; what is wrong with others is told where the plan is asked for. */
function soundRecipe(fields: Setting): Recipe | undefined {
  try {
    return parseRecipe(fields);
  } catch (error) {
    if (error instanceof TabTuneError) return undefined;
    throw error;
  }
}

/** "lora_r 16, lora_alpha 16" */
export const numbersOf = (sets: Setting): string =>
  Object.entries(sets)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

/** How often a run of so many steps sees each row. */
export function seenWords(steps: number, recipe: Recipe, rows: number): string {
  const { seen, part } = words().recipe.questions.length;
  const times = steps / stepsPerEpoch(recipe, rows);
  const made = steps * rowsPerStep(recipe);
  return times < 1 ? part(Math.min(rows, made), rows) : seen(fixed(times, times < 10 && times % 1 > 0.04 ? 1 : 0));
}

/** What the keys of a question are now, where they are no answer's. */
function otherwiseOf({ fields, preset }: Asking, keys: string[]): string {
  const { own, preset: asPreset } = words().recipe.questions;
  const epochs = keys.includes("max_steps") && fields.max_steps === -1 ? ["num_train_epochs"] : [];
  const now = Object.fromEntries([...keys, ...epochs].map((key) => [key, fields[key]]));
  return hasAll(preset.fields, now) ? asPreset(preset.name, numbersOf(now)) : own(numbersOf(now));
}

interface Text {
  title: string;
  says: string;
}

function asked<T extends string>(
  asking: Asking,
  say: { question: Question; legend: string; texts: Record<T, Text>; effect?(sets: Setting, name: T): string },
  found: Choices<T> | undefined,
  obstacle: string,
): Asked {
  const names = Object.keys(say.texts) as T[];
  const choices = found?.choices ?? names.map((name) => ({ name, sets: {} }));
  const answers = choices.map(({ name, sets }) => {
    const effect = found ? (say.effect?.(sets, name) ?? "") : "";
    return { name, ...say.texts[name], sets, effect, numbers: numbersOf(sets) };
  });
  const none = found !== undefined && found.chosen === undefined;
  const otherwise = none ? otherwiseOf(asking, Object.keys(choices[0]!.sets)) : "";
  return { question: say.question, legend: say.legend, answers, chosen: found?.chosen, otherwise, obstacle };
}

/** The questions in their order. `takes`: what a run takes by each answer to the last one, in words; "" where that is not known. */
export function askedOf(asking: Asking, takes: (care: string) => string): Asked[] {
  const { needsModel, needsData, wrong, length, strength, care } = words().recipe.questions;
  const { fields, rows, hiddenSize, rate, goesOn } = asking;
  const recipe = soundRecipe(fields);
  const because = recipe ? "" : wrong;
  const noModel = because || (hiddenSize > 0 ? "" : needsModel);
  const noData = because || (rows > 0 ? "" : needsData);
  const textsOf = {
    length: { look: length.look, good: length.good, thorough: length.thorough },
    strength: { gentle: strength.gentle, usual: strength.usual, strong: strength.strong },
    care: { quick: care.quick, balanced: care.balanced, least: care.least },
  };
  return [
    asked(
      asking,
      {
        question: "length",
        legend: length.legend,
        texts: textsOf.length,
        effect: ({ max_steps }) => seenWords(Number(max_steps), recipe!, rows),
      },
      recipe && !noData ? lengthChoices(recipe, rows) : undefined,
      noData,
    ),
    asked(
      asking,
      { question: "strength", legend: strength.legend, texts: textsOf.strength },
      recipe && !noModel ? strengthChoices({ recipe, rate, hiddenSize, goesOn }) : undefined,
      noModel,
    ),
    asked(
      asking,
      { question: "care", legend: care.legend, texts: textsOf.care, effect: (_, name) => takes(name) },
      recipe ? careChoices(recipe) : undefined,
      because,
    ),
  ];
}

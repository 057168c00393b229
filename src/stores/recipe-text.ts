/** Recipes as text: in files, and in links. A recipe is settings and nothing else: no data and no model is in it. */
import { isJsonObject } from "../../workers/json.ts";
import { parseRecipe, recipeProblems, toHuggingFace } from "../../workers/recipe.ts";
import { words } from "../words/index.ts";

/** Keys that say how a model is loaded and its rows are prepared: they are chosen with the model, before there is a run. */
export const LOADING_KEYS = [
  "load_in_4bit",
  "bnb_4bit_quant_type",
  "bnb_4bit_use_double_quant",
  "quantize_modules",
  "chat_template",
  "max_image_tiles",
  "do_image_splitting",
  "image_longest_edge",
  "min_pixels",
  "max_pixels",
];

const DEFAULTS = toHuggingFace(parseRecipe({}));
const KEYS = new Set(Object.keys(DEFAULTS));
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A recipe file: every key, a line each. */
export const recipeText = (fields: Record<string, unknown>): string => `${JSON.stringify(fields, null, 2)}\n`;

/** Longer ones are cut by some programs that pass links on. */
export const LONGEST_LINK = 8000;

/** The address of this page with the settings that are not the default behind "#": what is behind it is sent to no server. */
export function recipeLink(fields: Record<string, unknown>, page: string): string {
  const given = Object.entries(fields).filter(([key, value]) => !same(value, DEFAULTS[key]));
  return `${page.replace(/#.*$/, "")}#recipe=${encodeURIComponent(JSON.stringify(Object.fromEntries(given)))}`;
}

/** The text of a recipe in an address's "#…"; undefined where there is none. */
export function recipeInHash(hash: string): string | undefined {
  const found = /^#recipe=(.*)$/.exec(hash);
  if (!found) return undefined;
  try {
    return decodeURIComponent(found[1]!);
  } catch {
    // A link that was cut inside of a character: its text is no JSON, which is told.
    return found[1]!;
  }
}

/**
 * Whether a JSON file is a recipe and no data: an object with a key of recipes, or one that is called a recipe. Rows are lists, or
 * objects with lists of objects.
 */
export function looksLikeRecipe(name: string, text: string): boolean {
  const called = /recipe/i.test(name.split("/").at(-1)!);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What is wrong with it is told by whoever reads it.
    return called;
  }
  if (!isJsonObject(json)) return false;
  const values = Object.values(json);
  const rows = values.some((value) => Array.isArray(value) && value.some(isJsonObject));
  return !rows && (called || Object.keys(json).some((key) => KEYS.has(key)));
}

/** What a recipe does to a form. */
export interface Filled {
  fields: Record<string, unknown>;
  /** What is to be told, whole sentences. */
  told: string;
}

/**
 * The fields of a form after a recipe, which may name some keys only: the others have their defaults. Keys of loading stay as they are.
 * @param where what it came from: "recipe.json", "A link"
 * @throws TabTuneError "bad-recipe" naming the first key that is unknown or has a value that is not allowed
 */
export function filledForm(json: unknown, before: Record<string, unknown>, where: string): Filled {
  const whole = toHuggingFace(parseRecipe(json));
  const given = json as Record<string, unknown>;
  const kept = Object.fromEntries(LOADING_KEYS.map((key) => [key, before[key]]));
  const shown = (key: string): string => `${key} ${JSON.stringify(given[key])}`;
  const taken = Object.keys(given).filter((key) => !LOADING_KEYS.includes(key));
  const other = Object.keys(given).filter((key) => LOADING_KEYS.includes(key) && !same(given[key], before[key]));
  const changed = taken.filter((key) => !same(given[key], before[key]));
  const say = words().recipe.file;
  const told = [
    changed.length > 0 ? say.changed(where, listOf(changed.map(shown))) : say.changedNothing(where),
    others(whole, given, before),
    other.length > 0 && say.notTaken(other.map(shown).join(", "), other.length),
  ];
  return { fields: { ...whole, ...kept }, told: told.filter(Boolean).join(" ") };
}

/** Of keys that the recipe leaves out. */
function others(
  whole: Record<string, unknown>,
  given: Record<string, unknown>,
  before: Record<string, unknown>,
): string {
  const keys = Object.keys(whole).filter((key) => !(key in given) && !LOADING_KEYS.includes(key));
  const changed = keys.filter((key) => !same(whole[key], before[key]));
  if (changed.length === 0) return "";
  const shown = changed.map((key) => `${key} ${JSON.stringify(whole[key])}`);
  return words().recipe.file.defaults(listOf(shown));
}

const MOST_SHOWN = 12;
const listOf = (all: string[]): string =>
  all.length <= MOST_SHOWN
    ? all.join(", ")
    : words().recipe.file.more(all.slice(0, MOST_SHOWN).join(", "), all.length - MOST_SHOWN);

/** Whether a form can be written as a recipe: a field that is empty or wrong cannot. */
export const recipeObstacle = (fields: Record<string, unknown>): string => {
  const [wrong] = recipeProblems(fields).keys();
  return wrong === undefined ? "" : words().recipe.file.correct(wrong);
};

/**
 * The record of a run as it lies in the store, in every shape that it ever had. A run of today holds the model's config.json: its
 * names are Hugging Face's and do not change when ours do. Whoever changes what a field means raises SCHEMA and adds a step to it from
 * the one before, as `schema0` is; a new field that runs can do without is optional. A page that does not know such a field keeps it when
 * it writes the record over: two versions of one layout may write one store in turn.
 */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import type { OpenedModel } from "../../models/open.ts";
import { recipeProblems } from "../../recipe.ts";
import { schema0 } from "./run-info-0.ts";

/** 0: without a number, `model` held this program's own sizes of a LLaVA model. 1: `modelConfig` is config.json. */
export const SCHEMA = 1;

const json = v.record(v.string(), v.unknown());

const prompting = v.object({
  template: v.optional(v.string()),
  ...{ takesParts: v.boolean(), asksAsTrained: v.boolean(), writesBos: v.boolean() },
  endIds: v.array(v.number()),
});
const pictures = v.object({ processor: json, config: json, note: v.optional(v.string()) });

const record = v.object({
  schema: v.literal(SCHEMA),
  id: v.string(),
  /** ISO 8601. */
  createdAt: v.string(),
  modelId: v.string(),
  modelLabel: v.string(),
  datasetId: v.string(),
  datasetLabel: v.string(),
  maxSteps: v.number(),
  /** "running" while a worker is at it; found so later, the run was interrupted. */
  status: v.picklist(["running", "stopped", "done"]),
  /** config.json of the model: the adapter can be downloaded without loading it. */
  modelConfig: json,
  /** What transformers has to be told of the processor, by its attributes; absent in runs of complete checkpoints. */
  processor: v.optional(v.record(v.string(), v.union([v.string(), v.number()]))),
  /** How transformers asks for an answer and cuts pictures as in training; absent in runs of before it was kept. */
  inference: v.optional(v.object({ prompting, pictures })),
  /** Hugging Face names. */
  recipe: json,
});

/** With the fields of later versions. */
const withLater = v.looseObject({
  ...record.entries,
  inference: v.optional(
    v.looseObject({ prompting: v.looseObject(prompting.entries), pictures: v.looseObject(pictures.entries) }),
  ),
});

/** What the page shows of a run, beside what its checkpoints and its log say. */
export type RunInfo = v.InferOutput<typeof record>;

/** What the record holds of the model. */
export const recordOfModel = (
  model: OpenedModel,
): Pick<RunInfo, "modelId" | "modelLabel" | "modelConfig" | "processor" | "inference"> => ({
  modelId: model.id,
  modelLabel: model.files.label,
  modelConfig: model.configJson,
  ...(model.processor ? { processor: model.processor } : {}),
  inference: model.inference,
});

/**
 * Reads what `saveRunInfo` of this or an earlier version wrote.
 * @throws TabTuneError "bad-checkpoint" where a later version wrote it, or where a field is not what it should be
 */
export function parseRunInfo(stored: unknown): RunInfo {
  const said = v.parse(v.looseObject({ schema: v.optional(v.number(), 0) }), stored);
  if (said.schema > SCHEMA) throw ofNewerVersion();
  const read = v.safeParse(said.schema === 0 ? v.pipe(schema0, record) : withLater, said);
  if (read.success) {
    // The record is sealed, so a setting that is none here is one that this version does not have yet.
    if (recipeProblems(read.output.recipe).size > 0) throw ofNewerVersion();
    return read.output;
  }
  const [issue] = read.issues;
  throw new TabTuneError(
    "bad-checkpoint",
    `The record of this run is not sound: ${v.getDotPath(issue) ?? "it"}: ${issue.message}.`,
    "Start a new run.",
    "The run stays as it is.",
  );
}

/** Of a run that this page must neither go on with nor write over. */
export const ofNewerVersion = (): TabTuneError =>
  new TabTuneError(
    "bad-checkpoint",
    "This run was saved by a newer version of TabTune.",
    "Reload the page to get that version, or start a new run.",
    "The run stays as it is.",
  );

/** A model with an adapter merged into it, as a folder for llama.cpp and Ollama: language model, `mmproj`, and a Modelfile. */
import { templateTokens } from "../../data/text/tokenizer.ts";
import { TabTuneError } from "../../errors.ts";
import { type GgufForm, pictureSettingsOf, type VisionForm } from "../../models/family.ts";
import type { OpenedModel } from "../../models/open.ts";
import { preparationOf } from "../../models/preparation.ts";
import type { MergedAdapter, MergeProgress, MergeTarget } from "../merge.ts";
import { canStop, jinjaOf, modelfileOf, ollamaDiffers } from "./templates.ts";
import { mergedTensors } from "./tensors.ts";
import { textFields, textTensors, type WeightType } from "./text-model.ts";
import { tokenFields } from "./tokens.ts";
import { type Turns, turnsOf, withoutMarks } from "./turns.ts";
import { visionFields, visionTensors } from "./vision-model.ts";
import { type GgufFile, writeGguf } from "./write.ts";

export type { WeightType };

export interface LlamaCppOptions {
  /** Shown by tools. */
  name: string;
  /** Of the language model; the tower is F16 in both. */
  type: WeightType;
}

/** Ollama sets the memory of so many tokens aside at once; whoever needs more writes it into the Modelfile. */
const MOST_CONTEXT = 8192;

/** The files that are written, in this order. */
export const llamaCppFiles = (type: WeightType) =>
  ({ model: `model-${type}.gguf`, vision: "mmproj-f16.gguf", modelfile: "Modelfile" }) as const;

/**
 * Writes the folder, tensor by tensor. Returns what is otherwise there than in training, a sentence each.
 * Throws TabTuneError "unsupported-model" where llama.cpp does not know the model, before anything is written, "bad-adapter" where the
 * adapter is not one of it, "bad-tensor" where a merged weight is too large for F16.
 */
export async function exportLlamaCpp(
  model: OpenedModel,
  adapter: Omit<MergedAdapter, "names">,
  options: LlamaCppOptions,
  target: MergeTarget,
  onProgress: MergeProgress = () => undefined,
): Promise<string[]> {
  const { files, text, notes } = llamaCppFolder(model, adapter, options);
  await writeGguf(files, target, onProgress);
  const writer = await target.create(llamaCppFiles(options.type).modelfile);
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.commit();
  } finally {
    await writer.abort();
  }
  return notes;
}

function llamaCppFolder(
  model: OpenedModel,
  adapter: Omit<MergedAdapter, "names">,
  { name, type }: LlamaCppOptions,
): { files: GgufFile[]; text: string; notes: string[] } {
  const { config, preparation: spec, eosIds } = model;
  const { form, vision } = formsOf(model);
  const { tokenizer, template } = preparationOf(spec);
  const tokens = tokenFields({ ...tokenizer, tokenizerJson: spec.tokenizerJson, rows: spec.vocab, eosIds });
  const written = turnsOf(template, templateTokens(tokenizer), tokenizer.imageToken);
  const turns = written && vision.marks ? withoutMarks(written, vision.marks) : written;
  if (!turns) throw refuseTemplate();
  const merged = mergedTensors(model.checkpoint, { ...adapter, names: config.names });
  const names = llamaCppFiles(type);
  return {
    files: [
      {
        name: names.model,
        fields: {
          ...textFields(name, config.decoder, form, spec.vocab, type),
          ...tokens.fields,
          "tokenizer.chat_template": { text: jinjaOf(turns) },
        },
        tensors: textTensors(merged, config.decoder, form, spec.vocab, type),
      },
      { name: names.vision, fields: visionFields(name, config, vision), tensors: visionTensors(merged, config) },
    ],
    text: modelfileOf({
      files: [names.model, names.vision],
      ...{ turns, stops: tokenizer.endTokens, context: Math.min(config.decoder.maxPositions, MOST_CONTEXT) },
      about: `${name}, for Ollama: both GGUF files beside this one.`,
    }),
    notes: [...vision.notes, ...gelus(model), ...tokens.notes, ...turnNotes(turns), ...stopNotes(tokenizer.endTokens)],
  };
}

/** Throws TabTuneError "unsupported-model" for a family that llama.cpp does not know. */
function formsOf({ family, config, configJson, preparation: spec }: OpenedModel): {
  form: GgufForm;
  vision: VisionForm;
} {
  const form = family.gguf?.(configJson);
  if (!form || !family.vision) {
    throw new TabTuneError(
      "unsupported-model",
      `llama.cpp cannot see with a model of the type ${family.modelType}, so no files are made for it.`,
      "Write the merged model instead (headless merge, or “The whole model” on the page), and run it with transformers.",
    );
  }
  const vision = family.vision({
    ...{ config, configJson, processorJson: JSON.parse(spec.processorJson) },
    ...pictureSettingsOf(spec),
  });
  return { form, vision };
}

/** llama.cpp computes GELU by tanh wherever it is not CLIP's quick one. */
const gelus = ({ config: { tower, connector } }: OpenedModel): string[] =>
  tower.activation === "gelu" || (connector.modules.length === 2 && connector.activation === "gelu")
    ? ["llama.cpp computes the exact GELU of this model by its tanh approximation, so features differ a little."]
    : [];

const turnNotes = (turns: Turns): string[] => [
  ...(turns.system
    ? []
    : ["These files have no place for a system message: put what it would say into the first question."]),
  ...(ollamaDiffers(turns)
    ? ["Ollama puts a picture right in front of the question, where training had other characters around it."]
    : []),
];

const stopNotes = (stops: readonly string[]): string[] =>
  stops
    .filter((stop) => !canStop(stop))
    .map(
      (stop) =>
        `The Modelfile cannot hold ${JSON.stringify(stop)}, which ends an answer: Ollama goes by the GGUF file alone.`,
    );

const refuseTemplate = (): TabTuneError =>
  new TabTuneError(
    "unsupported-model",
    "This chat template writes more than a text for each role around messages and pictures, which llama.cpp's strings cannot follow.",
    "Write the merged model instead (headless merge, or “The whole model” on the page), and run it with transformers.",
  );

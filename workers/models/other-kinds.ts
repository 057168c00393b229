/** Checkpoints that a family's model_type does not tell apart from its own: refused by config.json and tensor names, before a weight is read. */
import { TabTuneError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import type { Json } from "./family.ts";
import { isOriginalLayout, originalLayout } from "./llava/original.ts";

const remedy =
  "Choose the unquantised original of the model (load_in_4bit makes 4-bit weights of it while it loads), or one that bitsandbytes stored in 4 bits.";

const quantised = (how: string): TabTuneError =>
  new TabTuneError("unsupported-model", `The checkpoint is quantised ${how}, which cannot be trained on here.`, remedy);

const object = (value: unknown): Json | undefined => (isJsonObject(value) ? value : undefined);

/** Throws TabTuneError "not-a-checkpoint" or "unsupported-model" where config.json says another kind of checkpoint. */
export function refuseOtherConfig(json: Json): void {
  if (isOriginalLayout(json)) throw originalLayout(json);
  const settings = object(json.quantization_config) ?? object(object(json.text_config)?.quantization_config);
  if (settings && Object.keys(settings).length > 0) refuseQuantisation(settings);
  if (object(json.quantization)?.bits !== undefined) throw quantised("by MLX (quantization of config.json)");
}

function refuseQuantisation(settings: Json): void {
  // Files of early transformers name no method: bitsandbytes was the only one.
  const isBitsandbytes = settings.load_in_4bit !== undefined || settings.load_in_8bit !== undefined;
  const method = String(settings.quant_method ?? (isBitsandbytes ? "bitsandbytes" : "a method without a name"));
  if (!method.startsWith("bitsandbytes")) {
    const shown = /^(awq|gptq|hqq|aqlm|eetq|fp8|exl2)$/i.test(method) ? method.toUpperCase() : method.slice(0, 60);
    throw quantised(`by ${shown} (quantization_config of config.json)`);
  }
  if (settings.load_in_8bit === true && settings.load_in_4bit !== true) {
    throw quantised("by bitsandbytes in 8 bits (quantization_config of config.json)");
  }
}

/** Tensors that only another kind of checkpoint has. */
const foreignTensors: [pattern: RegExp, error: (name: string) => TabTuneError][] = [
  [/(^|\.)mm_projector\./, () => originalLayout({})],
  [/\.qweight$/, (name) => quantised(`by GPTQ or AWQ (it has the tensor ${name})`)],
  [/\.weight_packed$|\.weight_scale(_inv)?$/, (name) => quantised(`(it has the tensor ${name})`)],
  [/\.SCB$/, (name) => quantised(`by bitsandbytes in 8 bits (it has the tensor ${name})`)],
];

/** The same by the names of the tensors, for a config.json that does not say it. */
export function refuseOtherTensors(names: Iterable<string>): void {
  for (const name of names) {
    const found = foreignTensors.find(([pattern]) => pattern.test(name));
    if (found) throw found[1](JSON.stringify(name.slice(0, 200)));
  }
}

/** The image processor's file of a checkpoint: its fields by a schema, or a sentence that names the first that is wrong. */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";

/** What a checkpoint's preprocessor_config.json has that is not done here. `remedy`: which processor's is. */
export const unsupportedProcessor = (what: string, remedy: string): TabTuneError =>
  new TabTuneError("unsupported-model", `preprocessor_config.json: ${what}.`, remedy);

/** @throws TabTuneError "unsupported-model" naming the first field that `schema` does not take */
export function readProcessorFile<S extends v.GenericSchema>(
  schema: S,
  json: unknown,
  remedy: string,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw unsupportedProcessor(`${v.getDotPath(issue) ?? "the file"}: ${issue.message}`, remedy);
}

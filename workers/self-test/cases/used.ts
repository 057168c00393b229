/** Which cases try the kernels that some programs dispatch. */
import { Planner } from "../../gpu/buffers.ts";
import { Recorder } from "../../gpu/program.ts";
import type { SelfTestCase } from "./case.ts";

/** A linear kernel by direction, kind of weight and tile: LoRA, bias and residual are parts that the cases mix otherwise. */
export const kindOf = (name: string): string =>
  name
    .replace(/ (lora|bias|residual)\b/g, (part) => (name.startsWith("linear") ? "" : part))
    .replace(/\b(f32|f16|bf16)\b(?! software narrow)/, "dense");

/** Those that dispatch a kernel of the same kind as one of `kernels`, by their names. */
export function casesOf(cases: readonly SelfTestCase[], kernels: Iterable<string>): SelfTestCase[] {
  const kinds = new Set([...kernels].map(kindOf));
  return cases.filter((c) => {
    const recorder = new Recorder<never>(c.variants);
    c.record(recorder, new Planner());
    return recorder.specs.some(({ kernel }) => kinds.has(kindOf(kernel.name)));
  });
}

/** Every kind of input that the fuzz makes, by name. GGUF is written here and never read, so it is none of them. */

import { BOX_KINDS, type BoxKind } from "./box-drops.ts";
import { judgeBoxes } from "./boxes.ts";
import { FORMATS, type FuzzFormat } from "./corpus.ts";
import { type FileKind, judgeOther } from "./files.ts";
import { judgeFile, type Verdict } from "./judge.ts";

const OTHERS: readonly FileKind[] = ["safetensors", "peft", "recipe", "template", "tokenizer"];
export type Kind = FuzzFormat | BoxKind | FileKind;
export const KINDS: readonly Kind[] = [...FORMATS, ...BOX_KINDS, ...OTHERS];

const isOneOf = <T extends Kind>(kinds: readonly T[], kind: Kind): kind is T => kinds.some((one) => one === kind);

/** Input `n` of a kind and what came of it: a function of kind, number and seed. */
export function judge(kind: Kind, n: number, seed: number): Promise<Verdict> {
  if (isOneOf(OTHERS, kind)) return judgeOther(kind, n, seed);
  return isOneOf(BOX_KINDS, kind) ? judgeBoxes(kind, n, seed) : judgeFile(kind, n, seed);
}

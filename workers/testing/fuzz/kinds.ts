/** Every kind of input that the fuzz makes, by name. GGUF is written here and never read, so it is none of them. */

import { FORMATS, type FuzzFormat } from "./corpus.ts";
import { type FileKind, judgeOther } from "./files.ts";
import { judgeFile, type Verdict } from "./judge.ts";

const OTHERS: readonly FileKind[] = ["safetensors", "peft", "recipe", "template", "tokenizer"];
export type Kind = FuzzFormat | FileKind;
export const KINDS: readonly Kind[] = [...FORMATS, ...OTHERS];

/** Input `n` of a kind and what came of it: a function of kind, number and seed. */
export const judge = (kind: Kind, n: number, seed: number): Promise<Verdict> =>
  OTHERS.some((other) => other === kind)
    ? judgeOther(kind as FileKind, n, seed)
    : judgeFile(kind as FuzzFormat, n, seed);

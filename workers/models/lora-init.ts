/**
 * LoRA's start as PEFT has it (peft/tuners/lora/layer.py, `init_lora_weights=True`): A uniform in ±1/sqrt(in), which is
 * kaiming_uniform with a = sqrt(5), and B zero. Numbers come from a counter-based generator, keyed by seed, module name and
 * element: they depend on nothing else, not on the order of modules nor on the device.
 */
import { philox, Stream } from "../random/philox.ts";

/** A [rank, inFeatures] and B [outFeatures, rank] that `module` (its neutral name) begins with under `seed`. */
export function initialLora(
  module: string,
  rank: number,
  inFeatures: number,
  outFeatures: number,
  seed: number,
): { loraA: Float32Array; loraB: Float32Array } {
  const bound = 1 / Math.sqrt(inFeatures);
  const loraA = new Float32Array(rank * inFeatures);
  const name = fnv1a(module);
  for (let i = 0; i < loraA.length; i += 4) {
    const words = philox([i >>> 2, name, 0, 0], [seed, Stream.loraInit]);
    for (let k = 0; k < 4 && i + k < loraA.length; k++) {
      // 24 bits, the middle of each step: never quite ±bound.
      loraA[i + k] = (((words[k]! >>> 8) + 0.5) / 2 ** 23 - 1) * bound;
    }
  }
  return { loraA, loraB: new Float32Array(outFeatures * rank) };
}

/** 32-bit FNV-1a of the UTF-8 bytes (Fowler, Noll, Vo). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

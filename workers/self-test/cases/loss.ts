/** Cross-entropy with its gradient, and the choice of a token. */
import type { Tensor, Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { crossEntropy } from "../../kernels/loss/cross-entropy.ts";
import { crossEntropyReference } from "../../kernels/loss/reference.ts";
import { argmaxRows } from "../../kernels/sampling/argmax.ts";
import { type SamplingOptions, sampleRows } from "../../kernels/sampling/sample.ts";
import { sampleReference } from "../../kernels/sampling/sample-reference.ts";
import { asU32, type Output } from "./case.ts";

export function lossAndGradient(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, vocab, ld] = [3, 301, 304];
  const host = randomArray(rows * ld, 1, 30);
  const targetsHost = Uint32Array.of(0, 300, 17);
  const [logits, targets] = [arena.upload("logits", host), arena.upload("targets", targetsHost)];
  const [nll, only] = [arena.tensor("nll", rows), arena.tensor("nll of the loss alone", rows)];
  const gradScale = 1 / 7;
  const shared = { logits, targets, nll, vocab, ld, rows, nllRow: 0, gradScale };
  // The first leaves the logits as they are.
  crossEntropy(r, { ...shared, nll: only, mode: "loss" });
  crossEntropy(r, { ...shared, mode: "gradient" });
  const expected = crossEntropyReference(host, targetsHost, { vocab, ld, gradScale });
  return [
    { name: "loss", tensor: nll, expected: expected.nll },
    { name: "loss without a gradient", tensor: only, expected: expected.nll },
    { name: "gradient", tensor: logits, expected: expected.gradient },
  ];
}

/** A tie, and a larger value past the vocabulary that must not win. */
export function argmax(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, vocab, ld] = [3, 197, 200];
  const host = randomArray(rows * ld, 1);
  for (let row = 0; row < rows; row++) host.fill(9, row * ld + vocab, (row + 1) * ld);
  host[ld + 70] = 2;
  host[ld + 150] = 2;
  const out = arena.tensor("out", rows);
  argmaxRows(r, { out, x: arena.upload("x", host), vocab, ld, rows });
  const expected = Array.from({ length: rows }, (_, row) => {
    const line = host.subarray(row * ld, row * ld + vocab);
    return line.indexOf(Math.max(...line));
  });
  return [{ name: "index", tensor: out, expected, read: asU32 }];
}

/** A token by temperature and top-p for each of three rows. */
export function sample(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, vocab, ld] = [3, 301, 304];
  const host = randomArray(rows * ld, 1, 6);
  const [out, ids, best] = [2 * rows, rows, rows].map((n) => arena.tensor("tokens", n)) as [Tensor, Tensor, Tensor];
  const options: SamplingOptions = { temperature: 0.8, topP: 0.9, seed: 5 };
  const x = arena.upload("logits", host);
  sampleRows(r, { out, ids, best, x, vocab, ld, rows, outRow: 0, position: 7, sampling: () => options });
  const expected = Array.from({ length: rows }, (_, m) =>
    sampleReference(host.subarray(m * ld, m * ld + vocab), 7 + m, options),
  );
  return [{ name: "token", tensor: ids, expected, read: asU32 }];
}

/** Attention: causal and packed as in training, bidirectional as in the vision tower, and a new token's as in chat. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { attentionBackward, attentionForward } from "../../kernels/attention/attention.ts";
import { attentionReference, attentionReferenceBackward } from "../../kernels/attention/reference.ts";
import type { Output, RecordCase } from "./case.ts";

/** Borders of sequences of these lengths, laid one after the other. */
function packed(lengths: number[]): { starts: Uint32Array; ends: Uint32Array; rows: number } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const length of lengths) {
    const start = starts.length;
    starts.push(...Array(length).fill(start));
    ends.push(...Array(length).fill(start + length));
  }
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), rows: starts.length };
}

export const attention =
  (headSize: number, causal: boolean): RecordCase =>
  (r, arena) => {
    const shape = { heads: 4, kvHeads: 2, headSize, causal };
    const { starts, ends, rows } = packed([5, 1, 33]);
    const width = (shape.heads + 2 * shape.kvHeads) * headSize;
    const [qkvHost, dOutHost] = [randomArray(rows * width, 1, 2), randomArray(rows * shape.heads * headSize, 2)];
    const [out, lse] = [arena.tensor("out", dOutHost.length), arena.tensor("lse", rows * shape.heads)];
    const [delta, dQkv] = [arena.tensor("delta", rows * shape.heads), arena.tensor("dQkv", qkvHost.length)];
    const shared = {
      ...shape,
      out,
      lse,
      qkv: arena.upload("qkv", qkvHost),
      starts: arena.upload("starts", starts),
      ends: arena.upload("ends", ends),
      rows,
    };
    // Pictures of a tower that sees them whole have blocks of their own.
    attentionForward(r, { ...shared, ...(causal ? {} : { span: { sequences: 3 } }) });
    attentionBackward(r, { ...shared, dQkv, dOut: arena.upload("dOut", dOutHost), delta });
    const reference = { ...shape, starts, ends, rows };
    const expected = attentionReference(qkvHost, reference);
    return [
      { name: "out", tensor: out, expected: expected.out },
      { name: "log-sum-exp", tensor: lse, expected: expected.lse },
      { name: "dQkv", tensor: dQkv, expected: attentionReferenceBackward(qkvHost, dOutHost, reference) },
    ];
  };

/** One row after 70 cached ones: more keys than the workgroup has threads. */
export const attentionDecode =
  (headSize: number): RecordCase =>
  (r: Recorder<never>, arena: Uploads): Output[] => {
    const [past, rows] = [70, 1];
    const shape = { heads: 4, kvHeads: 2, headSize, causal: true };
    const { starts, ends } = packed([past + rows]);
    const width = (shape.heads + 2 * shape.kvHeads) * headSize;
    const qkvHost = randomArray((past + rows) * width, 1, 2);
    const kv = qkvHost.filter((_, i) => i % width >= shape.heads * headSize);
    const [out, lse] = [arena.tensor("out", shape.heads * headSize), arena.tensor("lse", shape.heads)];
    attentionForward(r, {
      ...shape,
      tile: "decode",
      out,
      lse,
      qkv: arena.upload("qkv", qkvHost.slice(past * width)),
      cache: { kv: arena.upload("kv", kv), past },
      starts: arena.upload("starts", starts),
      ends: arena.upload("ends", ends),
      rows,
    });
    const expected = attentionReference(qkvHost, { ...shape, past, starts, ends, rows });
    return [
      { name: "out", tensor: out, expected: expected.out },
      { name: "log-sum-exp", tensor: lse, expected: expected.lse },
    ];
  };

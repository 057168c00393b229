/** The products of one new token, as chat has them. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { linearForward } from "../../kernels/linear/linear.ts";
import { forwardReference, type ReferenceLora } from "../../kernels/linear/reference.ts";
import { fourBit, halves, type Output } from "./case.ts";

/** More words in a row than a workgroup has threads, and an end of K that none of its rounds meets. */
export function fourBitDecode(r: Recorder<never>, arena: Uploads): Output[] {
  const [out, inSize, rank, groupStarts] = [28, 1048, 5, [0, 8, 12]];
  const { weight, values } = fourBit(arena, out, inSize);
  const width = groupStarts.length * rank;
  const [aHost, bHost] = [randomArray(width * inSize, 3), randomArray(out * rank, 4)];
  const reference: ReferenceLora = { rank, scale: 0.25, groupStarts, a: aHost, b: bHost };
  const weights = { rank, scale: 0.25, groupStarts, a: arena.upload("a", aHost), b: arena.upload("b", bHost) };
  const [xHost, sideHost] = [randomArray(inSize, 5), randomArray(out, 6)];
  const [y, xa] = [arena.tensor("y", out), arena.tensor("xa", width)];
  const residual = arena.upload("residual", sideHost);
  linearForward(r, {
    y,
    x: arena.upload("x", xHost),
    weight,
    lora: { weights, xa },
    residual,
    rows: 1,
    tile: "decode",
  });
  const product = forwardReference(xHost, values, { rows: 1, out, inSize, lora: reference });
  return [{ name: "y of 4-bit weights", tensor: y, expected: product.map((v, i) => v + sideHost[i]!) }];
}

export function halfDecode(r: Recorder<never>, arena: Uploads): Output[] {
  const [out, inSize] = [36, 276];
  const { words, values } = halves(out * inSize, 1);
  const weight = { format: "f16", out, in: inSize, data: arena.upload("w", words) } as const;
  const [xHost, biasHost] = [randomArray(inSize, 2), randomArray(out, 3)];
  const y = arena.tensor("y", out);
  const bias = arena.upload("bias", biasHost);
  linearForward(r, { y, x: arena.upload("x", xHost), weight, bias, rows: 1, tile: "decode" });
  return [
    {
      name: "y of f16 weights",
      tensor: y,
      expected: forwardReference(xHost, values, { rows: 1, out, inSize, bias: biasHost }),
    },
  ];
}

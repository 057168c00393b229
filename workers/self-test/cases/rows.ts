/** Ops that move rows: token embedding and its gradient, copies, the picture's patches. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import {
  dropClassBackward,
  dropClassForward,
  patchesForward,
  visionTokensForward,
} from "../../kernels/picture/patch.ts";
import { blendRows } from "../../kernels/rows/blend.ts";
import { copyRows, scatterRows, zero } from "../../kernels/rows/copy.ts";
import { addFeatures, embeddingBackward, embeddingForward } from "../../kernels/rows/embedding.ts";
import { halfWords, packHalf, unpackHalf } from "../../kernels/rows/half.ts";
import { asU32, halves, type Output } from "./case.ts";

export function embedding(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size, vocab] = [9, 10, 13];
  // The table lies in two parts.
  const cut = 6;
  const { words, values } = halves(vocab * size, 1);
  const [features, dyHost] = [randomArray(4 * size, 2), randomArray(rows * size, 3)];
  const ids = Uint32Array.from({ length: rows }, (_, m) => (m * 5) % vocab);
  const slots = Int32Array.from({ length: rows }, (_, m) => (m >= 1 && m <= 3 ? 3 - m : -1));
  // The last feature came to no token.
  const featureRows = Int32Array.of(3, 2, 1, -1);
  const [y, dFeatures] = [arena.tensor("y", rows * size), arena.tensor("dFeatures", 4 * size)];
  embeddingForward(r, {
    y,
    ids: arena.upload("ids", ids),
    table: [
      { format: "f16", out: cut, in: size, data: arena.upload("table", words.slice(0, cut * size)) },
      { format: "f16", out: vocab - cut, in: size, data: arena.upload("table", words.slice(cut * size)) },
    ],
    imageFeatures: arena.upload("features", features),
    imageSlots: arena.upload("slots", slots),
    size,
    rows,
  });
  embeddingBackward(r, {
    dFeatures,
    dy: arena.upload("dy", dyHost),
    featureRows: arena.upload("feature rows", featureRows),
    size,
    features: 4,
  });
  const expected = Array.from({ length: rows * size }, (_, i) => {
    const row = Math.floor(i / size);
    const slot = slots[row]!;
    return slot < 0 ? values[ids[row]! * size + (i % size)]! : features[slot * size + (i % size)]!;
  });
  const gradient = Array.from({ length: 4 * size }, (_, i) => {
    const row = featureRows[Math.floor(i / size)]!;
    return row < 0 ? 0 : dyHost[row * size + (i % size)]!;
  });
  return [
    { name: "y", tensor: y, expected },
    { name: "dFeatures", tensor: dFeatures, expected: gradient },
  ];
}

/** Features that are added to the rows which take them: DeepStack. */
export function addedFeatures(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size] = [7, 13];
  const [yHost, host] = [randomArray(rows * size, 1), randomArray(3 * size, 2)];
  const slots = Int32Array.of(-1, 2, 0, 1, -1, -1, -1);
  const y = arena.upload("y", yHost);
  addFeatures(r, { y, features: arena.upload("features", host), slots: arena.upload("slots", slots), size, rows });
  const expected = Float64Array.from(yHost, (v, i) => {
    const slot = slots[Math.floor(i / size)]!;
    return slot < 0 ? v : v + host[slot * size + (i % size)]!;
  });
  return [{ name: "y", tensor: y, expected }];
}

/** Rows that are weighted sums of others, written and added; one has none and stays. */
export function blends(r: Recorder<never>, arena: Uploads): Output[] {
  const [sums, size] = [3, 11];
  const rows = Int32Array.of(4, 0, 2, 1, -1, -1, -1, -1, 3, 4, -1, -1);
  const [weights, xHost, yHost] = [randomArray(4 * sums, 1), randomArray(5 * size, 2), randomArray(sums * size, 3)];
  const table = { rows: arena.upload("rows", rows), weights: arena.upload("weights", weights) };
  const x = arena.upload("x", xHost);
  return [false, true].map((accumulate) => {
    const y = arena.upload("y", yHost);
    blendRows(r, { y, x, table, size, rows: sums, accumulate });
    const expected = Array.from(yHost, (value, i) => {
      const [row, column] = [Math.floor(i / size), i % size];
      let sum = accumulate || rows[4 * row]! < 0 ? value : 0;
      for (let k = 4 * row; k < 4 * row + 4; k++)
        if (rows[k]! >= 0) sum += weights[k]! * xHost[rows[k]! * size + column]!;
      return sum;
    });
    return { name: accumulate ? "sums added" : "sums", tensor: y, expected };
  });
}

/** A plain copy, and zeroes. */
export function copies(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size] = [7, 13];
  const [xHost, ontoHost] = [randomArray(rows * size, 1), randomArray(rows * size, 2)];
  const [copied, zeroed] = [arena.tensor("copied", 3 * size), arena.upload("zeroed", ontoHost)];
  copyRows(r, { y: copied, x: arena.upload("x", xHost), size, rows: 2, xRow: 4, yRow: 1 });
  zero(r, { x: zeroed, count: 2 * size + 1 });
  const row = (from: number): number[] => [...xHost.subarray(from * size, (from + 1) * size)];
  return [
    { name: "copied rows", tensor: copied, expected: [...Array(size).fill(0), ...row(4), ...row(5)] },
    { name: "zeroes", tensor: zeroed, expected: ontoHost.map((v, i) => (i < 2 * size + 1 ? 0 : v)) },
  ];
}

/** Gather, and its transpose added to what is there. */
export function gatherAndScatter(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size] = [7, 13];
  const index = Uint32Array.of(6, 0, 3);
  const [xHost, ontoHost] = [randomArray(rows * size, 1), randomArray(rows * size, 2)];
  const [x, gather] = [arena.upload("x", xHost), arena.upload("index", index)];
  const [gathered, scattered] = [arena.tensor("gathered", index.length * size), arena.upload("scattered", ontoHost)];
  copyRows(r, { y: gathered, x, gather, size, rows: index.length });
  scatterRows(r, { y: scattered, x: gathered, index: gather, size, rows: index.length, accumulate: true });
  return [
    {
      name: "gathered rows",
      tensor: gathered,
      expected: [...index].flatMap((from) => [...xHost.subarray(from * size, (from + 1) * size)]),
    },
    {
      name: "scattered rows",
      tensor: scattered,
      expected: ontoHost.map((v, i) => (index.includes(Math.floor(i / size)) ? v + xHost[i]! : v)),
    },
  ];
}

/** To f16 and back: what f16 holds exactly, and what it holds but for a power of two, above its range and below it. */
export function halfCopies(r: Recorder<never>, arena: Uploads): Output[] {
  const factors = [1, 2 ** 20, 2 ** -20];
  const [rows, size] = [factors.length, 44];
  const { values } = halves(rows * size, 1);
  const host = values.map((value, i) => value * factors[Math.floor(i / size)]!);
  const [half, back] = [arena.tensor("half", halfWords(host.length)), arena.tensor("back", host.length)];
  const [scales, beyond] = [arena.tensor("scales", rows), arena.upload("beyond", Uint32Array.of(7, 7))];
  packHalf(r, { x: arena.upload("x", host), half, scales, beyond, counter: 1, size, rows });
  unpackHalf(r, { x: back, half, scales, size, rows });
  const row = (all: Float32Array, n: number): Float32Array => all.subarray(n * size, (n + 1) * size);
  // A result for each row: beside the largest numbers no error of the others would be seen.
  return [
    ...factors.map((factor, n) => ({
      name: `there and back, times ${factor}`,
      ...{ tensor: back, expected: row(host, n), read: (all: Float32Array) => row(all, n) },
    })),
    { name: "rows beyond f16", tensor: beyond, expected: [7, 8], read: asU32 },
  ];
}

/** Patches of two pictures, the tower's input rows, and the class rows off again and back. */
export function patches(r: Recorder<never>, arena: Uploads): Output[] {
  const [images, imageSize, patchSize, size] = [2, 11, 5, 9];
  const frames = 2;
  const [grid, area] = [2, imageSize * imageSize];
  const pixels = randomArray(images * area * 3, 1);
  const expected: number[] = [];
  for (let patch = 0; patch < images * grid * grid; patch++)
    for (let i = 0; i < 3 * frames * patchSize * patchSize; i++) {
      const [image, py, px] = [Math.floor(patch / (grid * grid)), Math.floor(patch / grid) % grid, patch % grid];
      const c = Math.floor(i / (frames * patchSize ** 2));
      const [ky, kx] = [Math.floor(i / patchSize) % patchSize, i % patchSize];
      expected.push(pixels[(image * 3 + c) * area + (py * patchSize + ky) * imageSize + px * patchSize + kx]!);
    }
  const patchRows = arena.tensor("patch rows", expected.length);
  patchesForward(r, { images, imageSize, patchSize, frames, y: patchRows, pixels: arena.upload("pixels", pixels) });

  const rows = { images, patchesPerImage: grid * grid, size };
  const tokensPerImage = grid * grid + 1;
  const [embedded, classHost] = [randomArray(images * grid * grid * size, 2), randomArray(size, 3)];
  const positions = randomArray(tokensPerImage * size, 4);
  const all = images * tokensPerImage * size;
  const [tokens, bare] = [arena.tensor("tokens", all), arena.tensor("bare", embedded.length)];
  const back = arena.upload("back", new Float32Array(all).fill(9));
  visionTokensForward(r, {
    ...rows,
    y: tokens,
    patches: arena.upload("patches", embedded),
    classEmbedding: arena.upload("class", classHost),
    positionEmbedding: arena.upload("positions", positions),
  });
  const bareTokens = arena.tensor("tokens without a class", embedded.length);
  visionTokensForward(r, {
    ...{ ...rows, y: bareTokens, classEmbedding: undefined },
    patches: arena.upload("patches", embedded),
    positionEmbedding: arena.upload("positions", positions),
  });
  dropClassForward(r, { ...rows, y: bare, x: tokens });
  dropClassBackward(r, { ...rows, dx: back, dy: bare });
  const isClass = (i: number): boolean => Math.floor(i / size) % tokensPerImage === 0;
  const tokenValues = Float64Array.from({ length: all }, (_, i) => {
    const image = Math.floor(i / (tokensPerImage * size));
    const source = isClass(i) ? classHost[i % size]! : embedded[i - (image + 1) * size]!;
    return source + positions[i % (tokensPerImage * size)]!;
  });
  return [
    { name: "patches", tensor: patchRows, expected },
    { name: "tokens", tensor: tokens, expected: tokenValues },
    {
      name: "tokens of a tower without a class token",
      tensor: bareTokens,
      expected: Float64Array.from(embedded, (value, i) => value + positions[i % (grid * grid * size)]!),
    },
    { name: "tokens without class rows", tensor: bare, expected: tokenValues.filter((_, i) => !isClass(i)) },
    { name: "their gradient", tensor: back, expected: tokenValues.map((v, i) => (isClass(i) ? 0 : v)) },
  ];
}

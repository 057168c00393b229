/** Tables of text with cells and lines out of their places. */
import { pick, type Random } from "../mutate.ts";

const CELLS = [
  "",
  '"',
  '""',
  '"a',
  "\u0000",
  "\u202e",
  "=1+1",
  "NaN",
  "a\nb",
  '"a\nb"',
  "x".repeat(200_000),
  "\ufeff",
  "\r",
];

/** One or two cells, columns or lines of a CSV, TSV or list of captions changed. */
export function mutateTable(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const between = lines[0]!.includes("\t") ? "\t" : ",";
  const at = random(Math.max(1, lines.length - 1));
  const cells = lines[at]!.split(between);
  const cell = random(cells.length);
  const moves: Record<string, () => void> = {
    "another cell": () => {
      cells[cell] = CELLS[random(CELLS.length)]!;
    },
    "a cell missing": () => void cells.splice(cell, 1),
    "a cell more": () => void cells.splice(cell, 0, CELLS[random(CELLS.length)]!),
    "a cell twice": () => void cells.splice(cell, 0, cells[cell]!),
    "cells in another order": () => void cells.reverse(),
    "many cells": () => void cells.push(...Array.from({ length: 3000 }, () => "x")),
    "a cell in quotes": () => {
      cells[cell] = `"${cells[cell]}"`;
    },
    "no cell": () => void cells.splice(0),
  };
  const name = pick(random, Object.keys(moves));
  moves[name]!();
  lines[at] = cells.join(between);
  if (random(6) === 0) lines.splice(random(lines.length), 0, lines[random(lines.length)]!);
  if (random(6) === 0) lines.splice(random(lines.length), 1);
  return { bytes: new TextEncoder().encode(lines.join(random(8) === 0 ? "\r\n" : "\n")), how: name };
}

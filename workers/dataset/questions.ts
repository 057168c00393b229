/** Questions of the data, to be asked in the chat: some rows from all over, held-out ones where there are any, with their pictures' own bytes. */
import { rowAt } from "../data/browse.ts";
import { editsOf } from "../data/index/changes.ts";
import { openIndex } from "../data/index/row-index.ts";
import { probeImage } from "../data/pictures/probe.ts";
import { type Message, messageText } from "../data/rows/row.ts";
import { readManifest } from "../data/shards/manifest.ts";
import { rowsOfIndex } from "../data/shards/supply.ts";
import type { PreparationSpec } from "../models/preparation.ts";
import type { DataQuestion, DatasetSource } from "../protocol/dataset.ts";
import type { RecipeJson } from "../recipe.ts";
import { browsedFrom, gone } from "./browsing.ts";
import { dropOf } from "./drops.ts";
import { store } from "./state.ts";

/** The first question of a conversation, how many pictures come with it, and what is answered to it. */
export function firstQuestion(
  messages: readonly Message[],
): Pick<DataQuestion, "question" | "right" | "pictures"> | undefined {
  const at = messages.findIndex(({ role }) => role === "user");
  const asked = messages[at];
  if (!asked) return undefined;
  const pictures = messages
    .slice(0, at + 1)
    .reduce((sum, { content }) => sum + content.filter(({ type }) => type === "image").length, 0);
  const question = messageText(asked).trim();
  if (question === "" && pictures === 0) return undefined;
  const answer = messages[at + 1];
  return {
    question,
    pictures,
    right: answer?.role === "assistant" ? messageText(answer).trim() || undefined : undefined,
  };
}

/** @see DatasetApi.questions */
export async function questionsOf(
  datasetId: string,
  spec: PreparationSpec,
  recipe: RecipeJson,
  count: number,
): Promise<DataQuestion[]> {
  const { rows, dataset } = await browsedFrom(datasetId, spec, recipe);
  // An older version prepared it, without an index: its texts are not kept.
  if (!rows) return [];
  const { index, changes, notTrained, unusable } = rows;
  const leftOut = new Set(changes.leftOut);
  const edits = editsOf(changes);
  const isUsed = (position: number): boolean => !leftOut.has(position) && !unusable.has(position);
  const all = Array.from({ length: index.rows }, (_, position) => position).filter(isUsed);
  const held = all.filter((position) => notTrained.has(position));
  const from = held.length > 0 ? held : all;
  const chosen = new Set(
    Array.from({ length: count }, (_, k) => from[Math.floor(((k + 0.5) * from.length) / count)]).filter(
      (position) => position !== undefined,
    ),
  );
  const found: DataQuestion[] = [];
  for (const position of chosen) {
    // Throws for a position that no row has: the index and the data set belong together.
    rowAt(dataset, position);
    const first = firstQuestion(edits.get(position) ?? (await index.read(position)).messages);
    if (first) found.push({ position, ...first, heldOut: notTrained.has(position) });
  }
  return found;
}

/** @see DatasetApi.picturesOfRow */
export async function picturesOfRow(
  source: DatasetSource,
  datasetId: string,
  { position, pictures }: Pick<DataQuestion, "position" | "pictures">,
  onFetched: (detail: string) => void,
): Promise<{ name: string; blob: Blob }[]> {
  const manifest = await readManifest(await store(), datasetId);
  if (!manifest?.index) throw gone();
  const { files } = await dropOf(source, onFetched);
  const { images } = await rowsOfIndex(openIndex(await store(), datasetId, manifest.index), files).row(position);
  const found: { name: string; blob: Blob }[] = [];
  for (const { path, bytes } of images.slice(0, pictures)) {
    onFetched(path);
    const content = (await bytes()) as Uint8Array<ArrayBuffer>;
    found.push({
      name: path.split("/").at(-1) ?? path,
      blob: new Blob([content], { type: `image/${probeImage(content).format}` }),
    });
  }
  return found;
}

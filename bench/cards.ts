/**
 * docs/cards.md's tables out of bench/cards/*.json: `node scripts/run-ts.mjs /bench/cards.ts`. A file NAME.json is what `measure` wrote;
 * NAME.peer.json, if there, is what reference/measure_peer.py wrote on the same machine.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { type Measurement, type Model, type Product, parseMeasurement } from "../workers/measure/report.ts";
import { betweenMarks } from "./marks.ts";
import { adapterName } from "./results.ts";
import { amount, milliseconds } from "./tables.ts";

const FOLDER = "bench/cards";
const PAGE = "docs/cards.md";

const number = v.pipe(v.number(), v.finite());
const peerSchema = v.object({
  version: v.literal(1),
  device: v.string(),
  versions: v.record(v.string(), v.string()),
  /** FLOP/s of a square product; null where the device has none. */
  peaks: v.object({ f32: v.nullable(number), tf32: v.nullable(number), f16: v.nullable(number) }),
  models: v.array(
    v.object({
      /** As `measure` names it. */
      name: v.string(),
      /** "nf4", or the type of the plain weights where bitsandbytes is missing. */
      weights: v.string(),
      tokensPerSecond: number,
      peakBytes: v.nullable(number),
    }),
  ),
  failures: v.array(v.object({ name: v.string(), message: v.string() })),
});
export type Peer = v.InferOutput<typeof peerSchema>;

export interface Card {
  name: string;
  found: Measurement;
  peer: Peer | undefined;
}

export async function cardsIn(folder: string): Promise<Card[]> {
  const files = (await readdir(folder)).filter((f) => f.endsWith(".json")).sort();
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, file), "utf8"));
  const measured = files.filter((f) => !f.endsWith(".peer.json"));
  return Promise.all(
    measured.map(async (file): Promise<Card> => {
      const name = file.slice(0, -".json".length);
      const beside = `${name}.peer.json`;
      const peer = files.includes(beside) ? v.parse(peerSchema, await read(beside)) : undefined;
      return { name, found: parseMeasurement(await read(file)), peer };
    }),
  );
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

const percent = (share: number | null): string => (share === null ? "" : `${(100 * share).toFixed(0)} %`);
const rate = (perSecond: number | undefined, unit: string): string =>
  perSecond === undefined ? "" : `${amount(perSecond)}${unit}`;

function overview({ name, found }: Card): string[] {
  const { peak, adapter, selfTest, parts } = found;
  const tested = [...selfTest.results, ...selfTest.gates];
  const wrong = tested.filter((r) => !r.passed).length;
  const largest = tested.reduce((most, r) => Math.max(most, r.error ?? 0), 0);
  const left = parts.filter((p) => !["done", "skipped"].includes(p.status));
  return [
    `${adapterName(adapter)} ([file](../${FOLDER}/${name}.json))`,
    found.sizes,
    rate(peak.f32?.perSecond, "FLOP/s"),
    peak.f16 ? rate(peak.f16.perSecond, "FLOP/s") : "not offered",
    rate(peak.copy?.perSecond, "B/s"),
    `${tested.length - wrong} of ${tested.length} right, ${largest.toExponential(0)} off at most`,
    found.complete ? "yes" : left.map((p) => `${p.name} ${p.status}`).join(", "),
  ];
}

/** How many times as long as the fastest a choice takes; "" where there was none. */
function loss(p: Product, chosen: string | null): string {
  if (chosen === null) return "";
  const of = (name: string): number | undefined => p.variants.find((x) => x.name === name)?.time.median;
  const [best, taken] = [of(p.fastest), of(chosen)];
  return best === undefined || taken === undefined ? `${chosen}, not timed` : `${chosen} ${(taken / best).toFixed(2)}×`;
}

function productRow(p: Product): string[] {
  const best = p.variants.find((x) => x.name === p.fastest)!;
  const seconds = best.time.median / 1000;
  const speed = p.direction === "one row" ? rate(p.weightBytes / seconds, "B/s") : rate(p.flops / seconds, "FLOP/s");
  return [
    `${p.model}, ${p.name} (${p.format})`,
    `${p.direction}, ${p.rows} × ${p.columns} over ${p.depth}`,
    p.fastest,
    milliseconds(best.time.median),
    speed,
    percent(best.share),
    loss(p, p.selected),
    loss(p, p.tuned),
  ];
}

function modelRow(m: Model, peer: Peer | undefined): string[] {
  const { step, decoding } = m;
  const other = peer?.models.find(({ name }) => name === m.name);
  const ratio = step && other ? `${(step.tokensPerSecond / other.tokensPerSecond).toFixed(2)}× (${other.weights})` : "";
  const bytes = `${(m.plannedBytes / 1e9).toPrecision(3)}, ${(100 * (m.allocatedBytes / m.plannedBytes - 1)).toFixed(2)} % more`;
  if (!step) return [m.name, "no step", "", "", "", bytes, "", "", ratio];
  return [
    m.name,
    `${milliseconds(step.time.median)}${step.warm ? "" : ", cold"}`,
    `${step.tokensPerSecond.toPrecision(3)}`,
    `${rate(step.flopsPerSecond, "FLOP/s")}, ${percent(step.share)}`,
    step.hoursOf500Steps.toPrecision(2),
    bytes,
    `${step.dispatches}, ${step.submits}`,
    decoding ? `${decoding.tokensPerSecond.toPrecision(3)}, ${percent(decoding.share)}` : "",
    ratio,
  ];
}

function details({ found, peer }: Card): string {
  const products = table(
    ["product", "shape", "fastest", "time", "speed", "of peak", "rule's choice", "autotune's choice"],
    found.products.map(productRow),
  );
  const attention = table(
    ["attention", "kernel", "forward", "of peak", "backward", "of peak"],
    found.attention.map((a) => [
      a.name,
      a.variant,
      milliseconds(a.forward.median),
      percent(a.share.forward),
      milliseconds(a.backward.median),
      percent(a.share.backward),
    ]),
  );
  const blocks = table(
    ["LoRA block, forward and backward", "time", "of peak", "dispatches"],
    found.blocks.map((b) => [b.name, milliseconds(b.time.median), percent(b.share), String(b.dispatches)]),
  );
  const models = table(
    [
      "run",
      "step",
      "tokens/s",
      "speed, of peak",
      "hours of 500 steps",
      "GB planned, allocated",
      "dispatches, submits",
      "tokens/s decoded, of copy",
      "against peer",
    ],
    found.models.map((m) => modelRow(m, peer)),
  );
  const kernels = found.models.flatMap((m) => kernelTable(m));
  const notes = [
    ...found.parts.filter((p) => p.message).map((p) => `- ${p.name}: ${p.status}. ${oneLine(p.message)}`),
    ...(peer?.failures ?? []).map((f) => `- peer, ${f.name}: ${oneLine(f.message)}`),
  ].join("\n");
  const beside = peer
    ? `Peer on the same machine (${Object.entries(peer.versions)
        .map((e) => e.join(" "))
        .join(
          ", ",
        )}): a product in f32 ${rate(peer.peaks.f32 ?? undefined, "FLOP/s")}, TF32 ${rate(peer.peaks.tf32 ?? undefined, "FLOP/s") || "none"}, f16 ${rate(peer.peaks.f16 ?? undefined, "FLOP/s") || "none"}.`
    : "";
  return [models, beside, products, attention, blocks, ...kernels, notes].filter(Boolean).join("\n\n");
}

/** The kernels that take most of a pass. */
function kernelTable({ name, step }: Model): string[] {
  if (!step || step.kernels.times.length === 0) return [];
  const total = step.kernels.times.reduce((sum, t) => sum + t.ms, 0);
  const rows = step.kernels.times
    .slice(0, 6)
    .map((t) => [
      `\`${t.name}\``,
      String(t.dispatches),
      percent(t.ms / total),
      rate((1000 * t.flops) / t.ms, "FLOP/s"),
    ]);
  return [table([`kernels of a pass of ${name}, by ${step.kernels.by}`, "dispatches", "of its time", "speed"], rows)];
}

const oneLine = (text: string): string =>
  text
    .replace(/\s*\n\s*/g, " ")
    .replace(/\|/g, "/")
    .trim();

/** What stands between the marks. */
export function cardsText(cards: Card[]): string {
  const head = ["adapter", "sizes", "f32", "f16", "copy", "self-test and optional kernels", "complete"];
  return [
    table(head, cards.map(overview)),
    ...cards.map((card) => {
      const { found } = card;
      const title = `${adapterName(found.adapter)}, ${card.name}: ${found.host}, ${found.date.slice(0, 10)}, ${found.seconds.toFixed(0)} s`;
      return `<details><summary>${title}</summary>\n\n${details(card)}\n\n</details>`;
    }),
  ].join("\n\n");
}

/** The page with its tables made anew. Throws where it has no marks. */
export const withCards = (page: string, cards: Card[]): string => betweenMarks(page, "cards", cardsText(cards));

export async function main(): Promise<number> {
  await writeFile(PAGE, withCards(await readFile(PAGE, "utf8"), await cardsIn(FOLDER)));
  return 0;
}

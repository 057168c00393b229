/**
 * All that can be known of an adapter in some minutes, for the command line and the page alike: facts, self-test, peaks, products,
 * attention, a block, whole steps and answers. A part that fails is in the file with its words, and the rest goes on.
 */
import { newCounters } from "../gpu/buffers.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import { PipelineCache } from "../gpu/program.ts";
import { measureAttention } from "./attention.ts";
import { measureBlock } from "./block.ts";
import { adapterOf, tryLimits } from "./facts.ts";
import { measureModel, reasonToSkip } from "./model-run.ts";
import { type Context, type PartToRun, type RunPartsOptions, runParts } from "./parts.ts";
import { measurePeak } from "./peak.ts";
import { measureProduct } from "./products.ts";
import { type Measurement, VERSION } from "./report.ts";
import { emptySelfTest, gatesPart, selfTestPart } from "./self-test.ts";
import { type ProductCase, type Sizes, sizesFor } from "./sizes.ts";

export interface MeasureOptions {
  quick: boolean;
  /** What drives the adapter: "Node 22.1.0", a browser's name. */
  host: string;
  say?: (line: string) => void;
  /** After each part, of which `done` of `all` are through: what was found until then. */
  onPart?: (found: Measurement, done: number, all: number) => Promise<void> | void;
  /** Instead of those that suit the adapter. */
  sizes?: Sizes;
  parts?: PartToRun[];
  /** Instead of `openGpu` with the features of `MEASURED_WITH`. */
  open?: () => Promise<Gpu>;
  graceSeconds?: number;
}

/** Features that only a measurement uses. */
export const MEASURED_WITH: GPUFeatureName[] = ["timestamp-query"];

/** The parts in order: what is quick and tells most comes first, so that a machine that is lost early has told it. */
export function partsOf({ products, attention, blocks, models, budget }: Sizes): PartToRun[] {
  return [
    { name: "limits", seconds: 30, run: tryLimits },
    { name: "peaks", seconds: 60, run: measurePeak },
    { name: "self-test", seconds: budget.selfTest, run: selfTestPart },
    { name: "optional kernels", seconds: budget.selfTest, run: gatesPart },
    ...byModel(products).map(
      ([name, some]): PartToRun => ({
        name: `products of ${name}`,
        seconds: budget.products,
        run: (c) => each(some, (p) => measureProduct(c, p)),
      }),
    ),
    { name: "attention", seconds: budget.attention, run: (c) => each(attention, (a) => measureAttention(c, a)) },
    { name: "LoRA block", seconds: budget.blocks, run: (c) => each(blocks, (b) => measureBlock(c, b)) },
    ...models.map(
      (m): PartToRun => ({
        name: m.name,
        seconds: budget.model,
        skip: (c) => reasonToSkip(c, m),
        run: (c) => measureModel(c, m),
      }),
    ),
  ];
}

/** A part each: what one model's shapes do to a driver does not keep the others' from being measured. */
function byModel(products: ProductCase[]): [string, ProductCase[]][] {
  const groups = new Map<string, ProductCase[]>();
  for (const product of products) groups.set(product.model, [...(groups.get(product.model) ?? []), product]);
  return [...groups];
}

async function each<T>(all: T[], run: (one: T) => Promise<void>): Promise<void> {
  for (const one of all) await run(one);
}

/** Complete: every part is done or was left out by rule. A wrong op or limit fails its part. */
const isComplete = ({ parts }: Measurement): boolean =>
  parts.every(({ status }) => status === "done" || status === "skipped");

/** Throws TabTuneError "no-webgpu" where there is no adapter at all; everything else is in what it returns. */
export async function measure(api: GPU | undefined, options: MeasureOptions): Promise<Measurement> {
  const { quick, host, say = () => {}, onPart, open = () => openGpu(api, MEASURED_WITH) } = options;
  const started = performance.now();
  const gpu = await open();
  const sizes = options.sizes ?? sizesFor(gpu.facts.software, quick);
  const found: Measurement = {
    version: VERSION,
    complete: false,
    date: new Date().toISOString(),
    host,
    sizes: sizes.name,
    seconds: 0,
    adapter: await adapterOf(api!, gpu),
    parts: [],
    limits: [],
    selfTest: structuredClone(emptySelfTest),
    peak: { f32: null, f16: null, copy: null },
    products: [],
    attention: [],
    blocks: [],
    models: [],
  };
  const context: Context = {
    ...{ gpu, sizes, found, host, say },
    pipelines: new PipelineCache(gpu, newCounters()),
    check() {},
    left: () => Number.POSITIVE_INFINITY,
  };
  const parts = options.parts ?? partsOf(sizes);
  const runOptions: RunPartsOptions = {
    open,
    async onPart() {
      found.seconds = (performance.now() - started) / 1000;
      found.complete = found.parts.length === parts.length && isComplete(found);
      await onPart?.(found, found.parts.length, parts.length);
    },
    ...(options.graceSeconds === undefined ? {} : { graceSeconds: options.graceSeconds }),
  };
  await runParts(context, parts, runOptions);
  context.gpu.destroy();
  return found;
}

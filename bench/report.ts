/**
 * Puts the figures of the page, the demo model's step and its answers into bench/results.json, tables made of them into docs/measured.md,
 * and the few that say most into the README.
 */
import { readFile, writeFile } from "node:fs/promises";
import { type DecodeResults, measureDecode } from "./decode.ts";
import { betweenMarks } from "./marks.ts";
import { measurePictures, type PictureResults } from "./pictures.ts";
import { type PlanResult, plans } from "./plans.ts";
import { adapterName, baseline, OURS, OURS_DX, type PeerResults, speedup } from "./results.ts";
import { measureStep, type StepResults } from "./step.ts";
import { amount, goalRows, milliseconds, variantHead, variantRows } from "./tables.ts";

const RESULTS = "bench/results.json";
const MEASURED = "docs/measured.md";
const README = "README.md";

/** Each part is there once it was measured; plans are computed whenever the report is made. */
interface Results {
  peers?: PeerResults;
  step?: StepResults;
  plans?: PlanResult[];
  decode?: DecodeResults;
  pictures?: PictureResults;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** Every side of every comparison: time, and how many times as long as ours. */
function peerRows(peers: PeerResults): string[][] {
  return peers.comparisons.flatMap((c) =>
    c.sides.map((s, i) => {
      const ours = s.name === OURS || s.name === OURS_DX;
      const against = speedup(c, baseline(s.name), s.name);
      const work =
        c.section === "decode"
          ? `${amount((c.weightBytes / s.ms) * 1000)}B/s`
          : `${amount((c.flops / s.ms) * 1000)}FLOP/s`;
      return [
        i === 0 ? `${c.section}, ${c.label}` : "",
        s.name,
        milliseconds(s.ms),
        ours ? work : `${against?.toFixed(2)}×`,
        String(s.calls.dispatches),
        String(s.calls.buffersCreated),
        String(s.calls.bindGroupsCreated),
      ];
    }),
  );
}

function stepRows(r: StepResults): string[][] {
  return [
    ["rows and tokens of the step", `${r.rows} rows, ${r.tokens} tokens, no padding`],
    ["dispatches as sent, submits", `${r.dispatchesPerStep}, ${r.submitsPerStep}`],
    // Results of earlier versions lack these.
    ...(r.recordedPerStep ? [["dispatches before long ones are cut", String(r.recordedPerStep)]] : []),
    ...(r.longestDispatchMs && r.longestSubmitMs
      ? [
          [
            "longest dispatch, submit (estimate)",
            `${r.longestDispatchMs.toFixed(0)}, ${r.longestSubmitMs.toFixed(0)} ms`,
          ],
        ]
      : []),
    [
      "buffers, bind groups, pipelines created in a steady step",
      `${r.buffersPerStep}, ${r.bindGroupsPerStep}, ${r.pipelinesPerStep}`,
    ],
    ["pipelines in all, time to make them", `${r.pipelines}, ${(r.pipelineMs / 1000).toFixed(1)} s`],
    ["GPU memory: allocated / planned", `${(r.gpuBytes / 1e6).toFixed(1)} / ${(r.plannedBytes / 1e6).toFixed(1)} MB`],
    [
      "work of forward and backward, executed / ideal",
      `${(r.megaflops / 1e3).toFixed(1)} GFLOP, ${r.executedToIdeal.toFixed(3)}`,
    ],
    ["time on 2 processor cores (software GPU)", `${r.secondsPerStep.toFixed(1)} s`],
    ...r.kernels.slice(0, 4).map((k) => [`share of \`${k.name}\``, `${(k.share * 100).toFixed(0)} %`]),
  ];
}

function planRows(all: PlanResult[]): string[][] {
  return all.map((p, i) => {
    const gigabytes = `${(p.totalBytes / 1e9).toFixed(2)} GB`;
    const missed =
      p.goalBytes && p.totalBytes > p.goalBytes ? `, missed by ${percent(p.totalBytes / p.goalBytes - 1)}` : "";
    return [
      p.model === all[i - 1]?.model ? "" : `${p.model}, ${p.rowTokens} tokens a row`,
      p.recipe,
      p.goalBytes ? `${gigabytes} (goal ${p.goalBytes / 1e9} GB${missed})` : gigabytes,
      p.policy,
      p.executedToIdeal.toFixed(2),
      String(p.dispatchesPerStep),
    ];
  });
}

const percent = (share: number): string => `${Math.ceil(100 * share)} %`;

function decodeRows(r: DecodeResults): string[][] {
  const rate = (perSecond: number): string => perSecond.toPrecision(3);
  return [
    [`tokens a second (${r.clock}); one by one`, `${rate(r.tokensPerSecond)}; ${rate(r.singleTokensPerSecond)}`],
    ["dispatches, submits of a token", `${r.dispatchesPerToken.toFixed(0)}, ${r.submitsPerToken.toFixed(2)}`],
    ["bytes read back, written for a token", `${r.bytesReadPerToken.toFixed(0)}, ${r.bytesWrittenPerToken.toFixed(0)}`],
    ["buffers, bind groups created in an answer", `${r.buffersCreated}, ${r.bindGroupsCreated}`],
  ];
}

function pictureRows(r: PictureResults): string[][] {
  const share = (ms: number): string => `${ms.toFixed(1)} ms`;
  const rate = (ms: number): string => `${(1000 / ms).toFixed(0)} rows/s`;
  return [
    ["a core, one thread (processor time)", `${rate(r.wholeMs)}, ${share(r.wholeMs)} a row`],
    ["of it decoding, resizing and cropping", `${share(r.decodeMs)}, ${share(r.wholeMs - r.decodeMs)}`],
    [`a core, pool of ${r.threads} threads (processor time of all)`, `${rate(r.pooledMs)}, ${share(r.pooledMs)} a row`],
    ["so two cores that have nothing else to do", rate(r.pooledMs / 2)],
  ];
}

function peerTables(peers: PeerResults): string[] {
  const libraries = Object.entries(peers.versions).map(([name, version]) => `${name} ${version}`);
  const loads = [...new Set(peers.load?.map((l) => l.toFixed(0)))];
  const load = loads.length > 0 ? `; load ${loads.join(" to ")} on ${peers.cores} cores` : "";
  const rounds = peers.comparisons[0]!.sides[0]!.rounds.length;
  const failures = peers.comparisons.flatMap((c) =>
    c.failures.map((f) => `Did not run: ${f.name}, ${c.label}: ${f.message}.\n\n`),
  );
  const all = table(
    ["what", "library", "time", "speed, or time against ours", "dispatches", "buffers", "bind groups"],
    peerRows(peers),
  );
  return [
    `One page, one adapter (${adapterName(peers.adapter)}), ${libraries.join(", ")}; outputs checked, turns taken, the fastest of ${rounds} rounds (${peers.clock}${load}). A software adapter tells ratios, not speeds: \`/bench\` of the site measures your own GPU.`,
    table(["figure (the least favourable shape)", "measured", "goal"], goalRows(peers)),
    folded("Every comparison", [all, ...failures].join("\n\n")),
    folded("Static figures of the 4-bit kernels", table(variantHead, variantRows())),
  ];
}

const folded = (summary: string, text: string): string =>
  `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;

const tables = ({ peers, step, decode, pictures, plans: planned = [] }: Results): string => {
  const memory = table(
    ["run, batch 8, r 64", "", "planned", "activations", "executed / ideal", "dispatches"],
    planRows(planned),
  );
  return [
    ...(peers ? peerTables(peers) : []),
    folded("GPU memory of a run on the published models, and the work of its step", memory),
    ...(step ? [folded("One optimizer step of the demo model, batch 8, r 16", table(["", ""], stepRows(step)))] : []),
    ...(decode
      ? [
          folded(
            `An answer of the demo model, ${decode.tokens} tokens by temperature and top-p, r 16`,
            table(["", ""], decodeRows(decode)),
          ),
        ]
      : []),
    ...(pictures
      ? [
          folded(
            `Preparing pictures: JPEG of 640x480, ${(pictures.bytes / 1000).toFixed(0)} kB, to a crop of 336x336 (load ${pictures.load.toFixed(0)} on ${pictures.cores} cores)`,
            table(["", ""], pictureRows(pictures)),
          ),
        ]
      : []),
  ].join("\n\n");
};

/** The figures of the README: a choice of those in docs/measured.md. */
function chosen({ peers, step, plans: planned = [] }: Results): string {
  const goal = (name: string): string[][] =>
    (peers ? goalRows(peers) : []).filter(([figure]) => figure === name).map(([figure, value]) => [figure!, value!]);
  const memory = (model: string): string[][] =>
    planned
      .filter((p) => p.model === model && p.recipe === "default recipe")
      .map((p) => [
        `GPU memory that the default recipe plans for ${model}, batch 8`,
        `${(p.totalBytes / 1e9).toFixed(2)} GB`,
      ]);
  return table(
    ["figure", "measured"],
    [
      ...goal("NF4 forward against onnxruntime-web MatMulBnb4"),
      ...goal("LoRA block against jax-js (jit)"),
      ...goal("LoRA block against tfjs"),
      ...(step
        ? [
            [
              "GPU buffers and bind groups created in a steady step",
              String(step.buffersPerStep + step.bindGroupsPerStep),
            ],
          ]
        : []),
      ...memory("bczhou/tiny-llava-v1-hf"),
      ...memory("llava-hf/llava-1.5-7b-hf"),
    ],
  );
}

const rewrite = async (page: string, name: string, text: string): Promise<void> =>
  writeFile(page, betweenMarks(await readFile(page, "utf8"), name, text));

/**
 * `report page FILE` takes the page's figures from that file, `report step` measures the step and an answer, `report pictures` how
 * pictures are prepared; all go into results.json, docs/measured.md and the README. `report` alone makes the tables again. A page that ran with tiny sizes is only printed: its figures
 * mean nothing.
 */
export async function main([what, file]: string[]): Promise<number> {
  const results: Results = JSON.parse(await readFile(RESULTS, "utf8"));
  if (what === "page") results.peers = JSON.parse(await readFile(file!, "utf8"));
  if (what === "step") {
    results.step = await measureStep();
    results.decode = await measureDecode();
  }
  if (what === "pictures") results.pictures = await measurePictures();
  results.plans = plans();
  const text = tables(results);
  console.log(text);
  if (results.peers?.sizes === "quick") return 0;
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  await rewrite(MEASURED, "bench", text);
  await rewrite(README, "figures", chosen(results));
  return 0;
}

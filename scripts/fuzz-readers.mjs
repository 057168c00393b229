/**
 * Damaged files by the thousand through every reader: `node scripts/fuzz-readers.mjs [COUNT] [--seed N] [--only NUMBER] [--format NAME] [--jobs N]`.
 * Each is read in a child process that is ended after five seconds or at 1.5 GB, as the page ends its worker. A file is a function of seed and
 * number: `--only` reads one of them again. Exits 1 where there is a fault. The damage and what counts as a fault: workers/testing/fuzz/.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** In the order of `FORMATS` in workers/testing/fuzz/corpus.ts: file n is of format n modulo 9. */
const FORMATS = ["parquet", "zip", "tar", "tar.gz", "json", "jsonl", "csv", "captions", "image"];
const TIME = 5000;
const MEMORY = 1.5 * 2 ** 30;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    format: { type: "string" },
    jobs: { type: "string", default: "2" },
  },
});
const count = Number(positionals[0] ?? 10_000);
const first = values.format === undefined ? 0 : FORMATS.indexOf(values.format);
const step = values.format === undefined ? 1 : FORMATS.length;
const numbers =
  values.only === undefined ? Array.from({ length: count }, (_, n) => first + step * n) : [Number(values.only)];
const run = path.join(path.dirname(fileURLToPath(import.meta.url)), "run-ts.mjs");

/** Resident bytes of a process, where the system tells them. */
function memoryOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

/** One child after the other, a new one where the last was ended. */
function reader(onStray) {
  let child;
  let waiting;
  const start = () => {
    const args = ["--no-warnings", "--max-old-space-size=1024", run, "/workers/testing/fuzz/child.ts", values.seed];
    child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "pipe", "ipc"] });
    let words = "";
    child.stderr.on("data", (data) => {
      words = (words + data).slice(-2000);
    });
    const own = child;
    own.on("message", (message) => (message.stray === undefined ? waiting?.(message) : onStray(message.stray)));
    own.on("exit", (code, signal) => own === child && waiting?.({ died: `${signal ?? code}: ${words}` }));
    return new Promise((resolve) => {
      waiting = resolve;
    });
  };
  const stop = () => {
    const old = child;
    child = undefined;
    old?.kill("SIGKILL");
  };
  return {
    stop,
    async read(n) {
      if (child === undefined) await start();
      const began = Date.now();
      let timer;
      const answer = await new Promise((resolve) => {
        waiting = resolve;
        timer = setInterval(() => {
          if (memoryOf(child.pid) > MEMORY) resolve({ ended: "memory" });
          else if (Date.now() - began > TIME) resolve({ ended: "time" });
        }, 100);
        child.send(n);
      });
      clearInterval(timer);
      if (answer.ended || answer.died) stop();
      return answer;
    },
  };
}

const table = new Map();
const faults = [];
let done = 0;
let moved = 0;

async function work() {
  let current = -1;
  const child = reader((words) => faults.push({ n: current, fault: `nobody catches ${words}` }));
  for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) {
    current = n;
    const { verdict, ended, died } = await child.read(n);
    const format = FORMATS[n % FORMATS.length];
    const outcome = verdict?.outcome ?? (ended ? `ended: ${ended}` : "died");
    const row = table.get(format) ?? {};
    row[outcome] = (row[outcome] ?? 0) + 1;
    if (verdict?.moved) row.moved = (row.moved ?? 0) + verdict.moved;
    table.set(format, row);
    moved += verdict?.moved ?? 0;
    if (died) faults.push({ n, fault: `the process died: ${died}` });
    else if (ended) faults.push({ n, fault: `the watchdog ended it for its ${ended}`, watchdog: format === "parquet" });
    else if (verdict.fault) faults.push({ n, ...verdict });
    if (values.only !== undefined) console.log(verdict);
    if (++done % 1000 === 0) console.error(`${done} files, ${faults.length} faults`);
  }
  child.stop();
}
await Promise.all(Array.from({ length: Math.min(Number(values.jobs), numbers.length) }, work));

console.table(Object.fromEntries(table));
for (const { n, format, file, how, fault } of faults)
  console.log(`${n} ${format ?? ""} ${file ?? ""} ${how ?? ""}: ${fault}`);
const real = faults.filter(({ watchdog }) => !watchdog).length;
console.log(
  `${done} files, ${real} faults, ${faults.length - real} Parquet files ended by the watchdog, ${moved} rows whose own bytes say another picture.`,
);
process.exit(real > 0 ? 1 : 0);

/**
 * Damaged inputs by the thousand through every reader: `npm run fuzz -- [--kind NAME] [--seed N] [--count N] [--only NUMBER] [--record FILE]`.
 * Each is read in a child process that is ended after computing for five seconds or at 1.5 GB, as the page ends its worker. An input is a function of
 * kind, seed and number: `--only` reads one of them again. Exits 1 where there is a fault. The kinds, the damage and what counts as a
 * fault: workers/testing/fuzz/. `--record` writes what came of it, by kind.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TIME = 5000;
/** By the clock. */
const SILENCE = 60_000;
const MEMORY = 1.5 * 2 ** 30;
const { values } = parseArgs({
  options: {
    kind: { type: "string" },
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "10000" },
    only: { type: "string" },
    jobs: { type: "string", default: "2" },
    record: { type: "string" },
  },
});
const run = path.join(path.dirname(fileURLToPath(import.meta.url)), "run-ts.mjs");

/** Resident bytes of a process, where the system tells them. */
function memoryOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

/** Milliseconds that a process has computed, where the system tells them: on a machine with other work the clock says little. */
function computedBy(pid) {
  try {
    const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/, "0 0").split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Date.now();
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
    start,
    stop,
    async read(kind, n) {
      if (child === undefined) await start();
      const [began, before] = [Date.now(), computedBy(child.pid)];
      let timer;
      const answer = await new Promise((resolve) => {
        waiting = resolve;
        timer = setInterval(() => {
          if (memoryOf(child.pid) > MEMORY) resolve({ ended: "memory" });
          else if (computedBy(child.pid) - before > TIME || Date.now() - began > SILENCE) resolve({ ended: "time" });
        }, 100);
        child.send({ kind, n });
      });
      clearInterval(timer);
      if (answer.ended || answer.died) stop();
      return answer;
    },
  };
}

const faults = [];
const readers = Array.from({ length: Number(values.jobs) }, () => {
  const own = { at: "", child: undefined };
  own.child = reader((words) => faults.push({ at: own.at, fault: `nobody catches ${words}` }));
  return own;
});
const { kinds: all } = await readers[0].child.start();
const kinds = values.kind === undefined ? all : values.kind.split(",");
const unknown = kinds.find((kind) => !all.includes(kind));
if (unknown !== undefined) {
  console.error(`There is no kind "${unknown}": ${all.join(", ")}.`);
  for (const { child } of readers) child.stop();
  process.exit(2);
}

async function fuzz(kind) {
  const row = { count: 0, accepted: 0, refused: {}, slowestMs: 0, slowest: 0, endedByWatchdog: 0, faults: 0 };
  const numbers =
    values.only === undefined ? Array.from({ length: Number(values.count) }, (_, n) => n) : [Number(values.only)];
  const fault = (n, words) => {
    row.faults += 1;
    faults.push({ at: `${kind} ${n}`, fault: words });
  };
  const work = async (own) => {
    for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) {
      own.at = `${kind} ${n}`;
      const { verdict, ended, died, ms = TIME } = await own.child.read(kind, n);
      if (values.only !== undefined) console.log(verdict ?? { ended, died });
      row.count += 1;
      if (ms > row.slowestMs) Object.assign(row, { slowestMs: Math.round(ms), slowest: n });
      if (died) fault(n, `the process died: ${died}`);
      else if (ended) {
        row.endedByWatchdog += 1;
        fault(n, `the watchdog ended it for its ${ended}`);
      } else {
        if (verdict.outcome === "refused") {
          const code = verdict.code ?? "none";
          row.refused[code] = (row.refused[code] ?? 0) + 1;
        } else row.accepted += 1;
        if (verdict.moved) row.moved = (row.moved ?? 0) + verdict.moved;
        if (verdict.fault) fault(n, `${verdict.how}: ${verdict.fault}`);
      }
    }
  };
  await Promise.all(readers.map(work));
  return row;
}

const table = {};
for (const kind of kinds) {
  table[kind] = await fuzz(kind);
  console.log(kind, JSON.stringify(table[kind]));
}
for (const { child } of readers) child.stop();
for (const { at, fault } of faults) console.log(`${at}: ${fault}`);
if (values.record !== undefined) {
  const before = existsSync(values.record) ? JSON.parse(readFileSync(values.record, "utf8")) : {};
  const record = { ...before, seed: Number(values.seed), kinds: { ...before.kinds, ...table } };
  writeFileSync(values.record, `${JSON.stringify(record, null, 2)}\n`);
}
console.log(`${faults.length} faults.`);
process.exit(faults.length > 0 ? 1 : 0);

/** `measure --out FILE [--quick]`: the file is whole after every part, so that an abort leaves what ran. */
import { eagerEvents, nodeGpu, openNodeGpu } from "../gpu/node.ts";
import { MEASURED_WITH, measure as measureAdapter } from "../measure/measure.ts";
import { textOf } from "../measure/report.ts";
import type { Arguments } from "./arguments.ts";
import { writeWhole } from "./open.ts";
import { HOST } from "./self-test.ts";
import { terminal } from "./terminal.ts";

/** Throws only where there is no adapter or the file cannot be written. */
export async function measure(args: Arguments): Promise<void> {
  const file = args.text("out");
  const say = (line: string): void => terminal.tell(line);
  const api = await nodeGpu();
  const found = await measureAdapter(api, {
    async open() {
      const gpu = await openNodeGpu(MEASURED_WITH);
      if (!gpu.facts.software) eagerEvents();
      return gpu;
    },
    quick: args.flag("quick"),
    host: HOST,
    say,
    async onPart(sofar, done, all) {
      const { name, status, seconds } = sofar.parts.at(-1)!;
      say(`[${done} of ${all}] ${name}: ${status} after ${seconds.toFixed(1)} s`);
      await writeWhole(file, textOf(sofar));
    },
  });
  say(`${found.complete ? "Complete" : "Not complete"} after ${found.seconds.toFixed(0)} s: ${file}`);
}

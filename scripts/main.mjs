/** Where a bundled command begins, and each thread of one: `openThread` in workers/headless/picture-threads.ts starts this file once more. */
import { isMainThread } from "node:worker_threads";

const { main } = isMainThread ? await import("../workers/headless.ts") : await import("../workers/picture-thread.ts");
const code = await main(process.argv.slice(2));
// Dawn keeps threads alive: leave at once, after stdout and stderr are written.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));

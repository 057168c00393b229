/** The process in which damaged inputs are read: told kinds and numbers by its parent (scripts/fuzz.mjs), it answers with verdicts. */
import { judge, KINDS, type Kind } from "./kinds.ts";

/** Serves until the parent is gone. */
export async function main([seed = "0"]: string[]): Promise<number> {
  const stray = (error: unknown) =>
    process.send?.({ stray: error instanceof Error ? `${error.stack}` : String(error) });
  process.on("unhandledRejection", stray);
  process.on("uncaughtException", stray);
  process.on("message", ({ kind, n }: { kind: Kind; n: number }) => {
    const began = performance.now();
    void judge(kind, n, Number(seed)).then((verdict) => process.send?.({ n, verdict, ms: performance.now() - began }));
  });
  process.send?.({ kinds: KINDS });
  await new Promise<void>((resolve) => process.on("disconnect", resolve));
  return 0;
}

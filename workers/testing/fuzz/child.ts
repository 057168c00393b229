/** The process in which damaged files are read: told numbers by its parent (scripts/fuzz-readers.mjs), it answers with verdicts. */
import { judge } from "./judge.ts";

/** Serves until the parent is gone. */
export async function main([seed = "0"]: string[]): Promise<number> {
  const stray = (error: unknown) =>
    process.send?.({ stray: error instanceof Error ? `${error.stack}` : String(error) });
  process.on("unhandledRejection", stray);
  process.on("uncaughtException", stray);
  process.on("message", (n: number) => {
    void judge(n, Number(seed)).then((verdict) => process.send?.({ n, verdict }));
  });
  process.send?.({ ready: true });
  await new Promise<void>((resolve) => process.on("disconnect", resolve));
  return 0;
}

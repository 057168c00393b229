/** `selftest` as a shell would call it. */
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { main } from "../headless.ts";
import type { SelfTestReport } from "../self-test/report.ts";

const model = fileURLToPath(new URL("../testing/goldens/llava-mha/model", import.meta.url));

test("every op of training and chat passes on this adapter, and the report is on stdout", async () => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const code = await main(["selftest", "--model", model]);
  spy.mockRestore();
  const report = JSON.parse(written.join("")) as SelfTestReport;
  expect(report.results.filter((r) => !r.passed)).toEqual([]);
  expect(report.results.length).toBeGreaterThan(60);
  // A software adapter has one family of kernels: nothing is optional there.
  expect(report).toMatchObject({ passed: true, gates: [], browser: expect.stringMatching(/^Node /) });
  expect(code).toBe(0);
}, 300_000);

import { expect, test } from "vitest";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { summaryOf } from "./predict-summary.ts";

const answered = (row: number, answer: string, right: string): AnsweredRow => ({
  ...{ row, source: `row ${row}`, pictures: [], question: "Q", answer, right: [right], stopped: "eos" },
});

test("fields of JSON answers by how often they are right, in words and as JSON", () => {
  const rows = [
    answered(0, '{"date": "2024-01-02", "total": "1.00"}', '{"date": "2024-01-02", "total": "1.00"}'),
    answered(1, '{"date": "2024-01-03"}', '{"date": "2024-01-04", "total": "2.00"}'),
    answered(2, "Sorry.", '{"date": "2024-01-05", "total": "3.00"}'),
    answered(3, '{"date": "2024-01-06", "total": "4.00"}', '{"date": "2024-01-06", "total": "4.00"}'),
  ];
  const lines = summaryOf(rows, { metric: undefined, unanswered: 0, maxNewTokens: 64 });
  expect(lines).toContain(
    "Fields by how often they are right, worst first: date 0.5 (2 of 4, 1 missing), total 0.5 (2 of 4, 2 missing).",
  );
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    metric: "json_fields",
    fields: [
      { field: "date", right: 2, wrong: 1, missing: 1, extra: 0 },
      { field: "total", right: 2, wrong: 0, missing: 2, extra: 0 },
    ],
  });
});

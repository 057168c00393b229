import { expect, test } from "vitest";
import { fixture } from "../../testing/row-fixtures.ts";
import { blobEntry } from "./entry.ts";
import { defaultLimits } from "./limits.ts";
import { parquetRecords } from "./parquet.ts";

test("decimals keep their digits, dates and moments are what they say", async () => {
  const entry = blobEntry("kinds.parquet", new Blob([new Uint8Array(fixture("kinds.parquet"))]));
  const records: unknown[] = [];
  for await (const record of parquetRecords(entry, defaultLimits, {}, "every")) records.push(await record.parse());
  expect(records).toEqual([
    {
      price: "0.57",
      share: "0.7",
      list: ["0.7", "2.0"],
      day: "2020-01-31",
      moment: "2020-01-31 12:30:00",
      second: "2020-01-31 00:00:00",
    },
    {
      price: "3.00",
      share: "0.3",
      list: [],
      day: "1969-12-31",
      moment: "1969-12-31 23:59:59.500000",
      second: "0001-01-01 00:00:00",
    },
    { price: "-0.05", share: null, list: undefined, day: null, moment: null, second: null },
  ]);
});

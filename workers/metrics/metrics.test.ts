import { expect, test } from "vitest";
import { boxesIn, iou } from "./boxes.ts";
import { METRIC_NAMES } from "./metric.ts";
import { judge, metricNamed, metrics } from "./metrics.ts";

test("the worst rows come first, equal ones in their order; of no rows there is nothing to say", () => {
  const rows = ["red", "blue", "x", "red"].map((given) => ({ given, right: ["red", "the RED."] }));
  expect(judge(metrics.exact_match, rows)).toEqual({
    figures: { exact_match: 0.5 },
    scores: [1, 0, 0, 1],
    worst: [1, 2, 0, 3],
  });
  expect(judge(metrics.accuracy, [])).toBeUndefined();
});

test("the choice A is an answer, and an empty answer is another", () => {
  expect(metrics.exact_match.score("A.", ["a"])).toBe(1);
  expect(metrics.exact_match.score("", ["A"])).toBe(0);
  expect(metrics.accuracy.score("the", ["A"])).toBe(0);
});

test("one metric a name, and another name is refused with those there are", () => {
  expect(METRIC_NAMES.map((name) => metricNamed(name).name)).toEqual([...METRIC_NAMES]);
  expect(() => metricNamed("bleu")).toThrow('There is no metric "bleu".');
});

test("what is no box: corners the wrong way round, three numbers, five, a list in prose", () => {
  expect(boxesIn("[30, 2, 1, 40] [1, 2, 3] [1, 2, 3, 4, 5] 1, 2, 3 and 4")).toEqual([]);
  expect(boxesIn("[[1, 2], [30.5, 40]]")).toEqual([[1, 2, 30.5, 40]]);
  expect(boxesIn('{"box_2d":[2,1,40,30]}')).toEqual([[1, 2, 30, 40]]);
  expect(iou([0, 0, 2, 2], [2, 0, 4, 2])).toBe(0);
});

test.each(METRIC_NAMES)("%s names the figures that it gives", (name) => {
  const { figures, aggregate } = metrics[name];
  expect(Object.keys(aggregate([{ given: "a", right: ["a"] }], [1]))).toEqual(figures);
  expect(figures[0]).toBe(name);
});

test("who gives no box is not precise, unless there is none", () => {
  const figures = (given: string, right: string) => judge(metrics.box_iou, [{ given, right: [right] }])!.figures;
  const box = "[1, 2, 3, 4]";
  expect(figures("none", box)).toMatchObject({ precision_50: 0, recall_50: 0 });
  expect(figures(box, "[]")).toMatchObject({ precision_50: 0, recall_50: 0 });
  expect(figures("[]", "[]")).toMatchObject({ precision_50: 1, recall_50: 1 });
});

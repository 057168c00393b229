/** Damaged files of boxes: whatever is in them, rows come or a sentence says why not, and each answer is JSON of boxes. */
import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { damaged, randomOf } from "../../testing/fuzz/mutate.ts";
import { file, pngOfSize } from "../../testing/rows.ts";
import { type InputFile, readRows } from "./read-rows.ts";
import { messageText } from "./row.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const picture = pngOfSize(200, 100);
const coco = JSON.stringify({
  images: [{ id: 1, file_name: "a.png", width: 200, height: 100 }],
  annotations: [{ id: 1, image_id: 1, category_id: 2, bbox: [20, 20.5, 40, 40], iscrowd: 0 }],
  categories: [{ id: 2, name: "cat" }],
});
const objects = { bbox: [[20, 20, 40, 40]], category: ["cat"] };
const voc =
  "<annotation><size><width>200</width><height>100</height></size><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>";

/** The file that is damaged, and those beside it. */
const drops: [damaged: [path: string, bytes: Uint8Array], beside: [string, string | Uint8Array][]][] = [
  [["annotations.json", encode(coco)], []],
  [["a.xml", encode(voc)], []],
  [["a.txt", encode("0 0.5 0.5 0.25 0.5\n0 0.25 0.25 0.5 0.125\n")], [["data.yaml", "names: [cat]"]]],
  [["data.yaml", encode("nc: 2\nnames:\n  0: cat\n  1: 'big dog'\n")], [["a.txt", "0 0.5 0.5 0.25 0.5\n"]]],
  [["metadata.jsonl", encode(JSON.stringify({ file_name: "a.png", objects }))], []],
  [["a.png", picture], [["metadata.jsonl", JSON.stringify({ file_name: "a.png", objects })]]],
];

test("600 damaged drops of boxes", async () => {
  let answers = 0;
  let refused = 0;
  for (let n = 0; n < 600; n++) {
    const [[path, bytes], others] = drops[n % drops.length]!;
    const beside: InputFile[] = others.map(([name, content]) => file(name, content));
    if (path !== "a.png") beside.push(file("a.png", picture));
    const bad = file(path, damaged(bytes, randomOf(n)).bytes);
    try {
      for await (const event of readRows([bad, ...beside])) {
        if (event.type === "skipped") expect(event.skipped.message).toMatch(/\S/);
        if (event.type !== "row") continue;
        const last = messageText(event.row.messages.at(-1)!);
        // What is damaged so that it is no box any more may be a caption.
        if (!last.startsWith('[{"bbox_2d"')) continue;
        answers += 1;
        for (const { bbox_2d: box } of JSON.parse(last)) {
          expect(box, last).toHaveLength(4);
          for (const value of box) expect(value >= 0 && value <= 1, last).toBe(true);
          expect(box[2] > box[0] && box[3] > box[1], last).toBe(true);
        }
      }
    } catch (error) {
      if (!(error instanceof TabTuneError)) throw error;
      refused += 1;
    }
  }
  expect(answers).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(50);
});

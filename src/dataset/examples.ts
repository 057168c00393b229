/** A small example of each form that a drop may have: the same files are read by a test, and are understood as they say. */
import { words } from "../words/index.ts";

export type FormName = "folders" | "captions" | "table" | "boxes" | "metadata" | "llava";

export interface ExampleFile {
  path: string;
  /** What is in it; undefined of a picture. */
  text?: string;
}

const quoted = (value: unknown): string => JSON.stringify(value);

/** The files of each form, texts in the language of the page. */
export function exampleFiles(): Record<FormName, ExampleFile[]> {
  const { cat, dog, beach, question, answer } = words().data.forms.said;
  const mug = { path: "mug.jpg" };
  return {
    folders: [{ path: `${cat}/1.jpg` }, { path: `${cat}/2.jpg` }, { path: `${dog}/1.jpg` }],
    captions: [{ path: "beach.jpg" }, { path: "beach.txt", text: beach }],
    table: [mug, { path: "mugs.csv", text: `image,question,answer\nmug.jpg,${question},${answer}` }],
    boxes: [
      { path: "garden.jpg" },
      { path: "garden.txt", text: "0 0.5 0.5 0.2 0.4" },
      { path: "data.yaml", text: `names: [${cat}, ${dog}]` },
    ],
    metadata: [mug, { path: "metadata.jsonl", text: `{"file_name": "mug.jpg", "text": ${quoted(answer)}}` }],
    llava: [
      mug,
      {
        path: "mugs.json",
        text: `[{"image": "mug.jpg", "conversations": [\n  {"from": "human", "value": ${quoted(`<image>\n${question}`)}},\n  {"from": "gpt", "value": ${quoted(answer)}}]}]`,
      },
    ],
  };
}

/** Sound data sets of boxes, each in the form of its tools: pictures, the things on them, and the lines that say so. */
import type { Random } from "./mutate.ts";
import { mutateBoxLines, mutateNames, mutateXml, mutateYolo } from "./structured/boxes.ts";

export const BOX_KINDS = ["coco", "voc", "yolo", "labelme", "createml", "swift"] as const;
export type BoxKind = (typeof BOX_KINDS)[number];

/** A thing on a picture; corners in pixels of 200 x 100. No two have a number in common. */
export interface Thing {
  picture: number;
  label: string;
  corners: [number, number, number, number];
}
const PICTURES = 4;
export const [WIDTH, HEIGHT] = [200, 100];
const LABELS = ["cat", "dog", "bird"];
export const things: Thing[] = Array.from({ length: 8 }, (_, i) => ({
  picture: i >> 1,
  label: LABELS[i % 3]!,
  corners: [3 + 11 * i, 2 + 5 * i, 101 + 12 * i, 51 + 6 * i],
}));
export const nameOf = (picture: number): string => `p${picture}.png`;
const on = (picture: number): Thing[] => things.filter((thing) => thing.picture === picture);
export const all = Array.from({ length: PICTURES }, (_, picture) => picture);
const sidesOf = ({ corners: [a, b, c, d] }: Thing): number[] => [a, b, c - a, d - b];

interface File {
  path: string;
  text: string;
  mutate(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string };
}
export interface Drop {
  files: File[];
  /** The lines that say all there is to say of a thing, by the file that has each: while they stand, it must come or its loss be told. */
  linesOf(thing: Thing): [path: string, line: string][];
  /** Its first coordinate, as no other thing has it: where it stands twice, damage made a copy that says of itself on which picture it is. */
  markOf(thing: Thing): string;
}

const json = (value: unknown): string => JSON.stringify(value);
const list = (rows: readonly string[]): string => `[\n${rows.join(",\n")}\n]`;

function coco(): Drop {
  const image = (picture: number): string =>
    json({ id: picture + 1, file_name: nameOf(picture), width: WIDTH, height: HEIGHT });
  const category = (label: string): string => json({ id: LABELS.indexOf(label) + 40, name: label });
  const annotation = (thing: Thing): string =>
    json({
      id: things.indexOf(thing) + 100,
      image_id: thing.picture + 1,
      category_id: LABELS.indexOf(thing.label) + 40,
      bbox: sidesOf(thing),
    });
  const parts = [all.map(image), things.map(annotation), LABELS.map(category)].map(list);
  const text = `{"images":${parts[0]},"annotations":${parts[1]},"categories":${parts[2]}}\n`;
  const path = "annotations.json";
  return {
    files: [{ path, text, mutate: mutateBoxLines }],
    markOf: ({ corners: [left] }) => `[${left},`,
    linesOf: (thing) => [image(thing.picture), annotation(thing), category(thing.label)].map((line) => [path, line]),
  };
}

function voc(): Drop {
  const path = (picture: number): string => nameOf(picture).replace("png", "xml");
  const object = ({ label, corners }: Thing): string => {
    const sides = ["xmin", "ymin", "xmax", "ymax"].map((side, i) => `<${side}>${corners[i]}</${side}>`);
    return `<object><name>${label}</name><bndbox>${sides.join("")}</bndbox></object>`;
  };
  const size = `<size><width>${WIDTH}</width><height>${HEIGHT}</height></size>`;
  const lines = (picture: number): string[] => ["<annotation>", size, ...on(picture).map(object), "</annotation>", ""];
  return {
    markOf: ({ corners: [left] }) => `<xmin>${left}<`,
    files: all.map((picture) => ({ path: path(picture), text: lines(picture).join("\n"), mutate: mutateXml })),
    linesOf: (thing) =>
      ["<annotation>", size, object(thing), "</annotation>"].map((line) => [path(thing.picture), line]),
  };
}

function yolo(): Drop {
  const path = (picture: number): string => nameOf(picture).replace("png", "txt");
  const line = (thing: Thing): string => {
    const [x, y, w, h] = sidesOf(thing) as [number, number, number, number];
    const shares = [(x + w / 2) / WIDTH, (y + h / 2) / HEIGHT, w / WIDTH, h / HEIGHT];
    return [LABELS.indexOf(thing.label), ...shares.map((share) => share.toFixed(6))].join(" ");
  };
  const text = (picture: number): string => `${on(picture).map(line).join("\n")}\n`;
  const names = `nc: 3\nnames:\n${LABELS.map((label, i) => `  ${i}: ${label}`).join("\n")}\n`;
  return {
    markOf: (thing) => line(thing).split(" ").slice(1, 3).join(" "),
    files: [
      ...all.map((picture) => ({ path: path(picture), text: text(picture), mutate: mutateYolo })),
      { path: "data.yaml", text: names, mutate: mutateNames },
    ],
    // A line that is no label makes a caption of the file.
    linesOf: ({ picture }) =>
      [
        ...text(picture)
          .split("\n")
          .map((one) => [path(picture), one]),
        ...names.split("\n").map((one) => ["data.yaml", one]),
      ] as [string, string][],
  };
}

function labelMe(): Drop {
  const path = (picture: number): string => nameOf(picture).replace("png", "json");
  const text = (picture: number): string => {
    const shapes = on(picture).map(({ label, corners: [a, b, c, d] }) => ({
      label,
      points: [
        [a, b],
        [c, d],
      ],
      shape_type: "rectangle",
    }));
    return json({ shapes, imagePath: nameOf(picture), imageWidth: WIDTH, imageHeight: HEIGHT });
  };
  return {
    markOf: ({ corners: [left] }) => `[[${left},`,
    files: all.map((picture) => ({ path: path(picture), text: text(picture), mutate: mutateBoxLines })),
    linesOf: ({ picture }) => [[path(picture), text(picture)]],
  };
}

function createMl(): Drop {
  const path = "_annotations.createml.json";
  const record = (picture: number): string =>
    json({
      image: nameOf(picture),
      annotations: on(picture).map((thing) => {
        const [x, y, width, height] = sidesOf(thing) as [number, number, number, number];
        return { label: thing.label, coordinates: { x: x + width / 2, y: y + height / 2, width, height } };
      }),
    });
  return {
    markOf: (thing) => `"x":${thing.corners[0] + sidesOf(thing)[2]! / 2},`,
    files: [{ path, text: `${list(all.map(record))}\n`, mutate: mutateBoxLines }],
    linesOf: ({ picture }) => [[path, record(picture)]],
  };
}

function swift(): Drop {
  const path = "rows.jsonl";
  const record = (picture: number): string => {
    const here = on(picture);
    const answer = here.map(() => "<ref-object> at <bbox>").join(", ");
    return json({
      messages: [
        { role: "user", content: "<image>What is where?" },
        { role: "assistant", content: answer },
      ],
      images: [nameOf(picture)],
      objects: { ref: here.map(({ label }) => label), bbox: here.map(({ corners }) => corners) },
    });
  };
  return {
    markOf: ({ corners: [left] }) => `[${left},`,
    files: [{ path, text: `${all.map(record).join("\n")}\n`, mutate: mutateBoxLines }],
    linesOf: ({ picture }) => [[path, record(picture)]],
  };
}

export const DROPS: Record<BoxKind, Drop> = {
  coco: coco(),
  voc: voc(),
  yolo: yolo(),
  labelme: labelMe(),
  createml: createMl(),
  swift: swift(),
};

/** A small data set of boxes, as a detector's people have it: pictures with one thing each, and COCO's file beside them. Tests only. */
import { colourPng } from "./png.ts";

const SIDE = 64;

/** Two kinds of scenes: what is on them, where (left, top, width, height), and on which ground. */
const KINDS = [
  { name: "cup", bbox: [8, 8, 32, 24], colour: [230, 40, 40], ground: [20, 30, 60] },
  { name: "ball", bbox: [24, 36, 32, 20], colour: [40, 230, 40], ground: [220, 220, 200] },
] as const;

/** The answers to them, in thousandths of the picture. */
export const BOX_ANSWERS = [
  '[{"bbox_2d": [125, 125, 625, 500], "label": "cup"}]',
  '[{"bbox_2d": [375, 563, 875, 875], "label": "ball"}]',
] as const;

/** Scene `n`: a cup on dark or a ball on light ground, in turns; no two grounds are the same. */
function scene(n: number): Uint8Array {
  const { bbox, colour, ground } = KINDS[n % 2]!;
  const [left, top, width, height] = bbox;
  const own = [ground[0] + n, ground[1], ground[2]] as const;
  return colourPng(SIDE, SIDE, (x, y) =>
    x >= left && x < left + width && y >= top && y < top + height ? colour : own,
  );
}

/** `count` scenes from the `first` one on, with COCO's file in the form of Roboflow. */
export function boxScenes(count: number, first = 0): { name: string; bytes: Uint8Array }[] {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const coco = {
    images: numbers.map((n) => ({ id: n, file_name: `${n}.png`, width: SIDE, height: SIDE })),
    annotations: numbers.map((n) => ({ id: n, image_id: n, category_id: n % 2, bbox: KINDS[n % 2]!.bbox, iscrowd: 0 })),
    categories: KINDS.map(({ name }, id) => ({ id, name })),
  };
  return [
    ...numbers.map((n) => ({ name: `${n}.png`, bytes: scene(n) })),
    { name: "_annotations.coco.json", bytes: new TextEncoder().encode(JSON.stringify(coco)) },
  ];
}

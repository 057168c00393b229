/** Annotations of Pascal VOC: an XML file a picture. Coordinates are taken as they are written, as torchvision and LabelImg do. */
import { childOf, childrenOf, parseXml, textIn } from "./xml.ts";

const SIDES = ["xmin", "ymin", "xmax", "ymax"];

/** A file as a record's fields; undefined where it is XML of another kind. Throws an Error for what is no XML. */
export function vocRecord(text: string): Record<string, unknown> | undefined {
  const root = parseXml(text);
  if (root.name !== "annotation") return undefined;
  const size = childOf(root, "size");
  const sides = ["width", "height"].map((name) => Number(textIn(size, name)));
  const objects = childrenOf(root, "object").map((object) => {
    const box = childOf(object, "bndbox");
    return { name: textIn(object, "name"), bbox: SIDES.map((side) => Number(textIn(box, side) ?? Number.NaN)) };
  });
  // Some tools leave the size out, or write zeros.
  const known = sides.every((side) => side > 0) ? { width: sides[0], height: sides[1] } : {};
  return { objects, bbox_format: "pascal_voc", ...known };
}

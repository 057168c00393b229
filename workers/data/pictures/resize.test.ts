import { describe, expect, test } from "vitest";
import { fromBase64 } from "../../testing/pictures.ts";
import pictures from "./fixtures/pictures.json" with { type: "json" };
import { resizeBicubic } from "./resize.ts";

describe.each(pictures.resized)(
  "$kind $from -> $to",
  ({ from: [height, width], to: [outHeight, outWidth], input, output }) => {
    const image = { rgb: fromBase64(input), width: width!, height: height! };
    const to = { width: outWidth!, height: outHeight! };
    const whole = () => resizeBicubic(image, to);

    test("is Pillow's to the byte", () => {
      expect(whole()).toEqual(fromBase64(output));
    });

    test("a window is that part of the whole", () => {
      const window = {
        top: outHeight! >> 2,
        left: outWidth! >> 1,
        height: (outHeight! + 1) >> 1,
        width: (outWidth! + 1) >> 1,
      };
      const all = whole();
      const expected: number[] = [];
      for (let y = window.top; y < window.top + window.height; y++) {
        expected.push(
          ...all.subarray((y * outWidth! + window.left) * 3, (y * outWidth! + window.left + window.width) * 3),
        );
      }
      const part = resizeBicubic(image, to, window);
      expect(Array.from(part)).toEqual(expected);
    });
  },
);

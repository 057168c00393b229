import { expect, test } from "vitest";
import { probeImage } from "./probe.ts";

const text = (content: string) => new TextEncoder().encode(content);

/** The first 33 bytes of a PNG that says it has this size. */
function pngOf(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
}

test.each([
  [8000, 8000],
  [32_768, 1],
  [1, 1],
])("%i x %i is accepted by its header", (width, height) => {
  expect(probeImage(pngOf(width, height))).toEqual({ format: "png", width, height, orientation: 1 });
});

test.each([
  [8001, 8000],
  [32_769, 1],
  [1, 4_000_000_000],
])("%i x %i is too large, and the message says the numbers", (width, height) => {
  expect(() => probeImage(pngOf(width, height))).toThrow(
    expect.objectContaining({ code: "image-too-large", message: expect.stringContaining(`${width} x ${height}`) }),
  );
});

test.each([
  ["nothing", new Uint8Array(0), "empty"],
  ["a drawing", text('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), "SVG"],
  ["a web page", text("\n<!DOCTYPE html><html></html>"), "web page"],
  ["an iPhone's picture", text("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "HEIC"],
  ["an AVIF", text("\0\0\0\x18ftypavif\0\0\0\0"), "AVIF"],
  ["an AVIF by one of its brands", text("\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"), "AVIF"],
  ["a HEIC beside other boxes", text("\0\0\0\x18ftypmif1\0\0\0\0mif1heic\0\0\0\x08avif"), "HEIC"],
  ["a camera's raw picture", text("\0\0\0\x18ftypcrx \0\0\0\x01crx isom"), "camera raw"],
  ["a song", text("\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"), "a sound file"],
  ["a video", text("\0\0\0\x18ftypisom\0\0\0\0"), "a video"],
  ["a TIFF", text("II*\0\x08\0\0\0"), "TIFF"],
  ["a PDF", text("%PDF-1.7"), "PDF"],
  ["a program", text("MZ\x90\0"), "program"],
  ["a script", text("#!/bin/sh\n"), "program"],
  ["an Office document", text("PK\x03\x04\x14\0"), "Office"],
  ["what git left in its place", text("version https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer"],
  ["a text", text("hello"), "unknown kind"],
  ["a PNG signature alone", pngOf(1, 1).subarray(0, 12), "without a header"],
  ["a PNG of no width", pngOf(0, 5), "0 x 5"],
  ["a JPEG start alone", Uint8Array.of(0xff, 0xd8), "ends inside its header"],
  ["a JPEG of junk", Uint8Array.of(0xff, 0xd8, 1, 2, 3, 4), "no marker at byte 2"],
  ["a WebP without frames", text("RIFF\0\0\0\0WEBP"), "without picture data"],
])("%s is refused", (_, bytes, words) => {
  expect(() => probeImage(bytes)).toThrow(
    expect.objectContaining({ code: "bad-image", message: expect.stringContaining(words) }),
  );
});

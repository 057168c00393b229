/**
 * How a kernel's WGSL comes about: a kernel is a `.wgsl` file, and what several share is a file in front of it. A generator
 * (`*.wgsl.ts`) writes WGSL only where the text depends on a weight's format or on a tile.
 */

/** The kernel's own text behind the preludes that it names in its first lines. */
export const compose = (...preludesAndFile: string[]): string => preludesAndFile.join("\n");

/**
 * What a file is that cannot be read as a picture, by its first bytes: a name may lie, and people must know what to do with what they have.
 * Signatures: ISO 14496-12 (ftyp brands), TIFF 6, PDF 1.7, Arrow's columnar format 1.5, and the published magic numbers of the others.
 */
import { ascii } from "./orientation.ts";

export interface FileKind {
  /** Completes "The file …": "is a PDF". */
  what: string;
  /** One thing to do. */
  remedy: string;
}

const EXPORT = "Export it as JPEG or PNG, or leave it out.";
const heic: FileKind = {
  what: "is a HEIC picture (iPhone), not JPEG, PNG or WebP",
  remedy: "Export it as JPEG (an iPhone makes JPEG with Settings, Camera, Formats, Most Compatible), or leave it out.",
};
const video: FileKind = { what: "is a video", remedy: "Save single frames as JPEG or PNG, or leave it out." };
const audio: FileKind = { what: "is a sound file", remedy: "Leave it out." };
const program: FileKind = { what: "is a program, not a picture or a table", remedy: "Leave it out." };
const archive: FileKind = { what: "is an archive or an Office document", remedy: "Unpack or export what is in it." };
const picture = (name: string): FileKind => ({ what: `is a ${name} picture, not JPEG, PNG or WebP`, remedy: EXPORT });
const pdf: FileKind = { what: "is a PDF, whose pages are not pictures", remedy: "Export its pages as JPEG or PNG." };
const svg: FileKind = { what: "is an SVG drawing", remedy: EXPORT };
const webPage: FileKind = {
  what: "is a web page, not a picture",
  remedy: "Download the picture itself, or leave it out.",
};
const pointer: FileKind = {
  what: "is a Git LFS pointer: the file itself was not fetched",
  remedy: "Fetch it with git lfs pull, or download it from the repository's page.",
};

const arrow: FileKind = {
  what: "is an Arrow file, as save_to_disk of Hugging Face datasets writes it",
  remedy: 'Write it as Parquet: datasets.load_from_disk("FOLDER").to_parquet("train.parquet").',
};

const STARTS: [start: string, kind: FileKind][] = [
  ["II*\0", picture("TIFF")],
  ["MM\0*", picture("TIFF")],
  ["%PDF", pdf],
  ["8BPS", picture("Photoshop")],
  ["\xff\x0a", picture("JPEG XL")],
  ["\0\0\0\x0cJXL ", picture("JPEG XL")],
  ["\0\0\0\x0cjP  ", picture("JPEG 2000")],
  ["\0\0\x01\0", picture("Windows icon (ICO)")],
  ["\x1a\x45\xdf\xa3", video],
  ["ARROW1", arrow],
  ["ID3", audio],
  ["OggS", audio],
  ["fLaC", audio],
  ["MZ", program],
  ["\x7fELF", program],
  ["\xcf\xfa\xed\xfe", program],
  ["\xce\xfa\xed\xfe", program],
  ["\xca\xfe\xba\xbe", program],
  ["#!", program],
  ["PK\x03\x04", archive],
  ["Rar!", archive],
  ["7z\xbc\xaf", archive],
  ["\x1f\x8b", archive],
  ["\xd0\xcf\x11\xe0", archive],
  ["version https://git-lfs", pointer],
];

/** Of ISO media files, by their brands: the main one may be that of any picture (mif1), with the kind among those it agrees with. */
function ofBrands(main: string, others: string): FileKind {
  if (/avi[fs]/.test(main + others)) return picture("AVIF");
  if (/^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(main)) return heic;
  if (main === "crx ") return picture("camera raw");
  return /^M4[AB]/.test(main) ? audio : video;
}

/** What `bytes`, a file or its first 512 bytes, are; undefined for pictures that are read here, texts, and what is not known. */
export function kindOfFile(bytes: Uint8Array): FileKind | undefined {
  if (bytes.length === 0)
    return { what: "is empty (0 bytes)", remedy: "Copy it again from where it came, or leave it out." };
  if (ascii(bytes, 4, 4) === "ftyp") {
    const size = Math.min(bytes.length, 256 * bytes[2]! + bytes[3]!);
    return ofBrands(ascii(bytes, 8, 4), ascii(bytes, 16, Math.max(0, size - 16)));
  }
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) !== "WEBP")
    return ascii(bytes, 8, 4) === "AVI " ? video : audio;
  // Arrow's stream: a mark, and the length of a schema, which is never long.
  if (ascii(bytes, 0, 4) === "\xff\xff\xff\xff" && bytes.length > 16 && bytes[6] === 0 && bytes[7] === 0) return arrow;
  const head = ascii(bytes, 0, 32);
  const found = STARTS.find(([start]) => head.startsWith(start));
  if (found) return found[1];
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 512)).trimStart().toLowerCase();
  if (text.startsWith("<svg") || (text.startsWith("<?xml") && text.includes("<svg"))) return svg;
  return text.startsWith("<!doctype html") || text.startsWith("<html") ? webPage : undefined;
}

/** Small valid files of every format that is read, each with what is known of its rows: what the fuzz of the readers begins with. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { gzipSync, zipSync } from "fflate";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { InputFile } from "../../data/rows/read-rows.ts";
import { fromBase64 } from "../pictures.ts";
import { fixture } from "../row-fixtures.ts";
import { tarOf } from "../rows.ts";

export type FuzzFormat = "parquet" | "zip" | "tar" | "tar.gz" | "json" | "jsonl" | "csv" | "captions" | "image";
export const FORMATS: readonly FuzzFormat[] = [
  "parquet",
  "zip",
  "tar",
  "tar.gz",
  "json",
  "jsonl",
  "csv",
  "captions",
  "image",
];

export interface Sound {
  format: FuzzFormat;
  name: string;
  bytes: Uint8Array;
  /** Files that are dropped beside it, and stay sound. */
  beside: readonly InputFile[];
  /** The bytes of each row: while they stand in the file, the row must come or its loss must be told. None where the file itself says how many rows it has. */
  pieces?: readonly (readonly Uint8Array[])[];
  /** Where a piece that starts and ends there stands as the format wants it; other places are chance. */
  stands?: (bytes: Uint8Array, start: number, end: number) => boolean;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Sample {
  picture: string;
  question: string;
  answer: string;
  bytes: Uint8Array;
}

/** Names and texts so far from each other that a few wrong bits make none of them another one. */
const samples: Sample[] = Array.from({ length: 8 }, (_, i) => {
  const mark = (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  const bytes = Uint8Array.from({ length: 90 }, (_, at) => Math.imul(at + 7, (i + 3) * 2654435761) >>> 24);
  return { picture: `p${mark}.png`, question: `What is ${mark}?`, answer: `It is ${mark}, ü.`, bytes };
});

const beside: InputFile[] = samples.map(({ picture, bytes }) => ({
  path: picture,
  blob: new Blob([bytes as BlobPart]),
}));

const LINE_END = 10;
const COMMA = 44;
const onLine = (bytes: Uint8Array, start: number, end: number): boolean =>
  (start === 0 || bytes[start - 1] === LINE_END) && [undefined, LINE_END, COMMA].includes(bytes[end]);

function lines(format: FuzzFormat, name: string, rows: readonly string[], head = "", foot = ""): Sound {
  const text = `${head}${rows.join(format === "json" ? ",\n" : "\n")}${foot}`;
  return { format, name, bytes: encode(text), beside, pieces: rows.map((row) => [encode(row)]), stands: onLine };
}

const asJson = ({ picture, question, answer }: Sample): string => JSON.stringify({ image: picture, question, answer });
const asTurns = ({ picture, question, answer }: Sample): string =>
  JSON.stringify({
    messages: [
      { role: "user", content: [{ type: "image" }, { type: "text", text: question }] },
      { role: "assistant", content: answer },
    ],
    images: [picture],
  });

const members = (rows: readonly Sample[]) =>
  rows.flatMap(({ picture, question, answer, bytes }) => [
    { name: picture, content: bytes },
    { name: picture.replace("png", "json"), content: JSON.stringify({ question, answer }) },
  ]);

/** Header and content of the members of each row, as they lie in the archive. */
function tarSound(): Sound {
  const pieces = samples.map((sample) => members([sample]).map((member) => tarOf([member]).slice(0, 1024)));
  return {
    format: "tar",
    name: "set.tar",
    bytes: tarOf(members(samples)),
    beside: [],
    pieces,
    stands: (_, start) => start % 512 === 0,
  };
}

function zipped(level: 0 | 6): Uint8Array {
  const table = encode(samples.map(asJson).join("\n"));
  const pictures = samples.map(({ picture, bytes }) => [picture, bytes] as const);
  return zipSync({ "data.jsonl": table, ...Object.fromEntries(pictures) }, { level });
}

const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const optional = (name: string, rest: Partial<SchemaElement>): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  ...rest,
});
const list = (name: string): SchemaElement[] => [
  optional(name, { num_children: 1, converted_type: "LIST" }),
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
];
const struct = (name: string) => [
  optional(name, { num_children: 2 }),
  optional("bytes", { type: "BYTE_ARRAY" }),
  optional("path", TEXT),
];

const gzipNow = (input: Uint8Array): Uint8Array => gzipSync(input);

interface Writing {
  shape: "struct" | "list" | "bytes";
  codec: "SNAPPY" | "UNCOMPRESSED" | "GZIP";
  statistics?: boolean;
  pageSize?: number;
}

function parquet({ shape, codec, statistics = true, pageSize }: Writing): Uint8Array {
  const pictures = {
    struct: { elements: struct("image"), of: ({ bytes }: Sample): unknown => ({ bytes, path: null }) },
    list: {
      elements: [...list("images"), ...struct("element")],
      of: ({ bytes }: Sample): unknown => [{ bytes, path: null }],
    },
    bytes: { elements: [optional("image", { type: "BYTE_ARRAY" })], of: ({ bytes }: Sample): unknown => bytes },
  }[shape];
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: "schema", num_children: 3 },
      ...pictures.elements,
      optional("question", TEXT),
      optional("answer", TEXT),
    ],
    statistics,
    codec,
    compressors: { GZIP: gzipNow },
  });
  void file.write({
    columnData: [
      { name: pictures.elements[0]!.name, data: samples.map(pictures.of), encoding: "PLAIN" },
      { name: "question", data: samples.map(({ question }) => question) },
      { name: "answer", data: samples.map(({ answer }) => answer) },
    ],
    rowGroupSize: 4,
    ...(pageSize === undefined ? {} : { pageSize }),
  });
  void file.finish();
  return writer.getBytes();
}

const parquetFiles = (): Sound[] => {
  const made: Writing[] = [
    { shape: "struct", codec: "UNCOMPRESSED" },
    { shape: "struct", codec: "SNAPPY", statistics: false },
    { shape: "list", codec: "GZIP" },
    { shape: "list", codec: "UNCOMPRESSED", pageSize: 100 },
    { shape: "bytes", codec: "SNAPPY" },
    { shape: "bytes", codec: "UNCOMPRESSED", pageSize: 100, statistics: false },
  ];
  const fixtures = ["chat-snappy", "chat-gzip", "chat-zstd", "chat-none", "captions"];
  const beside = [{ path: "beside.png", blob: new Blob(["beside"]) }];
  return [
    ...fixtures.map((name) => ({ name: `${name}.parquet`, bytes: fixture(`${name}.parquet`) })),
    ...made.map((how) => ({ name: `${how.shape}-${how.codec.toLowerCase()}.parquet`, bytes: parquet(how) })),
  ].map((file) => ({ format: "parquet", ...file, beside }));
};

function imageFiles(): Sound[] {
  const packed = readFileSync(new URL("../../data/pictures/fixtures/many-pictures.json.gz", import.meta.url));
  const { pictures } = JSON.parse(gunzipSync(packed).toString("utf8")) as {
    pictures: { name: string; file: string }[];
  };
  return pictures.map(({ name, file }) => ({ format: "image", name, bytes: fromBase64(file), beside: [] }));
}

/** The sound files of each format. */
export function corpus(): Record<FuzzFormat, Sound[]> {
  const tar = tarSound();
  const rows = samples.map(asJson);
  const csv = samples.map(({ picture, question, answer }) => `${picture},${question},"${answer}"`);
  return {
    parquet: parquetFiles(),
    zip: [0, 6].map((level) => ({ format: "zip", name: "set.zip", bytes: zipped(level as 0 | 6), beside: [] })),
    tar: [tar],
    "tar.gz": [{ format: "tar.gz", name: "set.tar.gz", bytes: gzipSync(tar.bytes, { mtime: 0 }), beside: [] }],
    json: [
      lines("json", "x.json", rows, "[\n", "\n]\n"),
      lines("json", "x.json", samples.map(asTurns), '{"data": [\n', "\n]}\n"),
    ],
    jsonl: [lines("jsonl", "x.jsonl", rows, "", "\n"), lines("jsonl", "x.jsonl", samples.map(asTurns), "", "\n")],
    csv: [
      lines("csv", "x.csv", csv, "image,question,answer\n", "\n"),
      lines(
        "csv",
        "x.tsv",
        csv.map((row) => row.replaceAll(",", "\t").replaceAll("\t ü", ", ü")),
        "image\tquestion\tanswer\n",
        "\n",
      ),
    ],
    captions: [
      lines(
        "captions",
        "captions.txt",
        samples.map(({ picture, question }) => `${picture}\t${question}`),
        "",
        "\n",
      ),
    ],
    image: imageFiles(),
  };
}

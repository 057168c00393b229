/**
 * The pages of a column chunk, checked before hyparquet decodes them: it trusts them, and one wrong bit can make it count to two thousand
 * million, or give a row the value of the next one. What is checked: that pages fill their chunk, that levels and values are as many as
 * their header says, and that values fill their page. Reference: parquet-format, "Data Pages", "Encodings"; a file has no checksum here.
 */
import type { ColumnMetaData, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";

/** A column chunk, and the schema from the root to its leaf. */
export interface ChunkPath {
  chunk: ColumnMetaData;
  path: readonly SchemaTree[];
}

type Decompress = (codec: ColumnMetaData["codec"], input: Uint8Array, length: number) => Uint8Array;

/** Bytes of a value in PLAIN encoding, where each has as many. */
const SIZES: Partial<Record<ColumnMetaData["type"], number>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 };

/** Throws an Error where `bytes`, whole pages of a chunk, cannot be what the file means; `isAll` where they are all of its pages. */
export function checkPages(bytes: Uint8Array, of: ChunkPath, isAll: boolean, decompress: Decompress): void {
  const { chunk, path } = of;
  const name = chunk.path_in_schema.join(".");
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const elements = path.slice(1).map(({ element }) => element.repetition_type);
  const levels = {
    repetition: elements.filter((type) => type === "REPEATED").length,
    definition: elements.filter((type) => type !== "REQUIRED").length,
  };
  let values = 0;
  let dictionary: number | undefined;
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    if (!(header.compressed_page_size >= 0 && end <= bytes.length))
      throw new Error(`a page of ${name} has ${header.compressed_page_size ?? "no number of"} bytes`);
    const page: Page = {
      ...of,
      ...levels,
      header,
      bytes: bytes.subarray(reader.offset, end),
      name,
      decompress,
      dictionary,
    };
    if (header.type === "DICTIONARY_PAGE") dictionary = checkDictionary(page);
    else values += checkValues(page);
    reader.offset = end;
  }
  const claimed = Number(chunk.num_values);
  if (isAll ? values !== claimed : values > claimed)
    throw new Error(`the pages of ${name} have ${values} values, not ${claimed}`);
}

interface Page extends ChunkPath {
  header: PageHeader;
  bytes: Uint8Array;
  name: string;
  repetition: number;
  definition: number;
  /** Values of the dictionary page before, where there is one. */
  dictionary: number | undefined;
  decompress: Decompress;
}

function unpacked({ chunk, name, decompress }: Page, packed: Uint8Array, length: number): Uint8Array {
  const out = chunk.codec === "UNCOMPRESSED" ? packed : decompress(chunk.codec, packed, length);
  if (out.length !== length) throw new Error(`a page of ${name} unpacks to ${out.length} bytes, not ${length}`);
  return out;
}

/** The number of values. */
function checkDictionary(page: Page): number {
  const { num_values: count } = page.header.dictionary_page_header ?? { num_values: -1 };
  if (!(count >= 0)) throw new Error(`a dictionary of ${page.name} claims ${count} values`);
  checkPlain(page, unpacked(page, page.bytes, page.header.uncompressed_page_size), count);
  return count;
}

/** The number of values, nulls among them. */
function checkValues(page: Page): number {
  const { header, bytes, name, repetition, definition } = page;
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const data = v1 ?? v2;
  if (data === undefined) return 0;
  const { num_values: count, encoding } = data;
  if (!(count >= 0 && count <= Number(page.chunk.num_values)))
    throw new Error(`a page of ${name} claims ${count} values`);
  let rest: Uint8Array;
  let defined = count;
  const isDefined = (level: number, times: number) => {
    if (level === definition) defined += times;
  };
  if (v1) {
    rest = unpacked(page, bytes, header.uncompressed_page_size);
    const section = (): Uint8Array => {
      const length = rest.length < 4 ? -1 : new DataView(rest.buffer, rest.byteOffset).getUint32(0, true);
      if (!(length >= 0 && length + 4 <= rest.length))
        throw new Error(`a page of ${name} has levels of ${length} bytes`);
      const levels = rest.subarray(4, 4 + length);
      rest = rest.subarray(4 + length);
      return levels;
    };
    if (repetition > 0) readRuns(page, section(), widthOf(repetition), count);
    if (definition > 0) {
      defined = 0;
      readRuns(page, section(), widthOf(definition), count, isDefined);
    }
  } else {
    const { repetition_levels_byte_length: first, definition_levels_byte_length: second, num_nulls, num_rows } = v2!;
    if (!(first >= 0 && second >= 0 && first + second <= bytes.length))
      throw new Error(`a page of ${name} has levels of ${first} and ${second} bytes`);
    const packed = bytes.subarray(first + second);
    const length = header.uncompressed_page_size - first - second;
    rest = v2!.is_compressed === false ? packed : unpacked(page, packed, length);
    let rows = repetition > 0 ? 0 : count;
    if (repetition > 0)
      readRuns(page, bytes.subarray(0, first), widthOf(repetition), count, (level, times) => {
        if (level === 0) rows += times;
      });
    if (definition > 0) {
      defined = 0;
      readRuns(page, bytes.subarray(first, first + second), widthOf(definition), count, isDefined);
    }
    if (defined !== count - num_nulls || rows !== num_rows)
      throw new Error(
        `a page of ${name} has ${defined} values in ${rows} rows, not ${count - num_nulls} in ${num_rows}`,
      );
  }
  if (encoding === "PLAIN") checkPlain(page, rest, defined);
  else if (encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY") checkIndexes(page, rest, defined);
  return count;
}

const widthOf = (level: number): number => 32 - Math.clz32(level);

/** Values in PLAIN encoding fill their page. */
function checkPlain({ chunk, path, name }: Page, bytes: Uint8Array, count: number): void {
  const size = chunk.type === "FIXED_LEN_BYTE_ARRAY" ? path.at(-1)!.element.type_length : SIZES[chunk.type];
  let end = chunk.type === "BOOLEAN" ? Math.ceil(count / 8) : count * (size ?? 0);
  if (chunk.type === "BYTE_ARRAY") {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let n = 0;
    for (; n < count && end + 4 <= bytes.length; n++) end += 4 + view.getUint32(end, true);
    if (n !== count) end = -1;
  }
  // fastparquet writes eight zeros behind the values.
  const isPadding = end >= 0 && bytes.length - end <= 8 && bytes.subarray(end).every((byte) => byte === 0);
  if (end > bytes.length || !isPadding) throw new Error(`the ${count} values of a page of ${name} do not fill it`);
}

/** Places in the dictionary: as many as there are values, each of them in it. */
function checkIndexes(page: Page, bytes: Uint8Array, count: number): void {
  const width = count === 0 ? 0 : bytes[0]!;
  if (!(width <= 32)) throw new Error(`a page of ${page.name} has indexes of ${width} bits`);
  let most = 0;
  if (width > 0)
    readRuns(page, bytes.subarray(1), width, count, (index) => {
      if (index > most) most = index;
    });
  const { dictionary } = page;
  if (count > 0 && dictionary !== undefined && most >= dictionary)
    throw new Error(`a page of ${page.name} refers to value ${most} of ${dictionary}`);
}

/**
 * `count` numbers of so many bits in the hybrid of runs and bit packing, run by run (single where they are packed). Throws where they
 * are fewer, or a run goes on behind the last of them.
 */
function readRuns(
  { name }: Page,
  bytes: Uint8Array,
  width: number,
  count: number,
  visit: (value: number, times: number) => void = () => undefined,
): void {
  let at = 0;
  let seen = 0;
  const fail = (): never => {
    throw new Error(`a page of ${name} has other numbers of levels or values than it says`);
  };
  while (seen < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = at < bytes.length && shift < 35 ? bytes[at++]! : fail();
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const length = Math.floor(header / 2);
    if (header % 2 === 0) {
      const size = Math.ceil(width / 8);
      if (length > count - seen || at + size > bytes.length) fail();
      let value = 0;
      for (let i = 0; i < size; i++) value += bytes[at + i]! * 2 ** (8 * i);
      at += size;
      visit(value, length);
      seen += length;
      continue;
    }
    const packed = length * width;
    // DuckDB packs 256 at a time, whatever follows; the last group may lack the bytes of its padding.
    if ((length - 1) * width > bytes.length - at) fail();
    const values = Math.min(length * 8, count - seen);
    if (at + Math.ceil((values * width) / 8) > bytes.length) fail();
    for (let n = 0; n < values; n++) visit(bitsAt(bytes, at, n * width, width), 1);
    at += packed;
    seen += values;
  }
}

/** `width` bits, up to 32, from bit `start` behind byte `at`: the lowest of each byte first. */
function bitsAt(bytes: Uint8Array, at: number, start: number, width: number): number {
  const first = at + (start >> 3);
  const shift = start & 7;
  if (shift + width <= 24) {
    const three = bytes[first]! | ((bytes[first + 1] ?? 0) << 8) | ((bytes[first + 2] ?? 0) << 16);
    return (three >> shift) & ((1 << width) - 1);
  }
  let value = 0;
  for (let i = 0; i < 5; i++) value += (bytes[first + i] ?? 0) * 2 ** (8 * i);
  return Math.floor(value / 2 ** shift) % 2 ** width;
}

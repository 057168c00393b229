/** Bytes that make the structure of JSON. */
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const isOpening = (byte: number) => byte === 0x7b || byte === 0x5b;
export const isClosing = (byte: number) => byte === 0x7d || byte === 0x5d;

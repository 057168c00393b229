/** The column names of tables: those that are known, and those that the user picks. */

/** Column names that the user picked; they override what would be found. */
export interface ColumnMapping {
  messages?: string;
  images?: string;
  question?: string;
  answer?: string;
  system?: string;
}

/** Names under which each thing is looked for, in this order. */
export const COLUMNS = {
  messages: ["messages", "conversations"],
  images: ["images", "image", "image_path", "file_name"],
  question: ["question", "prompt", "query"],
  answer: ["answer", "response", "completion", "text", "caption"],
  caption: ["text", "caption"],
  system: ["system"],
} as const;

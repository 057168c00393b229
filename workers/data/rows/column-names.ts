/** The names under which people write the columns of a table. What is done with them stands in columns.ts. */

/** Names under which each thing is looked for, in this order; case, spaces, "_", "-" and "." in them do not matter. */
export const COLUMNS = {
  messages: [
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "dialogs",
    "dialogues",
    "chat",
    "turns",
    "qa_pairs",
    "qa",
    "qas",
    "texts",
  ],
  images: [
    "images",
    "image",
    "image_path",
    "file_name",
    "file_names",
    "image_file_name",
    "image_file_names",
    "images_file_names",
    "image_paths",
    "image_name",
    "image_file",
    "image_filename",
    "img",
    "imgs",
    "img_path",
    "img_paths",
    "img_name",
    "img_file",
    "picture",
    "pictures",
    "photo",
    "photos",
    "image_url",
    "image_urls",
  ],
  /** A picture by its name without an extension, where no column above is there (TextVQA, GQA, tables of Kaggle). */
  imageId: ["image_id", "img_id"],
  question: [
    "question",
    "prompt",
    "query",
    "instruction",
    "prefix",
    "problem",
    "user_prompt",
    "input",
    "questions",
    "queries",
  ],
  answer: [
    "answer",
    "response",
    "completion",
    "output",
    "suffix",
    "multiple_choice_answer",
    "correct_answer",
    "gt_answer",
    "gold_answer",
    "answers",
    "target",
    "ground_truth",
    "direct_answers",
    "responses",
    "solution",
    "reply",
    "chosen",
    "assistant",
    "gpt",
  ],
  caption: [
    "text",
    "caption",
    "captions",
    "texts",
    "sentences",
    "sentence",
    "description",
    "descriptions",
    "comment",
    "comments",
    "alt_text",
    "raw",
  ],
  label: ["label", "labels", "class", "class_name", "category", "category_name"],
  boxes: [
    "bboxes",
    "bbox",
    "boxes",
    "box",
    "bbox_2d",
    "box_2d",
    "bounding_boxes",
    "bounding_box",
    "objects",
    "annotations",
    "detections",
    "shapes",
  ],
  /** How they are written, and in a picture of which size. */
  boxFormat: ["bbox_format", "box_format", "bbox_mode"],
  width: ["width", "image_width"],
  height: ["height", "image_height"],
  system: ["system", "system_prompt"],
  choices: ["choices", "options", "multiple_choices", "answer_choices", "candidates"],
  /** The right option, where the answer column is not what says it. */
  choice: [
    "answer_index",
    "answer_idx",
    "correct_choice_idx",
    "correct_option",
    "answer_key",
    "correct_index",
    "label",
  ],
  history: ["history", "chat_history", "conversation_history"],
  /** What belongs to an `instruction`. */
  input: ["input"],
  /** Parts of a record about its conversation that are not trained on. */
  aside: [
    "rejected",
    "rejected_response",
    "rejected_messages",
    "rejected_images",
    "hint",
    "lecture",
    "context",
    "passage",
    "rationale",
    "explanation",
    "tools",
  ],
  /** Which split a row is of. */
  split: ["split", "data_split"],
  /** Whether an answer is a good one, in preference data of KTO. */
  liked: ["kto_tag", "label"],
  /** The better answer to a conversation that ends with a question. */
  chosen: ["chosen"],
} as const;

export type ColumnKind = keyof typeof COLUMNS;

/** Kinds whose names may be misspelt: long names that say one thing. */
export const NEAR: ColumnKind[] = ["messages", "question", "answer", "caption"];

/** Columns of options: A, B, C …, option_a, choice 1. */
export const OPTION_COLUMN = /^(?:(?:option|choice)s?[\s_.-]*)?([a-h])$|^(?:option|choice)s?[\s_.-]*([1-9])$/i;

/** caption_0, answer 1, image_2: one of several. */
export const NUMBERED = /^(.*?)[\s_.-]*(\d{1,3})$/;

/** Columns that hold the sides of one box, one number each. */
export const SIDES = [
  ["xmin", "ymin", "xmax", "ymax"],
  ["x1", "y1", "x2", "y2"],
  ["left", "top", "right", "bottom"],
  ["x", "y", "w", "h"],
  ["cx", "cy", "w", "h"],
] as const;

/** The texts of a row, to be corrected: a field for each, pictures stay where they are. */
import { useState } from "react";
import type { RowView } from "../../workers/data/browse.ts";
import type { Message } from "../../workers/data/rows/row.ts";
import { Action } from "../parts/Action.tsx";
import { Field } from "../parts/Field.tsx";
import { useRows } from "../stores/rows.ts";
import { words } from "../words/index.ts";

/** The messages with another text in one part. */
const withText = (messages: readonly Message[], m: number, p: number, text: string): Message[] =>
  messages.map((message, i) =>
    i === m
      ? { ...message, content: message.content.map((part, k) => (k === p ? { type: "text", text } : part)) }
      : message,
  );

export function RowEditor({ row, onClose }: { row: RowView; onClose(): void }) {
  const [messages, setMessages] = useState(row.messages);
  const change = useRows((s) => s.change);
  const say = words().data.editor;
  const same = JSON.stringify(messages) === JSON.stringify(row.messages);
  return (
    <form
      className="row-editor"
      aria-label={say.texts(row.position + 1)}
      onSubmit={(event) => {
        event.preventDefault();
        void change({ edit: row.position, messages }).then((done) => done && onClose());
      }}
    >
      {messages.map(({ role, content }, m) =>
        content.map((part, p) =>
          part.type === "text" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: texts have no identity but their place
            <Field key={`${m} ${p}`} label={`${say.speakers[role]} ${m + 1}`}>
              {(attributes) => (
                <textarea
                  {...attributes}
                  dir="auto"
                  rows={Math.min(8, 1 + Math.ceil(part.text.length / 60))}
                  value={part.text}
                  onChange={(event) => setMessages(withText(messages, m, p, event.target.value))}
                />
              )}
            </Field>
          ) : null,
        ),
      )}
      <div className="row">
        <Action type="submit" reason={same ? say.same : ""}>
          {say.save}
        </Action>
        <Action kind="quiet" onPress={onClose}>
          {say.keep}
        </Action>
      </div>
    </form>
  );
}

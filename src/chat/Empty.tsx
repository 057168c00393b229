/** What stands in place of a conversation that has not begun: what to do, and questions of the data to begin with. */
import { attempt, useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { useChat } from "../stores/chat.ts";
import { type ShownQuestion, useQuestions } from "../stores/questions.ts";
import { words } from "../words/index.ts";
import { questionLabel } from "./status.ts";

interface EmptyProps {
  /** What to do first. */
  lead: string;
  /** Why nothing can be asked now; "" when it can. */
  obstacle: string;
  onAsk(text: string, rightAnswer?: string): Promise<void>;
}

export function Empty({ lead, obstacle, onAsk }: EmptyProps) {
  const attached = useChat((s) => s.attached.length);
  const { questions, picturesOf } = useQuestions();
  const say = words().chat.empty;
  const ask = async (question: ShownQuestion): Promise<void> => {
    useApp.getState().clear("chat");
    await attempt("chat", async () => {
      useChat.getState().attach(await picturesOf(question));
      await onAsk(question.question, question.right);
    });
  };
  // Who has a picture of their own asks about that.
  const offered = attached === 0 ? questions : [];
  return (
    <div className="empty">
      <p className="detail">{lead}</p>
      {offered.length > 0 && (
        <>
          <p className="detail">{offered.every(({ heldOut }) => heldOut) ? say.fromHeldOut : say.fromData}</p>
          <ul className="questions" aria-label={say.questions}>
            {offered.map((question) => (
              <li key={question.position}>
                <Action
                  kind="quiet"
                  label={questionLabel(question)}
                  reason={obstacle}
                  onPress={() => void ask(question)}
                >
                  {question.shown?.slice(0, 1).map(({ url }) => (
                    <img key={url} src={url} alt="" />
                  ))}
                  <span dir="auto">{question.question || say.noWords}</span>
                </Action>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

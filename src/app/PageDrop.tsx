/** The whole page takes drops: pictures over the chat are asked about, everything else is data, a model, an adapter or a recipe. */
import { useEffect, useState } from "react";
import { isPictureName } from "../../workers/data/rows/sidecar.ts";
import { filesOfDrop } from "../parts/files.ts";
import { useChat } from "../stores/chat.ts";
import { takeFiles } from "../stores/drops.ts";

const overChat = (event: DragEvent): boolean =>
  event.target instanceof Element && event.target.closest('[data-place="chat"]') !== null;

/** What the browser tells of files before they are let go: kinds, no names; a folder or a rare picture has none. */
const seemPictures = ({ dataTransfer }: DragEvent): boolean => {
  const types = [...(dataTransfer?.items ?? [])].map((item) => item.type);
  return types.length > 0 && types.every((type) => type === "" || type.startsWith("image/"));
};

async function take(event: DragEvent): Promise<void> {
  if (!event.dataTransfer) return;
  const forChat = overChat(event);
  const files = await filesOfDrop(event.dataTransfer);
  if (files.length === 0) return;
  if (forChat && files.every(({ path }) => isPictureName(path))) {
    useChat.getState().attach(files.map(({ path, blob }) => (blob instanceof File ? blob : new File([blob], path))));
  } else await takeFiles(files);
}

type Target = "chat" | "page";

/** Follows a drag over the window; the counter tells entering a child from leaving the window. */
function useDrag(): Target | undefined {
  const [target, setTarget] = useState<Target>();
  useEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent): void => {
      event.preventDefault();
      depth += 1;
      setTarget(overChat(event) && seemPictures(event) ? "chat" : "page");
    };
    const leave = (): void => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setTarget(undefined);
    };
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      depth = 0;
      setTarget(undefined);
      void take(event);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return target;
}

export function PageDrop() {
  const target = useDrag();
  useEffect(() => {
    const chat = document.querySelector<HTMLElement>('[data-place="chat"]');
    if (target === undefined || !chat) return;
    chat.dataset.dropping = target;
    return () => {
      delete chat.dataset.dropping;
    };
  }, [target]);
  if (target === undefined) return null;
  return (
    <div className="drop-overlay" data-target={target} aria-hidden="true">
      {target === "chat" ? "Ask about this picture" : "Train on this, or add a model folder or an adapter"}
      <small>{target === "page" && "To ask about a picture, let it go over the chat"}</small>
    </div>
  );
}

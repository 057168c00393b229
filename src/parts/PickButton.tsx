/** A button that opens the browser's file or folder chooser. */
import { type ReactNode, useRef } from "react";
import type { DroppedFile } from "../../workers/protocol.ts";
import { filesOfInput } from "./files.ts";

interface PickButtonProps {
  children: ReactNode;
  folder?: boolean;
  accept?: string;
  disabled?: boolean;
  onPick(files: DroppedFile[]): void;
}

export function PickButton({ children, folder, accept, disabled, onPick }: PickButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={accept}
        {...(folder ? { webkitdirectory: "" } : {})}
        onChange={(event) => {
          const files = event.currentTarget.files;
          if (files?.length) onPick(filesOfInput(files));
          // The same choice must count as a new one next time.
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

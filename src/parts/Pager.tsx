/** One page of many: which it is, the one before and the next. */
import type { ReactNode } from "react";
import { Action } from "./Action.tsx";

interface PagerProps {
  /** "rows" */
  what: string;
  /** From 0. */
  page: number;
  pages: number;
  onPage(page: number): void;
  children?: ReactNode;
}

export function Pager({ what, page, pages, onPage, children }: PagerProps) {
  return (
    <div className="row pager">
      <Action kind="quiet" reason={page === 0 ? `These are the first ${what}.` : ""} onPress={() => onPage(page - 1)}>
        Previous {what}
      </Action>
      <span>
        {page + 1} of {pages}
      </span>
      <Action
        kind="quiet"
        reason={page + 1 >= pages ? `These are the last ${what}.` : ""}
        onPress={() => onPage(page + 1)}
      >
        Next {what}
      </Action>
      {children}
    </div>
  );
}

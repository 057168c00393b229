/** How often an option may come: "one" exactly once, "maybe" at most once, "many" any number, "flag" without a value. */
export type Options = Record<string, "one" | "maybe" | "many" | "flag">;

/** Sealed records that are also what is expected where they lie: a whole record may be another entry's, whose name it was given. */
import * as v from "valibot";
import { unsealJson } from "./sealed.ts";

/** What tells a record from others, and all that a reader leans on. Fields of later versions are no fault. */
export type Form = v.GenericSchema;

/** What `sealJson` sealed, as it was; undefined where there is nothing, where a byte has changed, and where it has not this form. */
export async function unsealAs<T>(form: Form, sealed: Uint8Array | undefined): Promise<T | undefined> {
  const value = sealed && (await unsealJson(sealed));
  return v.is(form, value) ? (value as T) : undefined;
}

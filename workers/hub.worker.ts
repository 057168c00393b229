/** Says to a hub what the page has to say in somebody's name. */
import * as Comlink from "comlink";
import { hubApi } from "./hub/account.ts";

Comlink.expose(hubApi());

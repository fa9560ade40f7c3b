// The scripts of the page, run without a page: what they put into their namespace is returned.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const ASSETS = new URL("../../assets/", import.meta.url);

export function load(name, { rules = { defaults: {}, goes: [], parts: {} } } = {}) {
  const quiet = () => {};
  const window = { addEventListener: quiet, dash_clientside: { no_update: Symbol("no update"), cnn: {} } };
  const context = createContext({
    window,
    document: {
      addEventListener: quiet,
      getElementById: () => ({ textContent: JSON.stringify(rules) }),
    },
    history: { pushState: quiet, replaceState: quiet },
    location: { search: "", pathname: "/" },
    URLSearchParams, TextDecoder, TextEncoder, DataView, Blob, Response, Uint8Array, Float32Array,
    CompressionStream, DecompressionStream, btoa, atob, JSON, console,
  });
  runInContext(readFileSync(new URL(name, ASSETS), "utf-8"), context, { filename: name });
  return { ...window.dash_clientside.cnn, noUpdate: window.dash_clientside.no_update };
}

// The scripts of the page, run without a page: what they put into their namespace is returned.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const ASSETS = new URL("../../assets/", import.meta.url);
const RULES = {
  defaults: {}, goes: [], parts: {}, sides: { sent: 112, picture: 28 },
  addresses: {
    fields: "/below/fields", labels: "/below/labels/<data>/<split>", link: "/below/link", values: "/below/values/<page>",
    layer_values: "/below/values/<page>/<layer>",
  },
  pages: { base: "/below/", first: "network" },
};

// `page` has the elements by id that there are, `found` is what a selector finds, or returns it, `around` what else
// there is, and `fetch` is the window's, which also has what is `known`; `make` makes elements.
export function load(names, { rules = {}, page = {}, found = null, around = {}, known = {}, make = null, fetch = () => {}, onProps = () => {} } = {}) {
  const quiet = () => {};
  const window = {
    addEventListener: quiet, fetch, ...known,
    dash_clientside: {
      no_update: Symbol("no update"), set_props: onProps,
      callback_context: { inputs_list: [], outputs_list: {}, states_list: [], triggered: [] },
    },
  };
  const elements = { "view-rules": { textContent: JSON.stringify({ ...RULES, ...rules }) }, ...page };
  const context = createContext({
    window,
    document: {
      addEventListener: quiet, createElement: make,
      getElementById: (id) => elements[id] || null,
      querySelector: () => (typeof found === "function" ? found() : found),
      body: { classList: { toggle: quiet } },
      documentElement: { dataset: {} },
    },
    history: { pushState: quiet, replaceState: quiet },
    location: { search: "", pathname: "/" },
    URLSearchParams, TextDecoder, TextEncoder, DataView, Blob, Response, Uint8Array, Float32Array,
    CompressionStream, DecompressionStream, btoa, atob, JSON, console, clearTimeout, setTimeout,
    ...around,
  });
  for (const name of ["00-base/cnn.js", "05-wire/addresses.js", "10-state/controls.js", ...names]) {
    runInContext(readFileSync(new URL(name, ASSETS), "utf-8"), context, { filename: name });
  }
  const { cnn, no_update: noUpdate } = window.dash_clientside;
  return { ...cnn, cnn, noUpdate, fetch: window.fetch, dash: window.dash_clientside };
}

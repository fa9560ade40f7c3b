// What the page brings along, and what our events and queries are about: elements, whose kind the
// selector says.
export {};

declare global {
  interface Window {
    dash_clientside: any;
    Plotly: any;
  }

  const Plotly: any;

  interface EventTarget {
    closest(selector: string): any;
    matches(selector: string): boolean;
    querySelector(selector: string): any;
    open: any;
    id: any;
    value: any;
  }

  interface Node {
    classList: DOMTokenList;
    on: any;
    data: any;
  }

  interface Element {
    click: any;
    data: any;
    dataset: any;
    focus: any;
    given: any;
    hidden: any;
    href: any;
    htmlFor: any;
    offsetParent: any;
    open: any;
    outlines: any;
    rem: number;
    style: any;
    toDataURL: any;
  }
}

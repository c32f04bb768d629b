// Small helpers. Text only ever becomes text nodes: nothing here parses HTML.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (name === "class") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// A link only for web addresses; anything else ("javascript:", a file path) stays text.
export function webLink(address, text) {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return null;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

// Storage may be switched off in the browser; the page then forgets, and works.
export const memory = {
  get(name) {
    try {
      return localStorage.getItem("secretary." + name);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      if (value === null) localStorage.removeItem("secretary." + name);
      else localStorage.setItem("secretary." + name, value);
    } catch {
      // Nothing to do.
    }
  },
};

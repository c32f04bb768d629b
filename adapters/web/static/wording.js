// The page's sentences, in the language the reader chose or the browser asked for.

const wording = JSON.parse(document.getElementById("wording").textContent);
let language = document.documentElement.lang;

export function t(key, values = {}) {
  return wording[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function currentLanguage() {
  return language;
}

export function useLanguage(name) {
  if (!(name in wording)) return;
  language = name;
  document.documentElement.lang = name;
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  document.getElementById("language").lang = otherLanguage();
  const attributes = { tLabel: "aria-label", tTitle: "title", tPlaceholder: "placeholder" };
  for (const [key, attribute] of Object.entries(attributes)) {
    const selector = `[data-${key.replace(/[A-Z]/g, (c) => "-" + c.toLowerCase())}]`;
    for (const node of document.querySelectorAll(selector)) node.setAttribute(attribute, t(node.dataset[key]));
  }
}

export function otherLanguage() {
  return Object.keys(wording).find((name) => name !== language);
}

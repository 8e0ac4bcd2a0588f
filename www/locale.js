// The language of a place and its words: English is in the code, each other language has a table in `locales/`.

const LANGUAGE = /^(ar|de|en-xa|es|fr|zh)(-|$)/i;
// A table that takes longer is not waited for.
const LONGEST = 5000;
const tables = new Map();

/** The language that there is a table of for a tag: `de` for `de-AT`; English where there is none. */
export const languageFor = (tag) => LANGUAGE.exec(tag)?.[1].toLowerCase() ?? "en";

/** The language of an element: that of the closest `lang`, its own or that of an element around it. */
export function languageOf(element) {
  let named;
  for (let at = element; at && !named; at = at.getRootNode().host) named = at.closest("[lang]");
  return languageFor(named?.lang ?? "");
}

/** The table of a language as JSON, by English; empty for English, or where it cannot be had. */
export function wordsOf(language) {
  if (language === "en") return "";
  if (!tables.has(language)) {
    const url = new URL(`./locales/${language}.json`, import.meta.url);
    const answer = fetch(url, { signal: AbortSignal.timeout(LONGEST) }).then((answer) => (answer.ok ? answer.text() : Promise.reject()));
    // It may be there next time.
    tables.set(language, answer.catch(() => (tables.delete(language), "")));
  }
  return tables.get(language);
}

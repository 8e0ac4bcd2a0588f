// Puts a page of the site itself, the gallery or a frame's, into another language.
import { languageFor, wordsOf } from "./locale.js";

/**
 * The page's language by a tag. Elements with `data-words` get their text in it, or the attribute that it names. Answers the
 * language and its table, once they have.
 */
export async function speak(tag) {
  const root = document.documentElement;
  const language = languageFor(tag);
  if (language !== "en") root.lang = tag;
  if (language === "ar") root.dir = "rtl";
  const table = await wordsOf(language);
  const words = parsed(table);
  for (const element of document.querySelectorAll("[data-words]")) {
    const name = element.dataset.words;
    const english = name ? element.getAttribute(name) : element.textContent.trim();
    const word = words[english] ?? english;
    if (name) element.setAttribute(name, word);
    else element.textContent = word;
  }
  return [language, table];
}

function parsed(table) {
  try {
    return JSON.parse(table);
  } catch {
    return {};
  }
}

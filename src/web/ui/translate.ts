import { signal } from "@preact/signals";
import { createInstance, type i18n } from "i18next";
import type { Language } from "./language.ts";

/** One language's words of one part of the product: nested objects of strings, as translators edit them. */
export type Catalogue = { readonly [key: string]: string | Catalogue };

/** Says `key` in the present language; `{{name}}` stands for a value. Components that call it follow a language switch. */
export type Translate = (key: string, values?: Readonly<Record<string, string | number>>) => string;

const language = signal<Language>("en");

export const currentLanguage = (): Language => language.value;

/** Makes the whole page speak a language, and tells the browser which it is. */
export function speak(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
}

/** Puts the catalogues of the page and of the shared components together. Their first levels name different things. */
export function createTranslate(catalogues: { readonly [L in Language]: readonly Catalogue[] }): Translate {
  const whole = (parts: readonly Catalogue[]) => ({ translation: Object.assign({}, ...parts) });
  const dictionary: i18n = createInstance();
  void dictionary.init({
    resources: { "zh-CN": whole(catalogues["zh-CN"]), en: whole(catalogues.en) },
    lng: "en",
    fallbackLng: "en",
    initAsync: false,
    // Preact escapes what it renders.
    interpolation: { escapeValue: false },
  });
  return (key, values) => dictionary.t(key, { lng: language.value, ...values });
}

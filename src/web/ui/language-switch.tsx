import { LANGUAGES, type Language } from "./language.ts";
import { currentLanguage, type Translate } from "./translate.ts";

/** Every language by its own name. */
export function LanguageSwitch({
  t,
  onChoose,
}: {
  readonly t: Translate;
  readonly onChoose: (next: Language) => void;
}) {
  return (
    <fieldset class="language-switch" aria-label={t("ui.language")}>
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === currentLanguage()}
          onClick={() => onChoose(language)}
        >
          {t(`ui.languages.${language}`)}
        </button>
      ))}
    </fieldset>
  );
}

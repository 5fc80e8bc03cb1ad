import uiEn from "../ui/catalogue/en.json" with { type: "json" };
import uiZh from "../ui/catalogue/zh-CN.json" with { type: "json" };
import { createTranslate } from "../ui/translate.ts";
import en from "./catalogue/en.json" with { type: "json" };
import zh from "./catalogue/zh-CN.json" with { type: "json" };

export const t = createTranslate({ "zh-CN": [uiZh, zh], en: [uiEn, en] });

/** The sentence of a refusal; one the page has no words for is said with its code. */
export const problemText = (code: string): string =>
  code in en.problem ? t(`problem.${code}`) : t("problem.other", { code });

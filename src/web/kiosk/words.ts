import uiEn from "../ui/catalogue/en.json" with { type: "json" };
import uiZh from "../ui/catalogue/zh-CN.json" with { type: "json" };
import { createTranslate } from "../ui/translate.ts";
import en from "./catalogue/en.json" with { type: "json" };
import zh from "./catalogue/zh-CN.json" with { type: "json" };

export const t = createTranslate({ "zh-CN": [uiZh, zh], en: [uiEn, en] });

/** The sentence of a refusal; one the page has no words for is said in general. */
export const problemText = (code: string, compartment: number | undefined): string =>
  code in en.problem ? t(`problem.${code}`, { compartment: compartment ?? "" }) : t("problem.other");

import { formatCode } from "../../contract/pickup-code.ts";
import type { NoticeLanguage } from "../../contract/vault-api.ts";
import type { PickupNotice } from "./notifier.ts";

/** A notice as a person reads it: no name, no goods, no payment, no link. */
export type NoticeText = { readonly subject: string; readonly body: string };

type Wording = (notice: PickupNotice) => NoticeText;

/** The code stays out of the subject: a locked telephone shows it to everybody. */
const wordings: Readonly<Record<NoticeLanguage, Wording>> = {
  en: ({ lockerName, lockerAddress, code, extension }) => ({
    subject: `Your parcel is waiting at ${lockerName}`,
    body: [
      "Your parcel is waiting in a parcel locker:",
      lockerName,
      lockerAddress,
      "",
      `Pickup code: ${formatCode(code)}`,
      `Only if the screen asks for four more digits: ${extension}`,
      "",
      "Whoever knows the code can collect the parcel.",
    ].join("\n"),
  }),
  "zh-CN": ({ lockerName, lockerAddress, code, extension }) => ({
    subject: `您的包裹已到${lockerName}`,
    body: [
      "您的包裹已存入快递柜：",
      lockerName,
      lockerAddress,
      "",
      `取件码：${formatCode(code)}`,
      `仅当屏幕要求再输入四位数字时使用：${extension}`,
      "",
      "知道取件码的人都能取走包裹，请妥善保管。",
    ].join("\n"),
  }),
};

export const noticeText = (notice: PickupNotice): NoticeText => wordings[notice.language](notice);

declare module "subset-font" {
  type Options = {
    readonly targetFormat: "woff2";
    readonly noHinting: boolean;
    /** OpenType feature tags to retain. */
    readonly keepFeatures: readonly string[];
  };
  export default function subsetFont(font: Uint8Array, text: string, options: Options): Promise<Uint8Array>;
}

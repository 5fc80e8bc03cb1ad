/**
 * Whether the `count`th time of the same thing is worth a line in the log: the 1st, 2nd, 4th, 8th, ... What others can
 * make us say at will must not fill the disk.
 */
export const isWorthALine = (count: number): boolean => Number.isInteger(Math.log2(count));

/** Lets a moment pass: for faults that have to fall somewhere within it, never for waiting on something. */
export const letPass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

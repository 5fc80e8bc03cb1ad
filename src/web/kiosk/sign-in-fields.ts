/** Digits of what a courier signs in with, as the locker takes them. */
export const signInDigits = {
  courier: { min: 4, max: 8 },
  pin: { min: 6, max: 12 },
  totp: { min: 6, max: 6 },
} as const;

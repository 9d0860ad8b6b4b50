/** The number of a concrete value as a release writes it (`#2.50`); undefined for texts and truth values. */
export const concreteNumber = (value: string): number | undefined =>
  value.startsWith('#') ? Number(value.slice(1)) : undefined

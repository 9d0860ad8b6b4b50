/**
 * Decimals whose text says more than their value: `1.10`, `1e-22`, more digits than a double holds
 * (https://hl7.org/fhir/R4/datatypes.html#decimal: precision is part of the value).
 *
 * A decimal is a plain JavaScript number everywhere; beside it, on the object that holds it, its text is kept under a
 * symbol that neither JSON.stringify, spreading nor comparison sees. The readers (parseJson, parseXml) keep it, the
 * writers (stringifyJson, writeXml) use it. Limits: an object that is rebuilt loses it (nested objects do not when the
 * outer one is spread), plain JSON.stringify writes the shortest equal number, and arithmetic is done in doubles.
 */
const EXACT = Symbol('exact numbers')
/** Whether any text was ever kept in this process: most servers never read a decimal that needs it. */
let isInUse = false

interface Holder {
  [EXACT]?: Map<string, string>
}

/** Keeps the text of the number at `holder[key]`; nothing is kept when the text is how JavaScript writes it anyway. */
export function keepExactNumber(holder: object, key: string, text: string): void {
  if (text === String(Number(text))) return
  isInUse = true
  const kept = (holder as Holder)[EXACT]
  if (kept) kept.set(key, text)
  else Object.defineProperty(holder, EXACT, { value: new Map([[key, text]]), configurable: true })
}

/** Text of the number at `holder[key]` when it was kept and the number is still the same. */
export function exactNumber(holder: object, key: string): string | undefined {
  const text = (holder as Holder)[EXACT]?.get(key)
  return text !== undefined && Number(text) === Number((holder as Record<string, unknown>)[key]) ? text : undefined
}

/** Whether any number inside has kept its text. */
export function hasExactNumbers(value: unknown): boolean {
  return isInUse && holdsExact(value)
}

function holdsExact(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ((value as Holder)[EXACT]) return true
  if (Array.isArray(value)) return value.some(holdsExact)
  for (const name in value) if (holdsExact((value as Record<string, unknown>)[name])) return true
  return false
}

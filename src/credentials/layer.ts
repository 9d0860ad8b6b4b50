import { explainJson, placeOf } from '../base/json-explain.ts'
import type { Json } from '../base/json-value.ts'

/**
 * One layer of a credential on the way from its text to what it says, for people who look for the place of a fault. Facts name sizes,
 * headers, times and the issuer; what is about a person stands in `content` alone.
 */
export interface Layer {
  /** What it is, e.g. `base45`. */
  name: string
  /** Where it begins in the layer that it is taken from, and how long it is. */
  offset: number
  length: number
  unit: 'characters' | 'bytes'
  /** How deep it lies in the layer before it that stands one less deep; 0: a layer of its own. */
  depth: number
  facts: string[]
  /** What it says: personal data. */
  content?: Json
  /** Where it cannot be read on, from its own beginning, and why. */
  fault?: { offset: number; text: string }
}

/** A layer of bytes. */
export const bytesLayer = (name: string, bytes: Uint8Array, more: Partial<Layer> = {}): Layer => ({
  name,
  offset: 0,
  length: bytes.length,
  unit: 'bytes',
  depth: 0,
  facts: [],
  ...more,
})

/** A layer of characters. */
export const textLayer = (name: string, text: string, more: Partial<Layer> = {}): Layer => ({
  name,
  offset: 0,
  length: text.length,
  unit: 'characters',
  depth: 0,
  facts: [],
  ...more,
})

/** The same layer, at fault. */
export const faulty = (layer: Layer, offset: number, text: string): Layer => ({ ...layer, fault: { offset, text } })

/** Where a text that is refused as JSON is at fault, without a word of it. */
export function jsonFault(text: string): { offset: number; text: string } {
  const fault = explained(text)
  if (!fault) return { offset: 0, text: 'it is nested too deep, or has a member twice' }
  const { line, column } = fault
  return { offset: offsetOf(text, line, column), text: `it is no JSON from line ${line}, column ${column} on` }
}

function explained(text: string): { line: number; column: number } | undefined {
  const place = /^line (\d+), column (\d+)/.exec(explainJson(text)?.diagnostics ?? '')
  return place ? { line: Number(place[1]), column: Number(place[2]) } : undefined
}

function offsetOf(text: string, line: number, column: number): number {
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = (low + high) >> 1
    const place = placeOf(text, middle)
    if (place.line < line || (place.line === line && place.column < column)) low = middle + 1
    else high = middle
  }
  return low
}

/** Seconds since 1970 as a date-time; what is no time is said so. */
export function timeText(seconds: unknown): string {
  if (typeof seconds !== 'number') return 'no number'
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? 'no time' : date.toISOString()
}

/** A text of the envelope (issuer, key id, algorithm) as it may be shown: short, and nothing that is not seen. */
export const shownText = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\u{fffd}'))
    : 'no text'

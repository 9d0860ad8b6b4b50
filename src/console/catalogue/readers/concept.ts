/** Codes with their words: Coding and CodeableConcept, and what jurisdictions and contexts say with them. */
import type { Reading } from './reading.ts'

/** A code of a system. */
export interface Coding {
  system: string
  version: string
  code: string
  display: string
}

/** Reads a Coding. */
export const codingOf = (reading: Reading): Coding => ({
  system: reading.text('system'),
  version: reading.text('version'),
  code: reading.text('code'),
  display: reading.text('display'),
})

/** A CodeableConcept in words: its text, else the display of its first coding, else its code; empty when it says nothing. */
export function conceptWords(reading: Reading): string {
  const text = reading.text('text')
  if (text) return text
  for (const each of reading.children('coding').map(codingOf))
    if (each.display || each.code) return each.display || each.code
  return ''
}

const countrySystem = 'urn:iso:std:iso:3166'
const regionSystem = 'http://unstats.un.org/unsd/methods/m49/m49.htm'

/** A jurisdiction in words of a language where its code is a country or region that the language names. */
export function jurisdictionWords(reading: Reading, language: string): string {
  for (const { system, code } of reading.children('coding').map(codingOf)) {
    if (system !== countrySystem && system !== regionSystem) continue
    const name = regionName(code, language)
    if (name) return name
  }
  return conceptWords(reading)
}

function regionName(code: string, language: string): string {
  if (!/^(?:[A-Z]{2}|\d{3})$/.test(code)) return ''
  try {
    return new Intl.DisplayNames(language, { type: 'region', fallback: 'none' }).of(code) ?? ''
  } catch {
    return ''
  }
}

/** A use context: what kind of thing is said, and which. */
export interface UseContext {
  /** Code of the kind, e.g. `focus`, `task`. */
  kind: string
  words: string
  coding: Coding
}

/** Reads a useContext. */
export function useContextOf(reading: Reading): UseContext {
  const value = reading.child('valueCodeableConcept')
  const [first] = value.children('coding')
  return {
    kind: reading.child('code').text('code'),
    words: conceptWords(value) || unread(reading),
    coding: first ? codingOf(first) : { system: '', version: '', code: '', display: '' },
  }
}

/** A quantity, range or reference is shown as it stands. */
function unread(reading: Reading): string {
  const found = reading.choice('value')
  return found && found.name !== 'valueCodeableConcept' ? JSON.stringify(found.value).slice(0, 200) : ''
}

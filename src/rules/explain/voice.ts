import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import { toJson } from '../cql/run/to-json.ts'
import { preferences } from '../translation.ts'
import table from './phrases.json' with { type: 'json' }

/** The sentences of explanations by language. */
type Phrases = typeof table.en

/** Name of a sentence; `{a}` and the like stand for what is put in. */
export type Phrase = keyof Phrases

const languages: Record<string, Phrases> = table

/** Says things in one language. */
export interface Voice {
  /** A sentence with what is put into it. */
  say(phrase: Phrase, values?: Record<string, string | number>): string
  /** A value in words, shortened. */
  value(value: unknown): string
}

/** The voice of a language tag or an Accept-Language value; English where none of its languages is known. */
export function voiceOf(language: string | undefined): Voice {
  const known = preferences(language).map((tag) => languages[tag] ?? languages[tag.split('-')[0] ?? tag])
  return voiceIn(known.find((each) => each !== undefined) ?? table.en)
}

const voiceIn = keepPerObject((phrases: Phrases): Voice => {
  const sentences = new Map(Object.entries(phrases).map(([phrase, text]) => [phrase, text.split(/\{(\w)\}/)]))
  const voice: Voice = {
    say(phrase, values = {}) {
      const pieces = sentences.get(phrase) ?? []
      // Texts and names by turns.
      let said = pieces[0] ?? ''
      for (let at = 1; at < pieces.length; at += 2) {
        const name = pieces[at] ?? ''
        said += `${values[name] ?? `{${name}}`}${pieces[at + 1] ?? ''}`
      }
      return said
    },
    value: (value) => inWords(value, voice),
  }
  return voice
})

/** Characters of a text, a name or a snippet at most. */
const longestText = 80

/** A text on one line, cut to what a person reads. */
export function shortText(text: string): string {
  const line = isOnOneLine(text) ? text : text.replace(/\s+/g, ' ').trim()
  return line.length > longestText ? `${line.slice(0, longestText - 1)}…` : line
}

const isOnOneLine = (text: string) => !/[^\S ]| {2}|^ | $/.test(text)

/** Elements that are told one by one; of more, how many. */
const mostElements = 3

function inWords(value: unknown, voice: Voice): string {
  if (value === null || value === undefined) return voice.say('null')
  if (typeof value === 'boolean') return voice.say(`${value}`)
  if (typeof value === 'string') return voice.say('quoted', { a: shortText(value) })
  if (Array.isArray(value)) {
    if (value.length > mostElements || value.length === 0) return voice.say('elements', { n: value.length })
    return `{${value.map((each) => inWords(each, voice)).join(', ')}}`
  }
  const json = toJson(value)
  if (typeof json === 'string') return shortText(json)
  return isJsonObject(json) ? (conceptWords(json) ?? shortText(JSON.stringify(json))) : shortText(JSON.stringify(json))
}

/** What a Coding or CodeableConcept says for people. */
function conceptWords({ text, display, code, coding }: JsonObject): string | undefined {
  const told = [text, display, code].find((each) => typeof each === 'string' && each !== '')
  if (typeof told === 'string') return shortText(told)
  if (!Array.isArray(coding)) return undefined
  const first = coding.find(isJsonObject)
  return first && conceptWords({ ...first, coding: null })
}

/** A value as evidence shows it, with long texts, lists and objects cut. */
export function shortValue(value: unknown): Json {
  return cut(toJson(value), 0)
}

const mostMembers = 10
const deepest = 3

function cut(json: Json, depth: number): Json {
  if (typeof json === 'string') return shortText(json)
  if (typeof json !== 'object' || json === null) return json
  if (depth >= deepest) return '…'
  if (Array.isArray(json)) {
    const shown = json.slice(0, mostMembers).map((each) => cut(each, depth + 1))
    return json.length > shown.length ? [...shown, '…'] : shown
  }
  const members = Object.entries(json).slice(0, mostMembers)
  return Object.fromEntries(members.map(([name, each]) => [name, cut(each, depth + 1)]))
}

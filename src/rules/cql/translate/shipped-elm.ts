import { readdirSync, readFileSync } from 'node:fs'
import type { ShippedElm, Translation } from './translator.ts'

/** A translation as a file: its key in the first line, the rest in the second. */
export function formatShippedElm(key: string, translation: Translation): string {
  return `${key}\n${JSON.stringify(translation)}\n`
}

/**
 * Translations that come with the program: the `*.elm` files of a folder, read at the first question. The key is a hash of the CQL
 * text, of every included text and of the translator, so ELM is found for exactly the text that it was made of.
 */
export function shippedElm(folder: string | undefined): ShippedElm {
  let files: Map<string, string> | undefined
  return (key) => {
    files ??= folder === undefined ? new Map() : readFiles(folder)
    const text = files.get(key)
    if (text === undefined) return undefined
    const translation: Translation = JSON.parse(text)
    return translation
  }
}

function readFiles(folder: string): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.elm'))
  return new Map(
    names.map((name) => {
      const text = readFileSync(`${folder}/${name}`, 'utf8')
      const end = text.indexOf('\n')
      return [text.slice(0, end), text.slice(end + 1)]
    }),
  )
}

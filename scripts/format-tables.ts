/** Writes the tables of docs/formats.md from what test/evaluate/one-event holds every format to. */
import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './content/format-tables.ts'

const page = new URL('../docs/formats.md', import.meta.url)
const differences = new URL('../test/evaluate/one-event/differences.json', import.meta.url)
writeFileSync(page, withTables(readFileSync(page, 'utf8'), JSON.parse(readFileSync(differences, 'utf8'))))

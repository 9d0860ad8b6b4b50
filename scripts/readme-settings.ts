/** Writes the configuration table of the README from the settings. */
import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from '../src/config/settings.ts'

const file = new URL('../README.md', import.meta.url)
const text = readFileSync(file, 'utf8')
writeFileSync(file, text.replace(/(<!-- settings:[^>]*-->\n)[\s\S]*?(<!-- \/settings -->)/, `$1${settingsTable()}\n$2`))

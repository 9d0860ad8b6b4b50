/**
 * The executor's dates are read and written by luxon, which asks for the language of the machine when nobody names one: 7 MB of tables of
 * the world's languages came into memory with the first date, and where that language has digits of its own, with them into texts.
 * Here a date is the same on every machine. To be imported before the executor is.
 */
import { createRequire } from 'node:module'

// It is the executor's package, not ours.
const { Settings }: { Settings: { defaultLocale: string } } = createRequire(
  createRequire(import.meta.url).resolve('cql-execution'),
)('luxon')

Settings.defaultLocale = 'en-US'

/** The engine whose time grows with the length of the text alone: 4 MB, and next to no pattern needs it. It is read with the first that does. */
import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

const require = createRequire(import.meta.url)

/** Its one class. */
export function linearEngine(): typeof RE2JS {
  const loaded: { RE2JS: typeof RE2JS } = require('re2js')
  return loaded.RE2JS
}

/** Setting of what is mirrored from other participants. */
import { readFileSync } from 'node:fs'
import { type MirrorSettings, parseMirror } from '../gateway/mirror/mirror-settings.ts'
import type { Setting } from './setting.ts'

/** The setting, in the order of the README's table. */
export const mirrorSettings = [
  {
    variable: 'MIRROR',
    kind: 'text',
    fallbackText: 'nothing is mirrored',
    description:
      'Whose trusted references are fetched from the gateways and mirrored here (docs/mirror.md): a JSON array of `{"participant", "service"?, "domain"?, "gateway"?, "unsigned"?, "runRules"?}`, or a file that holds one. Rules of others are run only with `runRules`.',
  },
] as const satisfies Setting[]

/** Reads the setting; undefined when nothing is mirrored. @throws Error whose message has one problem a line */
export const readMirror = (text: string | undefined): MirrorSettings | undefined =>
  text === undefined ? undefined : parseMirror(text, (path) => readFileSync(path, 'utf8'))

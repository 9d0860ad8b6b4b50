/** Settings of content that comes in: by `vidimus publish`, and with a new store. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const publishSettings = [
  {
    variable: 'VIDIMUS_TOKEN',
    kind: 'text',
    secret: true,
    description:
      'Bearer token with which `vidimus publish` writes to the server that it is given (docs/publishing.md). The server itself does not read it.',
  },
  {
    variable: 'PREPARED_STORE',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      '`off` begins an embedded store empty and loads the base content into it, also where `npm ci` has prepared a store that has it.',
  },
] as const satisfies readonly Setting[]

/** What the settings of a first start say. */
export interface StartConfig {
  /** Whether a new store is begun with the one that was prepared where the software is installed. */
  preparedStore: boolean
}

/** Reads them. */
export const readStartSettings = (texts: ReadonlyMap<string, string>): StartConfig => ({
  preparedStore: texts.get('PREPARED_STORE') === 'on',
})

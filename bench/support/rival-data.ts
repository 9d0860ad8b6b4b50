/**
 * `node bench/support/rival-data.ts <folder> [concepts]`: writes what the benchmark of terminology asks about as FHIR R4 JSON, a file for
 * each resource, for any server; with a number also a code system of so many concepts, flat and with its parents as properties.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { artefacts, systemOf, writeSystem } from './terminology-data.ts'

const [, , folder, concepts] = process.argv
if (folder === undefined) {
  console.error('node bench/support/rival-data.ts <folder> [concepts]')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
const size = concepts === undefined ? undefined : Number(concepts)
const resources = artefacts(size === undefined ? [] : [size])
for (const resource of resources)
  writeFileSync(join(folder, `${resource.resourceType}-${resource.id}.json`), JSON.stringify(resource))
if (size !== undefined) {
  const [head = '', ...lines] = readFileSync(writeSystem(folder, size), 'utf8').trimEnd().split('\n')
  const concept = lines.map((line) => {
    const { parents, property = [], ...rest } = JSON.parse(line) as { parents: string[]; property?: object[] }
    const up = parents.map((valueCode) => ({ code: 'parent', valueCode }))
    return { ...rest, ...(up.length + property.length > 0 && { property: [...property, ...up] }) }
  })
  const { property, ...rest } = JSON.parse(head) as { property: object[] }
  const parent = { code: 'parent', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' }
  const system = { ...rest, id: `cs-${size}`, property: [...property, parent], concept }
  writeFileSync(join(folder, `CodeSystem-cs-${size}.json`), JSON.stringify(system))
}
console.log(`${folder}: ${resources.length} resources${size === undefined ? '' : `, and ${systemOf(size)}`}`)

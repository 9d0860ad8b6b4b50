import type { StructureDefinition } from '../../src/fhir/types.ts'
import { canonical, published } from './metadata.ts'
import { certificateModels, coreDataSetModels, type Model } from './model-tables.ts'

const date = '2026-11-25'
type Element = StructureDefinition['differential'] extends infer D | undefined
  ? D extends { element: (infer E)[] }
    ? E
    : never
  : never

/**
 * One element a line: `path min..max type short`, path relative to the root, deeper levels with dots; a type that
 * starts with `http` is another logical model, `→` before the short text gives a bound value set.
 */
function element(root: string, line: string): Element {
  const found = /^(\S+) (\d+)\.\.(\S+) (\S+) (.*)$/.exec(line)
  if (!found) throw new Error(`not an element: ${line}`)
  const [, path = '', min = '', max = '', type = '', rest = ''] = found
  const bound = /^(.*?) → (\S+)$/.exec(rest)
  const short = bound?.[1] ?? rest
  return {
    id: `${root}.${path}`,
    path: `${root}.${path}`,
    short,
    definition: short,
    min: Number(min),
    max,
    type: [{ code: type }],
    ...(bound?.[2] ? { binding: { strength: 'preferred', valueSet: bound[2] } } : {}),
  }
}

function logicalModel({ id, type, title, description, base, elements }: Model): StructureDefinition {
  const root = type.slice(type.lastIndexOf('/') + 1)
  const lines = elements
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return {
    resourceType: 'StructureDefinition',
    id,
    url: canonical('StructureDefinition', id),
    ...published(date),
    name: id,
    title,
    description,
    fhirVersion: '4.0.1',
    kind: 'logical',
    abstract: false,
    type,
    baseDefinition: base ?? 'http://hl7.org/fhir/StructureDefinition/Element',
    derivation: 'specialization',
    differential: {
      element: [
        { id: root, path: root, short: title, definition: description, min: 0, max: '*' },
        ...lines.map((line) => element(root, line)),
      ],
    },
  }
}

/** Every logical model of the folder `igs/`. */
export const logicalModels: StructureDefinition[] = [...coreDataSetModels, ...certificateModels].map(logicalModel)

import { readdirSync } from 'node:fs'
import type { StructureDefinition } from '../../src/fhir/types.ts'
import { absolute, canonical, projectFile, published, readData } from './metadata.ts'

const folder = 'igs/models'

type Element = NonNullable<StructureDefinition['differential']>['element'][number]

/**
 * One element a line: `path min..max type short`, path relative to the root, deeper levels with dots; `→` behind the short text gives a
 * bound value set.
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
    ...(bound?.[2] ? { binding: { strength: 'preferred', valueSet: absolute(bound[2]) } } : {}),
  }
}

const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '')

/** `include dcc below -260.1`: the elements of another file, at a path of their own. */
function included(line: string): string[] {
  const [, name, path] = /^include (\S+)(?: below (\S+))?$/.exec(line) ?? []
  if (name === undefined) return [line]
  const lines = linesOf(projectFile(`${folder}/${name}.elements`))
  return path === undefined ? lines : lines.map((each) => `${path}.${each}`)
}

/** A model file: `member: value` lines, an empty line, element lines. */
function logicalModel(id: string): StructureDefinition {
  const [head = '', ...body] = projectFile(`${folder}/${id}.model`).split('\n\n')
  const members = new Map(
    linesOf(head).map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 2),
    ]),
  )
  const member = (name: string) => {
    const value = members.get(name)
    if (value === undefined) throw new Error(`${id}.model has no ${name}`)
    return value
  }
  const type = absolute(member('type'))
  const root = type.slice(type.lastIndexOf('/') + 1)
  const [title, description] = [member('title'), member('description')]
  return {
    resourceType: 'StructureDefinition',
    // WHO's models, whose names these have, may be stored beside them.
    id: `vidimus-${id}`,
    url: canonical('StructureDefinition', id),
    ...published,
    name: id,
    title,
    description,
    fhirVersion: '4.0.1',
    kind: 'logical',
    abstract: false,
    type,
    baseDefinition: absolute(members.get('base') ?? 'http://hl7.org/fhir/StructureDefinition/Element'),
    derivation: 'specialization',
    differential: {
      element: [
        { id: root, path: root, short: title, definition: description, min: 0, max: '*' },
        ...linesOf(body.join('\n'))
          .flatMap(included)
          .map((line) => element(root, line)),
      ],
    },
  }
}

/** A part of an extension. */
interface PartData {
  name: string
  description: string
  /** Least number; the most is one. */
  min: 0 | 1
  type: string
}

/** An extension of one value, or of parts, which may then stand there several times. */
interface ExtensionData {
  id: string
  name: string
  title: string
  description: string
  /** Where it may stand. */
  elements: string[]
  /** Type of its value. */
  type?: string
  parts?: PartData[]
}

const partElements = ({ name, description, min, type }: PartData): Element[] => {
  const id = `Extension.extension:${name}`
  const path = 'Extension.extension'
  return [
    { id, path, sliceName: name, short: description, definition: description, min, max: '1' },
    { id: `${id}.extension`, path: `${path}.extension`, max: '0' },
    { id: `${id}.url`, path: `${path}.url`, fixedUri: name },
    { id: `${id}.value[x]`, path: `${path}.value[x]`, min: 1, type: [{ code: type }] },
  ]
}

/** Extensions in it: none, or its parts, told apart by their urls. */
function inside(parts: PartData[]): Element[] {
  const whole = { id: 'Extension.extension', path: 'Extension.extension' }
  if (parts.length === 0) return [{ ...whole, max: '0' }]
  const slicing = { discriminator: [{ type: 'value' as const, path: 'url' }], rules: 'closed' as const }
  return [{ ...whole, slicing, min: parts.filter(({ min }) => min > 0).length }, ...parts.flatMap(partElements)]
}

function extension({ id, name, title, description, elements, type, parts = [] }: ExtensionData): StructureDefinition {
  const url = canonical('StructureDefinition', id)
  return {
    resourceType: 'StructureDefinition',
    id,
    url,
    ...published,
    name,
    title,
    description,
    fhirVersion: '4.0.1',
    kind: 'complex-type',
    abstract: false,
    context: elements.map((expression) => ({ type: 'element', expression })),
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    derivation: 'constraint',
    differential: {
      element: [
        {
          id: 'Extension',
          path: 'Extension',
          short: title,
          definition: description,
          min: 0,
          max: parts.length > 0 ? '*' : '1',
        },
        ...inside(parts),
        { id: 'Extension.url', path: 'Extension.url', fixedUri: url },
        {
          id: 'Extension.value[x]',
          path: 'Extension.value[x]',
          ...(type ? { min: 1, type: [{ code: type }] } : { max: '0' }),
        },
      ],
    },
  }
}

const names = (ending: string) =>
  readdirSync(new URL(`../../${folder}/`, import.meta.url))
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort()

/** Every StructureDefinition of the folder `igs/`: logical models, and the extensions that the maps write (the others are WHO's). */
export const structureDefinitions = (): StructureDefinition[] => [
  ...names('.model').map(logicalModel),
  ...names('.json').map((name) => extension(readData<ExtensionData>(`${folder}/${name}.json`))),
]

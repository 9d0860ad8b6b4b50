import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { OperationCall } from '../../src/fhir/operation.ts'
import type { Parameter, Resource, StructureMap } from '../../src/fhir/types.ts'
import type { OperationContext } from '../../src/operations/context.ts'
import { convert } from '../../src/operations/convert.ts'
import { transform } from '../../src/operations/transform.ts'
import { createMapJobs } from '../../src/structure-map/map-jobs.ts'
import { createMaps, parseMap } from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from '../support/map-cases.ts'
import { issuesOf, mapCall, withRules } from '../support/run-map.ts'

const FML = withRules('  src.id as v -> tgt.id = v "id";')
const URL = 'http://example.org/StructureMap/test'
const stored: StructureMap = { ...parseMap(FML).map, id: 'test', version: '1' }

const mapJobs = createMapJobs(memoryEnvironment([stored]), { processes: 1, idleSeconds: 30 })
after(() => mapJobs.close())

/** As much of the context as these operations use. */
const context = {
  maps: createMaps(memoryEnvironment([stored])),
  mapJobs,
  limits: { cpuMilliseconds: 10_000, replyBytes: 1e7 },
  admit: async (resources: Resource[]) => resources,
  // Of another view: everything is read anew.
  instances: {},
  storage: { read: async (_: string, id: string) => (id === 'test' ? { resource: stored } : undefined) },
  ...mapCall(),
  now: () => new Date('2026-01-01T00:00:00Z'),
} as unknown as OperationContext

const call = (parameter: Parameter[], more: Partial<OperationCall> = {}): OperationCall => ({
  level: 'type',
  resourceType: 'StructureMap',
  parameters: { resourceType: 'Parameters', parameter },
  headers: {},
  ...more,
})
const json = (value: unknown) => ({ contentType: 'application/json', bytes: Buffer.from(JSON.stringify(value)) })
const patient: Resource = { resourceType: 'Patient', id: 'a' }
const source: Parameter = { name: 'source', valueUri: URL }

test('$transform takes the instance as body, as content, and as Binary', async () => {
  const expected = { resource: patient }
  assert.deepEqual(await transform.handle(call([source], { body: json(patient) }), context), expected)
  assert.deepEqual(
    await transform.handle(call([{ name: 'source', valueString: `${URL}|1` }], { body: json({ id: 'a' }) }), context),
    expected,
  )
  assert.deepEqual(await transform.handle(call([source, { name: 'content', resource: patient }]), context), expected)
  const data = Buffer.from('{"id":"a"}').toString('base64')
  const binary: Resource = { resourceType: 'Binary', contentType: 'application/json', data }
  assert.deepEqual(await transform.handle(call([source, { name: 'content', resource: binary }]), context), expected)
})

test('$transform takes the map as canonical, as instance, or along with the call', async () => {
  const expected = { resource: patient }
  const content: Parameter = { name: 'content', resource: patient }
  assert.deepEqual(await transform.handle(call([content], { level: 'instance', id: 'test' }), context), expected)
  for (const name of ['sourceMap', 'map']) {
    assert.deepEqual(await transform.handle(call([{ name, resource: stored }, content]), context), expected)
  }
  const importing = parseMap(`map "http://example.org/StructureMap/importing" = importing
imports "http://example.org/StructureMap/along"
group main(source src : Patient, target tgt : Patient) {
  src then Along(src, tgt) "r";
}`).map
  const along = parseMap(`map "http://example.org/StructureMap/along" = along
group Along(source src, target tgt) {
  src.id as v -> tgt.id = v "id";
}`).map
  const parameters: Parameter[] = [
    { name: 'sourceMap', resource: importing },
    { name: 'supportingMap', resource: along },
    content,
  ]
  assert.deepEqual(await transform.handle(call(parameters), context), expected)
})

test('$transform takes one map at a time', async () => {
  const content: Parameter = { name: 'content', resource: patient }
  const brought: Parameter = { name: 'sourceMap', resource: stored }
  const instance = { level: 'instance' as const, id: 'test' }
  const twice: [given: Parameter[], more: Partial<OperationCall>][] = [
    [[brought], instance],
    [[source], instance],
    [[source, brought], {}],
    [[brought, { ...brought, name: 'map' }], {}],
    [[source, source], {}],
  ]
  for (const [given, more] of twice)
    await assert.rejects(async () => transform.handle(call([...given, content], more), context), /One map at a time/)
})

test('$transform says what is missing', async () => {
  const failure = async (given: OperationCall) =>
    (await issuesOf(() => transform.handle(given, context)))[0]?.details?.text
  assert.match((await failure(call([], { body: json({}) }))) ?? '', /Which map/)
  assert.match((await failure(call([source]))) ?? '', /no instance to transform/)
  assert.match(
    (await failure(call([{ name: 'source', valueUri: 'http://x' }], { body: json({}) }))) ?? '',
    /no StructureMap http:\/\/x/,
  )
  assert.match(
    (await failure(call([{ name: 'sourceMap', resource: patient }], { body: json({}) }))) ?? '',
    /takes a StructureMap/,
  )
  assert.match(
    (await failure(call([], { level: 'instance', id: 'other', body: json({}) }))) ?? '',
    /other is not known/,
  )
})

test('$transform runs a stored map here when that holds nobody up, else in a process', async () => {
  const fml = (name: string, rules: string) => ({
    ...parseMap(`${withRules(rules).replaceAll('StructureMap/test', `StructureMap/${name}`)}`).map,
    id: name,
  })
  const light = fml('light', '  src.name as n -> tgt.name = n "name";')
  const heavy = fml('heavy', '  src.name as n then { src.name as m first -> tgt.active = true "inner"; } "outer";')
  const environment = memoryEnvironment([light, heavy])
  const names = Array.from({ length: 300 }, (_, index) => ({ family: `Family-${index}-${'x'.repeat(100)}` }))
  const big = { resourceType: 'Patient', name: names }
  const bigger = { ...big, name: Array.from({ length: 20 }, () => names).flat() }
  for (const [map, instance, isHere] of [
    [light, big, true],
    [light, bigger, false],
    [heavy, big, false],
  ] as const) {
    const jobs = createMapJobs(environment, { processes: 1, idleSeconds: 30 })
    try {
      const own = { ...context, maps: createMaps(environment, { elapsed: () => 0 }), mapJobs: jobs }
      const { resource } = await transform.handle(
        call([{ name: 'source', valueUri: map.url }], { body: json(instance) }),
        own,
      )
      assert.deepEqual(resource, map === light ? instance : { resourceType: 'Patient', active: true })
      assert.equal(jobs.pids().length, isHere ? 0 : 1, map.url)
    } finally {
      await jobs.close()
    }
  }
})

test('$transform with debug traces rules and elements', async () => {
  const { resource } = await transform.handle(
    call([source, { name: 'debug', valueBoolean: true }], { body: json(patient) }),
    context,
  )
  const parameters = (resource as { parameter: Parameter[] }).parameter
  assert.deepEqual(parameters[0], { name: 'return', resource: patient })
  assert.deepEqual(
    parameters.slice(1).map((each) => each.part?.map((part) => part.valueCode ?? part.valueString)),
    [
      ['rule', `${URL}|1 main "id" (line 5, column 3), depth 1`],
      ['element', 'id: tgt.id'],
    ],
  )
})

test('$convert goes both ways, formats, and refuses what is not strict', async () => {
  const body = { contentType: 'text/fhir-mapping', bytes: Buffer.from(FML) }
  const made = await convert.handle(call([], { body }), context)
  assert.equal(made.resource?.resourceType, 'StructureMap')
  const back = await convert.handle(
    call([{ name: 'resource', resource: stored }], { accept: 'text/fhir-mapping' }),
    context,
  )
  assert.match(String(back.raw?.body), /^\/\/\/ url = 'http:\/\/example.org\/StructureMap\/test'\n/)
  const formatted = await convert.handle(call([], { body, accept: 'text/fhir-mapping' }), context)
  assert.match(String(formatted.raw?.body), /src\.id as v -> tgt\.id = v;/)
  const loose = { contentType: 'text/fhir-mapping', bytes: Buffer.from(FML.replace('= test', '= "test"')) }
  const issues = await issuesOf(() =>
    convert.handle(call([{ name: 'strict', valueBoolean: true }], { body: loose }), context),
  )
  assert.match(issues[0]?.diagnostics ?? '', /^line 1, column \d+: The name of a map takes no quotes/)
  assert.match(
    (await issuesOf(() => convert.handle(call([]), context)))[0]?.details?.text ?? '',
    /The body is a StructureMap/,
  )
  const group = { name: 'g', typeMode: 'none' as const, input: [], rule: [{ name: 'x', source: [] }] }
  const sourceless: Resource = { ...stored, group: [group] }
  const unprintable = call([{ name: 'resource', resource: sourceless }], { accept: 'text/fhir-mapping' })
  assert.match(
    (await issuesOf(() => convert.handle(unprintable, context)))[0]?.details?.text ?? '',
    /cannot be written in the mapping language/,
  )
})

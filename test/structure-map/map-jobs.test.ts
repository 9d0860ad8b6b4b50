import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { isJsonObject, stringifyJson } from '../../src/base/json.ts'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { parseJson } from '../../src/fhir/json.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { createMapJobs } from '../../src/structure-map/map-jobs.ts'
import { putTogether, takeApart } from '../../src/structure-map/map-pieces.ts'
import { createMaps, type MapEnvironment, parseMap, type TraceEvent } from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from '../support/map-cases.ts'
import { header, withRules } from '../support/run-map.ts'

const conceptMap: Resource = {
  resourceType: 'ConceptMap',
  url: 'http://example.org/ConceptMap/sex',
  status: 'active',
  group: [
    {
      source: 'http://example.org/sex',
      target: 'http://hl7.org/fhir/administrative-gender',
      element: [{ code: 'm', target: [{ code: 'male', equivalence: 'equal' }] }],
    },
  ],
}
const valueSet: Resource = {
  resourceType: 'ValueSet',
  url: 'http://example.org/ValueSet/sexes',
  status: 'active',
  compose: { include: [{ system: 'http://example.org/sex', concept: [{ code: 'm' }] }] },
}
const imported = parseMap(
  `${header('Patient', 'Patient', 'other')}group names(source src : Source, target tgt : Target) {
  src.name as n -> tgt.name = n "name";
}
`,
).map

/** What the processes asked of the server. */
const asked: string[] = []
const artefacts = memoryEnvironment([conceptMap, valueSet, imported])
const environment: MapEnvironment = {
  ...artefacts,
  async membership(url) {
    const isMember = await artefacts.membership(url)
    return (code, system) => {
      asked.push(`${url} ${code}`)
      return isMember(code, system)
    }
  },
}
const jobs = createMapJobs(environment, { processes: 1, idleSeconds: 30 })
after(() => jobs.close())

const now = '2026-01-02T03:04:05Z'
const call = { client: 'a', cpuSeconds: 10 }
const patient = '{"resourceType":"Patient","id":"a","birthDate":"1980-02-03","name":[{"family":"Ütopia"}],"gender":"m"}'

/** What a map makes of an instance in this process, and what it makes of it in another one. */
async function both(fml: string, instance: string) {
  const { map } = parseMap(fml)
  const here: TraceEvent[] = []
  const outcome = async (work: () => Promise<unknown>) => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof FhirError) return { status: error.status, issues: error.issues }
      throw error
    }
  }
  return [
    await outcome(async () => {
      const compiled = await createMaps(environment).compile(map)
      const trace = { event: (event: TraceEvent) => void here.push(event) }
      const result = compiled.run(parseJson(instance), { now: new Date(now), uuid: () => 'none', trace })
      return { result: stringifyJson(result), warnings: compiled.warnings, events: here }
    }),
    await outcome(() =>
      jobs.transform(
        {
          map: { json: stringifyJson(map) },
          supporting: [],
          content: { format: 'json', text: instance },
          now,
          debug: true,
          xml: false,
        },
        call,
      ),
    ),
  ]
}

describe('a map that is run in a process makes what it makes here', () => {
  const sameMaps: Record<string, [string, string, 'fails'?]> = {
    copies: [
      withRules('  src.id as v -> tgt.id = v "id";\n  src.birthDate as d -> tgt.birthDate = d "date";'),
      patient,
    ],
    'clock and FHIRPath': [
      withRules('  src -> tgt.issued = (now()) "now";', ['Observation', 'Observation']),
      '{"resourceType":"Observation"}',
    ],
    'concept maps of the server': [
      withRules(`  src.gender as g -> tgt.gender = translate(g, 'http://example.org/ConceptMap/sex', 'code') "sex";`),
      patient,
    ],
    'groups of stored maps': [
      withRules('  src -> tgt then names(src, tgt) "names";').replace(
        'group main',
        'imports "http://example.org/StructureMap/other"\ngroup main',
      ),
      patient,
    ],
    'decimals as they were written': [
      withRules('  src.value as v -> tgt.value = v "value";', ['Observation', 'Observation']),
      '{"resourceType":"Observation","valueQuantity":{"value":1.00}}',
    ],
    'an unknown group': [withRules('  src -> tgt then nowhere(src, tgt) "names";'), patient, 'fails'],
    'a check that fails': [withRules(`  src.id as v check v = 'b' -> tgt.id = v "id";`), patient, 'fails'],
    'a value set that is not there': [
      withRules(`  src.gender as g where memberOf('http://example.org/ValueSet/none') -> tgt.gender = g "sex";`),
      patient,
    ],
  }
  for (const [title, [fml, instance, fails]] of Object.entries(sameMaps)) {
    test(title, async () => {
      const [here, there] = await both(fml, instance)
      assert.deepEqual(there, here)
      assert.equal(typeof here === 'object' && here !== null && 'result' in here, !fails)
    })
  }
})

test('value sets of the server are asked once for a code, and their codes stay there', async () => {
  asked.length = 0
  const names = ['a', 'b', 'c'].map(
    (name) => `  src.gender as ${name} where memberOf('${valueSet.url}') -> tgt.gender = ${name} "${name}";`,
  )
  const answer = await jobs.transform(
    {
      map: { json: stringifyJson(parseMap(withRules(names.join('\n'))).map) },
      supporting: [],
      content: { format: 'json', text: patient },
      now,
      debug: false,
      xml: false,
    },
    call,
  )
  assert.deepEqual(JSON.parse(answer.result), { resourceType: 'Patient', gender: 'm' })
  assert.deepEqual(asked, [`${valueSet.url} m`])
})

test('a long map comes back in pieces as it was read, rules inside rules and decimals included', async () => {
  const rules = Array.from(
    { length: 400 },
    (_, i) => `  src.a as a${i} -> tgt.b as b${i} then {
    a${i}.c as c -> b${i}.d = 1.${i}0 "c${i}";
    a${i}.e as e -> b${i}.f as f then { e.g -> f.h; } "e${i}";
  } "r${i}";`,
  )
  const fml = withRules(rules.join('\n'))
  const expected = parseMap(fml).map
  assert.equal(stringifyJson(await putTogether(takeApart(expected))), stringifyJson(expected))
  assert.ok(takeApart(expected).rules.length > 5)
})

test('a map that puts its result into itself is told so: nobody could write it', async () => {
  for (const rule of [
    'src -> tgt.contained = tgt "r";',
    `src -> create('Bundle') as b then { src -> b.entry as e, e.resource = tgt "a"; src -> tgt.contained = b "b"; } "r";`,
  ])
    for (const outcome of await both(withRules(rule), patient)) {
      assert.ok(isJsonObject(outcome as Json), 'it is an outcome')
      const { status } = outcome as { status: number }
      assert.equal(status, 422)
      assert.match(stringifyJson(outcome as Json), /the result is put into itself/)
    }
  const [aside] = await both(
    withRules(`src -> create('Bundle') as b, b.entry as e, e.resource = tgt, tgt.active = true "r";`),
    patient,
  )
  assert.match(stringifyJson(aside as Json), /"active\\":true/)
})

/** Every element that the models of core data sets have reaches FHIR: what a map leaves behind, no rule can ask for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isJsonObject } from '../../src/base/json.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { checkResource } from '../../src/fhir/check/resource.ts'
import { ownMapping } from '../support/own-mapping.ts'
import { ofType } from './own-content.ts'

const base = 'http://vidimus.org/fhir'

/** Values that mean something, by path; every other element has a value of its own that nothing else has. */
const given: Record<string, Json> = {
  sex: 'other',
  'vaccination.status': 'not-done',
  'test.status': 'amended',
}

/** A value of a type that is found again: the text by which it is. */
function distinctValue(type: string, path: string, at: number): [value: Json, text: string] {
  const text = path.replaceAll('.', '-')
  const day = `20${String(10 + at).padStart(2, '0')}-01-02`
  switch (type) {
    case 'string':
      return [text, text]
    case 'date':
      return [day, day]
    case 'dateTime':
      return [`${day}T10:00:00Z`, `${day}T10:00:00Z`]
    case 'positiveInt':
      return [1000 + at, String(1000 + at)]
    case 'Coding':
      return [{ system: `http://example.org/${text}`, code: text }, text]
    case 'Identifier':
      return [{ value: text }, text]
    case 'Reference':
      return [{ display: text }, text]
    case 'Signature':
      return [{ type: [{ code: text }], when: `${day}T10:00:00Z`, who: { display: 'A' } }, text]
    default:
      throw new Error(`${path} is of type ${type}, of which this test knows no value`)
  }
}

/** An instance of a model with every element, and what of it is to be found. */
function whole(model: string): { data: JsonObject; texts: Map<string, string> } {
  const definition = ofType('StructureDefinition').find(({ url }) => url === `${base}/StructureDefinition/${model}`)
  const [root, ...elements] = definition?.differential?.element ?? []
  assert.ok(root && elements.length > 10)
  const data: JsonObject = { resourceType: model }
  const texts = new Map<string, string>()
  for (const [at, { path, type }] of elements.entries()) {
    const steps = path.split('.').slice(1)
    const name = steps.join('.')
    const code = type?.[0]?.code ?? ''
    const last = steps.pop() ?? ''
    let holder = data
    for (const step of steps) {
      const next = holder[step]
      assert.ok(isJsonObject(next), `nothing holds ${name}`)
      holder = next
    }
    if (code === 'BackboneElement' || code === 'Period') {
      holder[last] = {}
      continue
    }
    const own = given[name]
    const [value, text] = own === undefined ? distinctValue(code, name, at) : [own, String(own)]
    holder[last] = value
    texts.set(name, text)
  }
  return { data, texts }
}

/** The dose in words stands in where there is no number. */
const alternatives: Record<string, string[]> = {
  'vaccination.doseText': ['vaccination.dose'],
  'certificate.period.start': ['certificate.issued'],
}

async function toBundle(data: JsonObject): Promise<string> {
  const mapping = ownMapping()
  const map = await mapping.compile(`${base}/StructureMap/CoreDataSetToBundle`)
  const bundle = map.run(data, { now: mapping.now, uuid: mapping.uuid, tolerant: true })
  const faults = checkResource(bundle).filter(({ severity }) => severity === 'error')
  assert.deepEqual(faults, [])
  return JSON.stringify(bundle)
}

for (const model of ['DDCCCoreDataSetVS', 'DDCCCoreDataSetTR', 'DDCCCoreDataSetRecovery'])
  describe(model, () => {
    const { data, texts } = whole(model)
    for (const [path, text] of texts)
      it(`${path} reaches FHIR`, async () => {
        const rest = structuredClone(data)
        for (const other of alternatives[path] ?? []) {
          const [first = '', second = ''] = other.split('.')
          const holder = rest[first]
          if (isJsonObject(holder)) delete holder[second]
        }
        assert.ok((await toBundle(rest)).includes(text), `${path}: ${text} is nowhere`)
      })
  })
